/** The requester asks what became of its request, and may wait for the answer. */
import type { RequestRecord } from '../../domain/records/request.ts';
import { parseRequestId } from '../../domain/records/request-id.ts';
import { createRefuseLostCredential } from '../authenticate-caller.ts';
import type { Caller } from '../caller.ts';
import type { ViewDeps } from '../inventory/view-certificate.ts';
import { noSuch } from '../no-such.ts';
import type { Services } from '../services.ts';
import { answerOf } from './request-answer.ts';
import type { RequestNews, RequestWatch } from './request-news.ts';

export interface CollectDeps extends ViewDeps {
  readonly requestNews: RequestNews;
}

export const createCollectRequest = (deps: CollectDeps): Services['collectRequest'] => {
  const refuseLostCredential = createRefuseLostCredential(deps);
  return async (caller, text, { seconds, signal }) => {
    const id = parseRequestId(text);
    if (id === undefined) throw noSuch('request', text);
    // Watched before it is read: whatever happens from now on wakes the wait.
    const watch = seconds > 0 && !signal?.aborted ? deps.requestNews.watch(id, credentialOf(caller)) : undefined;
    const stopWaiting = (): void => watch?.end();
    signal?.addEventListener('abort', stopWaiting, { once: true });
    try {
      watch?.endAfter(seconds * 1000);
      return await answerOf(
        deps,
        await untilItEnds(
          watch,
          () => find(deps, caller, id),
          () => refuseLostCredential(caller),
        ),
      );
    } finally {
      signal?.removeEventListener('abort', stopWaiting);
      watch?.end();
    }
  };
};

/** How it ended is told to who lost the credential meanwhile, as one whose product was removed; nobody waits on with a lost one. */
async function untilItEnds(
  watch: RequestWatch | undefined,
  read: () => Promise<RequestRecord>,
  refuseLost: () => Promise<void>,
): Promise<RequestRecord> {
  let record = await read();
  while (record.endedAt === null && watch) {
    await refuseLost();
    if (!(await watch.changed())) break;
    record = await read();
  }
  return record;
}

const credentialOf = (caller: Caller): string => (caller.kind === 'token' ? `token:${caller.tokenId}` : caller.serial);

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
