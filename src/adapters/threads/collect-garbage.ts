/** A whole collection of the calling thread's heap, which V8 does not offer to programs, and the pages given back. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What it returns takes some 20 to 50 ms. */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  // The compile cache depends on V8's flags: with the usual ones again, other processes find what is compiled from now on.
  setFlagsFromString('--no-expose-gc');
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
