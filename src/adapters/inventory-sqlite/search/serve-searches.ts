/** The search thread's half: answers what comes through its port until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import type { RecordRenderers } from '../../../ports/inventory-questions.ts';
import { garbageCollector } from '../../threads/collect-garbage.ts';
import { standBehind } from '../../threads/stand-behind.ts';
import type { ConnectionOptions } from '../connection.ts';
import { handedOver, openAnswers } from './answer-searches.ts';
import type { SearchRequest } from './search-messages.ts';

/** Each page of an export leaves something behind, of which V8 lets 10 MB gather; to collect that takes 11 ms. */
const octetsUntilCollected = 128 * 1024 * 1024;

export function serveSearches(renderers: RecordRenderers): void {
  standBehind();
  const port = parentPort!;
  const answers = openAnswers(workerData as ConnectionOptions, renderers);
  const collectGarbage = garbageCollector();
  let octets = 0;

  const answer = async (request: SearchRequest): Promise<void> => {
    const told = await answers.answer(request);
    const handed = handedOver(told);
    for (const { byteLength } of handed) octets += byteLength;
    port.postMessage(told, handed);
    if (octets < octetsUntilCollected) return;
    octets = 0;
    collectGarbage();
  };

  port.on('message', (request: SearchRequest | 'close') => {
    if (request === 'close') void answers.close().then(() => port.close());
    else void answer(request);
  });
}
