/** Keeps an idle service small: V8 is in no hurry to collect what only a start needed, nor to return the pages that held it. */
import { garbageCollector } from './collect-garbage.ts';

/** By then those who waited for the service have their first answers. */
const settledMs = 3000;

/** For each thread that stays: in a while, in one pause of some 50 ms; 5 MB of the main thread, 3 MB of the writer. */
export function giveStartBack(): void {
  setTimeout(() => garbageCollector()(), settledMs).unref();
}
