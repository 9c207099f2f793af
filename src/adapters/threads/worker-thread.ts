/** Starts the worker threads of adapters, small: they share the process with everything else. */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Threads hold no state between messages, and the database's cache lies outside this heap. */
const resourceLimits = { maxOldGenerationSizeMb: 64, stackSizeMb: 1 };

/** `entry` is the thread's first module; `youngMb` how large its heap of new objects may grow. */
export function startWorkerThread(entry: URL, workerData: unknown, youngMb = 8): Worker {
  const limits = { ...resourceLimits, maxYoungGenerationSizeMb: youngMb };
  return new Worker(entry, { workerData, resourceLimits: limits, execArgv: [], env: environment() });
}

/** Resolves when the thread has ended, by itself or not: `events.once` would reject if it ended of an error. */
export const ended = (worker: Worker): Promise<void> => new Promise((resolve) => worker.once('exit', () => resolve()));

/**
 * Nothing of this process's environment, which may hold the passphrase, but where the compile cache is: a thread that
 * finds its modules there does not load Node's type stripper, which takes 30 MB.
 */
function environment(): Record<string, string> {
  const directory = getCompileCacheDir();
  // Node appends a folder named after its version to the one it is given.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) };
}
