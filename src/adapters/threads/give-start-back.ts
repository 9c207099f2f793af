/** Keeps an idle service small: V8 is in no hurry to collect what only a start needed, nor to return the pages that held it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** By then those who waited for the service have their first answers. */
const settledMs = 3000;

/** For each thread that stays: in a while, in one pause of some 50 ms; 5 MB of the main thread, 3 MB of the writer. */
export function giveStartBack(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as NodeJS.GCFunction;
    // Kept code is good for the settings it was compiled with: what is loaded from now on is found by every process.
    setFlagsFromString('--no-expose-gc');
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, settledMs).unref();
}
