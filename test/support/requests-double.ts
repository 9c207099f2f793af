/** The services of requests that wait for approval, answering well for one pending request. */
import type { Services } from '../../src/services/services.ts';
import { requestRecord } from './request-builders.ts';

export const waiting = requestRecord({ product: 'dev/demo', approvalsNeeded: 2 });

export const requestsDouble: Pick<
  Services,
  'collectRequest' | 'listRequests' | 'readRequest' | 'approveRequest' | 'denyRequest'
> = {
  collectRequest: async () => ({ kind: 'request', request: waiting }),
  listRequests: async () => ({ items: [{ ...waiting, obstacles: [] }], nextCursor: null }),
  readRequest: async () => ({ record: waiting, tokenCreatedBy: 'operator:admin', proposal: null, obstacles: [] }),
  approveRequest: async () => ({ kind: 'request', request: waiting }),
  denyRequest: async () => requestRecord({ ...waiting, status: 'denied', endedAt: waiting.requestedAt + 1 }),
};
