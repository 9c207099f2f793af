/** The writer thread as the main thread sees it: started, fed with batches, heard, stopped. */
import type { Worker } from 'node:worker_threads';
import { StartError } from '../../../domain/errors.ts';
import { ended, startWorkerThread } from '../../threads/worker-thread.ts';
import type { ConnectionOptions } from '../connection.ts';
import type { StartWriter } from './writer.ts';
import type { FromWriter, ToWriter, WriterData } from './writer-messages.ts';

/** Starts threads on this database. */
export function writerThreads(options: ConnectionOptions): StartWriter {
  return async (events, lastBegun) => {
    const shared = new SharedArrayBuffer(4);
    const begun = new Int32Array(shared);
    begun[0] = lastBegun;
    const data: WriterData = { ...options, lastBegun: shared };
    const worker = startWorkerThread(new URL('./writer-worker.ts', import.meta.url), data);
    let stopping = false;
    let cause: unknown;
    await opened(worker);
    worker.on('message', (message: FromWriter) => {
      if (message.kind === 'settled') events.settled(message.batches);
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      if (!stopping) events.lost(Atomics.load(begun, 0), cause);
    });
    const post = (message: ToWriter): void => worker.postMessage(message);
    return {
      post,
      async stop() {
        stopping = true;
        const end = ended(worker);
        post('close');
        await end;
      },
    };
  };
}

/** Waits for the first word of the thread; it ends by itself after `unopened`. */
function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const exited = (): void => reject(new Error('the writer thread ended before it was ready'));
    worker.once('error', reject);
    worker.once('exit', exited);
    worker.once('message', (message: FromWriter) => {
      worker.off('error', reject).off('exit', exited);
      if (message.kind !== 'unopened') resolve();
      else reject(message.code ? new StartError(message.code, message.message) : new Error(message.message));
    });
  });
}
