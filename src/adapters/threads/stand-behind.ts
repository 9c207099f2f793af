/** Lets the event loop, for which everybody waits, go first where threads want more processors than there are. */
import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** Nice values: of a processor that both want, the event loop gets about seven tenths. */
const steps = 4;

/** The calling thread's own priority falls behind its process's. Linux alone has priorities of threads; elsewhere nothing changes. */
export function standBehind(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, Math.min(getPriority(thread) + steps, constants.priority.PRIORITY_LOW));
  } catch {
    // Without /proc, or where a sandbox forbids it, threads are equals, as everywhere else.
  }
}
