/** How V8's heap of a service grows: hardly while it starts, in long steps under load. */
import { setFlagsFromString } from 'node:v8';

/** The garbage of a start would make V8 keep a young generation of 16 MiB for good: 14 MB less for an idle service. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * From here on the young generation grows as usual, when there is load, and what is old may grow to 2.5 times what lives
 * before it is collected. V8 would do so after a tenth, every two seconds of a crowd, and each time everybody in it waits
 * for 20 ms.
 */
export function letHeapGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=150');
}
