/** The requester asks what became of its request, and may wait for the answer. */
import type { RequestRecord } from '../../domain/records/request.ts';
import { parseRequestId } from '../../domain/records/request-id.ts';
import type { Caller } from '../caller.ts';
import type { ViewDeps } from '../inventory/view-certificate.ts';
import { noSuch } from '../no-such.ts';
import type { Services } from '../services.ts';
import { answerOf } from './request-answer.ts';
import type { RequestNews, RequestWatch } from './request-news.ts';

export interface CollectDeps extends ViewDeps {
  readonly requestNews: RequestNews;
}

export const createCollectRequest =
  (deps: CollectDeps): Services['collectRequest'] =>
  async (caller, text, { seconds, signal }) => {
    const id = parseRequestId(text);
    if (id === undefined) throw noSuch('request', text);
    // Watched before it is read: whatever happens from now on wakes the wait.
    const watch = seconds > 0 && !signal?.aborted ? deps.requestNews.watch(id) : undefined;
    const stopWaiting = (): void => watch?.end();
    signal?.addEventListener('abort', stopWaiting, { once: true });
    try {
      watch?.endAfter(seconds * 1000);
      return await answerOf(deps, await untilItEnds(() => find(deps, caller, id), watch));
    } finally {
      signal?.removeEventListener('abort', stopWaiting);
      watch?.end();
    }
  };

async function untilItEnds(
  read: () => Promise<RequestRecord>,
  watch: RequestWatch | undefined,
): Promise<RequestRecord> {
  let record = await read();
  while (record.endedAt === null && (await watch?.changed())) record = await read();
  return record;
}

/** A token sees what it asked for itself, a product over mTLS all of its own. */
async function find(deps: CollectDeps, caller: Caller, id: string): Promise<RequestRecord> {
  const record = await deps.inventory.request(id);
  const isTheirs =
    record !== undefined &&
    (caller.kind === 'token'
      ? record.tokenId === caller.tokenId
      : caller.kind === 'product' && record.product === caller.product);
  if (!isTheirs) throw noSuch('request', id);
  return record;
}
