/** Valid REST answers about requests that wait for approval, with one override, for tests of what reads them. */
import type { ListedRequestJson, PendingRequestJson, RequestJson, RequestSummary } from '../../src/api/request.ts';

export const requestId = '019aa5c2-5d80-7c3e-9d2b-5f0e6a1c8b47';

const settled = {
  id: requestId,
  status: 'pending' as const,
  product: 'dev/demo',
  profile: { name: 'guarded', version: 2 },
  names: ['demo.dev.internal'],
  key: { type: 'ec-p256', sha256: 'ab'.repeat(32) },
  requestedAt: '2026-11-21T06:00:00.000Z',
  expiresAt: '2026-11-28T06:00:00.000Z',
};

export const makePending = (override: Partial<PendingRequestJson> = {}): PendingRequestJson => ({
  ...settled,
  approvals: { needed: 2, given: 1 },
  links: { self: `/v1/requests/${requestId}` },
  ...override,
});

export const makeRequestSummary = (override: Partial<RequestSummary> = {}): RequestSummary => ({
  ...settled,
  environment: 'dev',
  productVersion: 3,
  lifetimeSeconds: null,
  predecessor: null,
  requestedBy: 'token:0123456789abcdef',
  endedAt: null,
  certificate: null,
  approvalsNeeded: 2,
  verdicts: [],
  ...override,
});

export const makeListedRequest = (override: Partial<ListedRequestJson> = {}): ListedRequestJson => ({
  ...makeRequestSummary(),
  obstacles: [],
  ...override,
});

export const makeRequestJson = (override: Partial<RequestJson> = {}): RequestJson => ({
  ...makeRequestSummary(),
  tokenCreatedBy: 'operator:bob',
  obstacles: [],
  proposal: {
    authority: 'dev-issuing',
    subject: 'CN=demo.dev.internal',
    names: ['demo.dev.internal'],
    key: { type: 'ec-p256', sha256: 'ab'.repeat(32) },
    notBefore: '2026-11-21T06:59:00Z',
    notAfter: '2026-12-21T07:00:00Z',
    lifetimeSeconds: 30 * 86_400,
    extensions: [
      { oid: '2.5.29.19', name: 'basicConstraints', critical: true, values: ['CA:FALSE'] },
      { oid: '2.5.29.17', name: 'subjectAltName', critical: false, values: ['dns:demo.dev.internal'] },
    ],
    lint: { rules: 27, broken: [] },
    comparison: {
      serial: '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
      notAfter: '2026-12-01T07:00:00Z',
      namesAdded: ['demo.dev.internal'],
      namesRemoved: ['old.dev.internal'],
      subjectChanged: false,
      profileChanged: false,
      keyChanged: true,
      keyTypeChanged: false,
      lifetimeSecondsAdded: -86_400,
    },
  },
  ...override,
});
