/** How V8's heap of a service grows under load: in long steps. While it starts it hardly does, which bin/privyseal.js sees to. */
import { setFlagsFromString } from 'node:v8';

/**
 * From here on the young generation grows as usual, when there is load, and what is old may grow to 2.5 times what lives
 * before it is collected. V8 would do so after a tenth, every two seconds of a crowd, and each time everybody in it waits
 * for 20 ms.
 */
export function letHeapGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--heap-growing-percent=150');
}
