/** The search thread's half: answers what comes through its port until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import type { RecordRenderers } from '../../../ports/inventory-questions.ts';
import { standBehind } from '../../threads/stand-behind.ts';
import type { ConnectionOptions } from '../connection.ts';
import { handedOver, openAnswers } from './answer-searches.ts';
import type { SearchRequest } from './search-messages.ts';

export function serveSearches(renderers: RecordRenderers): void {
  standBehind();
  const port = parentPort!;
  const answers = openAnswers(workerData as ConnectionOptions, renderers);
  port.on('message', (request: SearchRequest | 'close') => {
    if (request === 'close') void answers.close().then(() => port.close());
    else void answers.answer(request).then((told) => port.postMessage(told, handedOver(told)));
  });
}
