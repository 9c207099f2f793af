/** Keeps the daemon small: what OpenSSL holds for a connection hangs on an object so little that V8 is in no hurry to collect it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Some 10 ms; after a turn that opened connections of its own, which is rare. */
export function giveMemoryBack(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
