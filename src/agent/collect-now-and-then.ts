/** Keeps a process small that mostly waits: V8 is in no hurry to collect where little is made, and keeps the pages. */
import { getHeapStatistics } from 'node:v8';

const lookMs = 10_000;
/** Octets made since the last time that are worth a pause. */
const worthwhile = 1_000_000;

/** For as long as the process lives, which it does not keep alive. */
export function collectNowAndThen(collect: () => void): void {
  let kept = 0;
  setInterval(() => {
    if (getHeapStatistics().used_heap_size < kept + worthwhile) return;
    collect();
    kept = getHeapStatistics().used_heap_size;
  }, lookMs).unref();
}
