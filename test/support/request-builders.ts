/** Requests that wait for approval, as the inventory takes them: a default for everything, overrides for what a test is about. */
import type { RequestDetails, RequestRecord } from '../../src/domain/records/request.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { Judging, RequestSubmission } from '../../src/ports/request-store.ts';
import {
  auditEntry,
  daySeconds,
  frozenNow,
  operator,
  randomHex,
  recordProduct,
  storedProfile,
} from './inventory-builders.ts';

let count = 0;

/** In the order in which they are made, as the ids of a service are. */
const requestId = (): string => {
  count += 1;
  return `019b7d1a-6400-7000-8000-${count.toString(16).padStart(12, '0')}`;
};

export const requestDetails = (overrides: Partial<RequestDetails> = {}): RequestDetails => ({
  id: requestId(),
  environment: 'dev',
  product: 'dev/product-a',
  productVersion: 1,
  profile: 'server',
  profileVersion: 1,
  names: ['b.dev.internal', 'a.dev.internal'],
  keyType: 'ec-p256',
  keySha256: randomHex(32),
  lifetimeSeconds: null,
  approvalsNeeded: 1,
  requestedBy: 'token:abcdefghijklmnop',
  tokenId: null,
  shownSerial: null,
  predecessor: null,
  requestedAt: frozenNow,
  expiresAt: frozenNow + 7 * daySeconds * 1000,
  ...overrides,
});

export const requestRecord = (overrides: Partial<RequestRecord> = {}): RequestRecord => ({
  ...requestDetails(),
  status: 'pending',
  verdicts: [],
  serial: null,
  endedAt: null,
  ...overrides,
});

export const submission = (
  overrides: Partial<RequestDetails> = {},
  rest: Partial<Pick<RequestSubmission, 'idempotency' | 'mostOpen' | 'csrDer'>> = {},
): RequestSubmission => ({
  request: requestDetails(overrides),
  csrDer: new Uint8Array([0x30, 0x00]),
  mostOpen: 100,
  audit: auditEntry({ kind: 'request.submitted' }),
  ...rest,
});

export const judging = (id: string, operator = 'alice', overrides: Partial<Judging> = {}): Judging => ({
  id,
  operator,
  comment: `by ${operator}`,
  at: frozenNow + 10,
  audit: auditEntry({ kind: 'request.approved', actor: `operator:${operator}`, object: `request:${id}` }),
  ...overrides,
});

/** Product and profile that requests rest on, and then the request. */
export async function recordRequest(
  inventory: Inventory,
  overrides: Partial<RequestDetails> = {},
): Promise<RequestDetails> {
  if (!(await inventory.product('dev/product-a'))) await recordGrounds(inventory);
  const submitted = submission(overrides);
  const outcome = await inventory.recordRequest(submitted);
  if (outcome.kind !== 'recorded') throw new Error(`the request was not recorded: ${outcome.kind}`);
  return submitted.request;
}

/** The product, its environment and its profile, each at version 1, and who may approve. */
export async function recordGrounds(inventory: Inventory): Promise<void> {
  await recordProduct(inventory);
  await recordOperators(inventory, ['alice', 'bob', 'carol', 'dave']);
  await inventory.createProfile(storedProfile({ approvals: 1 }), auditEntry({ kind: 'profile.created' }));
}

/** With the role `operator`. */
export async function recordOperators(inventory: Inventory, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const audit = auditEntry({ kind: 'operator.created', object: `operator:${name}` });
    await inventory.createOperator(operator({ name, role: 'operator' }), audit);
  }
}
