/** The search thread as the main thread sees it: started, asked, heard, ended. */
import { ended, startWorkerThread } from '../../threads/worker-thread.ts';
import type { ConnectionOptions } from '../connection.ts';
import { memoryAmong, type StartSearcher } from './searcher.ts';

/** Rows are garbage as soon as they are text: more room would only fill with them, and make nothing faster. */
const youngMb = 2;

/** Starts threads on this database. `entry` is their first module; it calls `serveSearches`. */
export function searchThreads(options: ConnectionOptions, entry: URL): StartSearcher {
  return (events) => {
    const worker = startWorkerThread(entry, options, youngMb);
    let cause: unknown;
    worker.on('message', events.answered);
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => events.ended(cause));
    return {
      ask: (request) => worker.postMessage(request, memoryAmong(request.args)),
      async end() {
        const end = ended(worker);
        worker.postMessage('close');
        await end;
      },
      async terminate() {
        await worker.terminate();
      },
    };
  };
}
