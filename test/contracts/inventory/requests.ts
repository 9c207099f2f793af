/** Contract of the inventory: requests that wait for approval, who may say what of them, and their one end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RevocationReason } from '../../../src/domain/policy/revocation-reason.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import {
  auditEntry,
  closing,
  daySeconds,
  enrolmentToken,
  environment,
  frozenNow,
  issuanceIntent,
  issued,
  operator,
  product,
  randomHex,
  recordCertificate,
  serialAt,
  storedProfile,
} from '../../support/inventory-builders.ts';
import { codeOf } from '../../support/rejection.ts';
import { judging, recordGrounds, recordRequest, requestDetails, submission } from '../../support/request-builders.ts';
import { tries } from '../../support/tries.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const now = frozenNow / 1000;
const revocation = { at: now, reason: 'privilegeWithdrawn' } as const;
const audit = auditEntry({ kind: 'operator.removed', actor: 'operator:carol' });
const expiring = (id: string, at: number) => ({ id, at, audit: auditEntry({ kind: 'request.expired' }) });
const kindsOf = async (inventory: Inventory) => (await inventory.auditEvents(0, 1000)).map(({ kind }) => kind);

const notApproved = { kind: 'requestNotApproved' };
const withdrawals = async (inventory: Inventory) =>
  (await inventory.auditEvents(0, 1000)).filter(({ kind }) => kind === 'request.approvalWithdrawn');

/** Of a certificate of alice. */
const revoking = (reason: RevocationReason) => async (inventory: Inventory) => {
  const { serial } = await recordCertificate(inventory, { purpose: 'operator', owner: 'alice' });
  await inventory.revokeCertificate({ serial, revocation: { at: now, reason }, audit });
};

const recovering = async (inventory: Inventory) => {
  const holder = { kind: 'recovered', operator: operator({ name: 'alice' }), audit } as const;
  const intent = { ...issuanceIntent({ purpose: 'operator', environment: null, owner: 'alice' }), holder };
  await inventory.recordIntent(intent);
  await inventory.recordIssued({ ...issued(intent.certificate.serial), holder });
};

/** What may befall alice, so that her word counts no more. */
const distrusting: readonly (readonly [string, (inventory: Inventory) => Promise<unknown>])[] = [
  ['is removed', (inventory) => inventory.removeOperator({ name: 'alice', revocation, audit })],
  ['becomes an auditor', (inventory) => inventory.setOperatorRole({ name: 'alice', role: 'auditor', now, audit })],
  ['loses a key', revoking('keyCompromise')],
  ['has a certificate put on hold', revoking('certificateHold')],
  ['loses a certificate for no reason that is told', revoking('unspecified')],
];

export function requestContract(makeStore: () => Promise<InventoryStore>): void {
  describe('a submitted request', () => submitting(makeStore));
  describe('an approval', () => approving(makeStore));
  describe('an approved request', () => issuing(makeStore));
  describe('the end of a request', () => ending(makeStore));
}

function submitting(makeStore: () => Promise<InventoryStore>): void {
  const opened = openedInventory(makeStore);

  it('is read back as it was given, with its CSR, also after a restart', async () => {
    const csrDer = new Uint8Array(4096).fill(7).subarray(10, 20);
    const details = requestDetails({ lifetimeSeconds: 3600, shownSerial: serialAt(), names: ['a.dev', '10.0.0.1'] });
    expect(await opened.inventory.recordRequest({ ...submission(), request: details, csrDer })).toEqual({
      kind: 'recorded',
    });
    const inventory = await opened.reopen();
    const open = { ...details, status: 'pending', verdicts: [], serial: null, endedAt: null };
    expect(await inventory.request(details.id)).toEqual(open);
    expect(new Uint8Array((await inventory.requestCsr(details.id))!)).toEqual(new Uint8Array(csrDer));
    expect(await inventory.request('none')).toBeUndefined();
    expect(await inventory.requestCsr('none')).toBeUndefined();
    expect(await kindsOf(inventory)).toEqual(['request.submitted']);
  });

  it('is listed newest first, in pages, by status and product', async () => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    const [first, second, third] = [
      await recordRequest(inventory),
      await recordRequest(inventory, { product: 'dev/product-b' }),
      await recordRequest(inventory),
    ].map(({ id }) => id);
    await inventory.denyRequest(judging(first!));
    const listed = async (query: object) => (await inventory.requests({ limit: 10, ...query })).map(({ id }) => id);
    expect(await listed({})).toEqual([third, second, first]);
    expect(await listed({ limit: 1, before: third })).toEqual([second]);
    expect(await listed({ product: 'dev/product-a' })).toEqual([third, first]);
    expect(await listed({ status: 'pending' })).toEqual([third, second]);
    expect(await listed({ status: 'denied', product: 'dev/product-a' })).toEqual([first]);
    expect(await listed({ status: 'denied', product: 'dev/product-b' })).toEqual([]);
  });

  it('takes a use of its token, and 100 of them at once take one (bad input 36)', async () => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    const token = enrolmentToken({ usesLeft: 1 });
    await inventory.createToken(token, auditEntry());
    const tries = Array.from({ length: 100 }, () => inventory.recordRequest(submission({ tokenId: token.id })));
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'recorded')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'tokenUsedUp')).toHaveLength(99);
    expect((await inventory.token(token.id))?.usesLeft).toBe(0);
    const late = submission({ tokenId: token.id, requestedAt: token.expiresAt });
    expect(await inventory.recordRequest(late)).toEqual({ kind: 'tokenExpired' });
  });

  it('is the answer to its Idempotency-Key, also where a certificate would be issued now', async () => {
    const { inventory } = opened;
    const idempotency = { scope: 'token:demo', key: 'k', bodySha256: randomHex(32) };
    const first = submission({}, { idempotency });
    await inventory.recordRequest(first);
    const replay = { kind: 'replayRequest', request: first.request.id };
    expect(await inventory.recordRequest(submission({}, { idempotency }))).toEqual(replay);
    expect(await inventory.recordIntent(issuanceIntent({}, { idempotency }))).toEqual(replay);
    const other = { ...idempotency, bodySha256: randomHex(32) };
    expect(await inventory.recordRequest(submission({}, { idempotency: other }))).toEqual({
      kind: 'idempotencyConflict',
    });
    const issuing = { ...idempotency, key: 'issued' };
    const intent = issuanceIntent({}, { idempotency: issuing });
    await inventory.recordIntent(intent);
    expect(await inventory.recordRequest(submission({}, { idempotency: issuing }))).toEqual({
      kind: 'replay',
      serial: intent.certificate.serial,
    });
    expect(await inventory.requests({ limit: 10 })).toHaveLength(1);
  });

  it('is refused for a blocked key, and for a predecessor that was followed', async () => {
    const { inventory } = opened;
    const { keySha256 } = await recordCertificate(inventory, { purpose: 'authority' });
    expect(await inventory.recordRequest(submission({ keySha256 }))).toEqual({
      kind: 'keyBlocked',
      block: 'authority',
    });
    const { serial: predecessor } = await recordCertificate(inventory);
    const { serial: successor } = await recordCertificate(inventory, { predecessor });
    const outcome = await inventory.recordRequest(submission({ predecessor }));
    expect(outcome).toEqual({ kind: 'hasSuccessor', successor });
  });

  it('is refused when its product has as many open ones as it may', async () => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    const mostOpen = { mostOpen: 2 };
    const { id } = await recordRequest(inventory);
    await recordRequest(inventory, { product: 'dev/product-b' });
    expect(await inventory.recordRequest(submission({}, mostOpen))).toEqual({ kind: 'recorded' });
    expect(await inventory.recordRequest(submission({}, mostOpen))).toEqual({ kind: 'tooManyOpen' });
    await inventory.denyRequest(judging(id));
    expect(await inventory.recordRequest(submission({}, mostOpen))).toEqual({ kind: 'recorded' });
  });
}

function approving(makeStore: () => Promise<InventoryStore>): void {
  const opened = openedInventory(makeStore);

  it('of the one operator needed approves the request, with the comment', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory);
    const verdicts = [{ verdict: 'approved', operator: 'alice', at: frozenNow + 10, comment: 'by alice' }];
    const outcome = await inventory.approveRequest(judging(id));
    expect(outcome).toMatchObject({ kind: 'done', record: { status: 'approved', verdicts, endedAt: null } });
    expect((await kindsOf(inventory)).at(-1)).toBe('request.approved');
    expect(await inventory.approveRequest(judging('none'))).toEqual({ kind: 'notFound' });
  });

  it('takes two operators where two are needed, and nobody counts twice', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory, { approvalsNeeded: 2 });
    const twice = await Promise.all([1, 2, 3].map(() => inventory.approveRequest(judging(id))));
    expect(twice.map(({ kind }) => kind).sort()).toEqual(['approvedBefore', 'approvedBefore', 'done']);
    expect(await inventory.request(id)).toMatchObject({ status: 'pending' });
    const second = await inventory.approveRequest(judging(id, 'bob'));
    expect(second).toMatchObject({ kind: 'done', record: { status: 'approved' } });
  });

  it('is nobody’s who is no operator, an auditor, or removed by now', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory, { approvalsNeeded: 2 });
    const change = { name: 'bob', role: 'auditor', now, audit } as const;
    await inventory.setOperatorRole(change);
    for (const stranger of ['nobody', 'bob']) {
      expect(await codeOf(inventory.approveRequest(judging(id, stranger)))).toBe('unauthorized');
      expect(await codeOf(inventory.denyRequest(judging(id, stranger)))).toBe('unauthorized');
    }
    expect(await inventory.request(id)).toMatchObject({ status: 'pending', verdicts: [] });
  });

  it.each([...distrusting, ['is recovered', recovering] as const])(
    'ends when its operator %s, unless it is issued, and may be given again',
    async (_what, end) => {
      const { inventory } = opened;
      const { id } = await recordRequest(inventory, { approvalsNeeded: 2 });
      const approved = await recordRequest(inventory);
      const shared = await recordRequest(inventory, { approvalsNeeded: 2 });
      const others = await recordRequest(inventory, { approvalsNeeded: 2 });
      const done = await recordRequest(inventory);
      for (const each of [id, approved.id, shared.id, done.id]) await inventory.approveRequest(judging(each));
      for (const each of [shared.id, others.id]) await inventory.approveRequest(judging(each, 'bob'));
      const intent = issuanceIntent({}, { request: done.id });
      await inventory.recordIntent(intent);
      await inventory.recordIssued(issued(intent.certificate.serial));
      await end(inventory);
      for (const each of [id, approved.id]) {
        expect(await inventory.request(each)).toMatchObject({ status: 'pending', verdicts: [] });
      }
      for (const each of [shared.id, others.id]) {
        expect(await inventory.request(each)).toMatchObject({ status: 'pending', verdicts: [{ operator: 'bob' }] });
      }
      expect(await inventory.request(done.id)).toMatchObject({ status: 'issued', verdicts: [{ operator: 'alice' }] });
      const withdrawn = [id, approved.id, shared.id].sort().map((each) => ({
        object: `request:${each}`,
        actor: 'operator:carol',
        details: { operator: 'alice' },
      }));
      expect(await withdrawals(inventory)).toMatchObject(withdrawn);
      expect(await inventory.recordIntent(issuanceIntent({}, { request: approved.id }))).toEqual(notApproved);
      expect(await inventory.dueRequests(frozenNow, 10)).toEqual({ expired: [], approved: [] });
      for (const operator of ['bob', 'carol']) await inventory.approveRequest(judging(id, operator));
      await inventory.approveRequest(judging(approved.id, 'carol'));
      for (const each of [id, approved.id]) expect(await inventory.request(each)).toMatchObject({ status: 'approved' });
    },
  );

  it.each(['superseded', 'cessationOfOperation'] as const)(
    'stays when a certificate of its operator is revoked as %s: another took its place',
    async (reason) => {
      const { inventory } = opened;
      const { id } = await recordRequest(inventory);
      await inventory.approveRequest(judging(id));
      await revoking(reason)(inventory);
      expect(await inventory.request(id)).toMatchObject({ status: 'approved', verdicts: [{ operator: 'alice' }] });
      expect(await withdrawals(inventory)).toEqual([]);
    },
  );

  it('stays when the certificate of a product that is called like its operator is compromised', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory);
    await inventory.approveRequest(judging(id));
    const { serial } = await recordCertificate(inventory, { owner: 'alice' });
    await inventory.revokeCertificate({ serial, revocation: { at: now, reason: 'keyCompromise' }, audit });
    expect(await inventory.request(id)).toMatchObject({ status: 'approved' });
  });

  it('ends when its operator has a certificate for a key that is reported compromised with another’s', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory);
    await inventory.approveRequest(judging(id));
    const { serial, keySha256 } = await recordCertificate(inventory, { purpose: 'operator', owner: 'dave' });
    await recordCertificate(inventory, { purpose: 'operator', owner: 'alice', keySha256 });
    await inventory.revokeCertificate({ serial, revocation: { at: now, reason: 'keyCompromise' }, audit });
    expect(await inventory.request(id)).toMatchObject({ status: 'pending', verdicts: [] });
  });

  it('is not the requester’s own to give', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory, { requestedBy: 'operator:alice' });
    expect(await inventory.approveRequest(judging(id))).toEqual({ kind: 'ownRequest' });
    expect((await inventory.approveRequest(judging(id, 'bob'))).kind).toBe('done');
  });

  it('is refused when anything that the request rests on has changed', async () => {
    const { inventory } = opened;
    const shown = await recordCertificate(inventory);
    await recordGrounds(inventory);
    await inventory.createToken(enrolmentToken(), auditEntry());
    const { id } = await recordRequest(inventory, { tokenId: enrolmentToken().id, shownSerial: shown.serial });
    const changedNow = async () => {
      const outcome = await inventory.approveRequest(judging(id));
      return outcome.kind === 'outdated' ? outcome.changed : outcome.kind;
    };
    await inventory.changeProfile(storedProfile({ version: 2 }), auditEntry());
    expect(await changedNow()).toEqual(['profile']);
    await inventory.changeProduct(product({ version: 2 }), auditEntry());
    await inventory.removeToken(enrolmentToken().id, auditEntry());
    const revocation = { at: 1, reason: 'superseded' } as const;
    await inventory.revokeCertificate({ serial: shown.serial, revocation, audit: auditEntry() });
    expect(await changedNow()).toEqual(['profile', 'product', 'token', 'certificate']);
    expect(await inventory.request(id)).toMatchObject({ status: 'pending', verdicts: [] });
  });

  it('asks for what its own request rests on, not for what others do', async () => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    const [shown, other] = [await recordCertificate(inventory), await recordCertificate(inventory)];
    for (const id of ['own', 'removed']) await inventory.createToken(enrolmentToken({ id }), auditEntry());
    const resting = (tokenId: string) => recordRequest(inventory, { tokenId, shownSerial: shown.serial });
    const [good, outdated] = [await resting('own'), await resting('removed')];
    await inventory.createEnvironment(environment({ name: 'test' }), [], auditEntry());
    for (const overrides of [{ name: 'client' }, { environment: 'test' }]) {
      await inventory.createProfile(storedProfile(overrides), auditEntry());
      await inventory.changeProfile(storedProfile({ ...overrides, version: 2 }), auditEntry());
    }
    await inventory.createProduct(product({ id: 'dev/product-b' }), auditEntry());
    await inventory.changeProduct(product({ id: 'dev/product-b', version: 2 }), auditEntry());
    const superseded = { at: 1, reason: 'superseded' } as const;
    await inventory.revokeCertificate({ serial: other.serial, revocation: superseded, audit: auditEntry() });
    await inventory.removeToken('removed', auditEntry());
    expect((await inventory.approveRequest(judging(good.id))).kind).toBe('done');
    expect(await inventory.approveRequest(judging(outdated.id))).toEqual({ kind: 'outdated', changed: ['token'] });
  });

  it('is refused for a key that was compromised meanwhile', async () => {
    const { inventory } = opened;
    const { id, keySha256 } = await recordRequest(inventory);
    const { serial } = await recordCertificate(inventory, { keySha256, owner: 'dev/other' });
    const revocation = { at: 1, reason: 'keyCompromise' } as const;
    await inventory.revokeCertificate({ serial, revocation, audit: auditEntry() });
    expect(await inventory.approveRequest(judging(id))).toEqual({ kind: 'keyBlocked', block: 'compromised' });
  });

  it('is refused for a rotation of what was followed meanwhile', async () => {
    const { inventory } = opened;
    const { serial: predecessor } = await recordCertificate(inventory);
    const { id } = await recordRequest(inventory, { predecessor });
    const { serial: successor } = await recordCertificate(inventory, { predecessor });
    expect(await inventory.approveRequest(judging(id))).toEqual({ kind: 'hasSuccessor', successor });
  });

  it('is refused once the time of the request is up, noted or not', async () => {
    const { inventory } = opened;
    const { id, expiresAt } = await recordRequest(inventory);
    const late = { at: expiresAt };
    expect((await inventory.approveRequest(judging(id, 'alice', late))).kind).toBe('ended');
    expect((await inventory.denyRequest(judging(id, 'alice', late))).kind).toBe('ended');
    expect(await inventory.expireRequest(expiring(id, expiresAt))).toBe(true);
    expect(await inventory.approveRequest(judging(id))).toMatchObject({ kind: 'ended', record: { status: 'expired' } });
  });
}

function issuing(makeStore: () => Promise<InventoryStore>): void {
  const opened = openedInventory(makeStore);
  const approved = async () => {
    const { id } = await recordRequest(opened.inventory);
    await opened.inventory.approveRequest(judging(id));
    return id;
  };
  const signing = async (id: string) => {
    const intent = issuanceIntent({}, { request: id });
    await opened.inventory.recordIntent(intent);
    return intent;
  };

  it('is issued with its certificate, in one act', async () => {
    const { inventory } = opened;
    const id = await approved();
    const intent = issuanceIntent({}, { request: id });
    const { serial } = intent.certificate;
    expect(await inventory.recordIntent(intent)).toEqual({ kind: 'recorded' });
    expect(await inventory.request(id)).toMatchObject({ status: 'approved', serial });
    await inventory.recordIssued(issued(serial));
    expect(await inventory.request(id)).toMatchObject({ status: 'issued', serial, endedAt: frozenNow + 20 });
    expect(await inventory.approveRequest(judging(id, 'bob'))).toMatchObject({ kind: 'ended' });
  });

  it('becomes one certificate, however many take it up at once', async () => {
    const { inventory } = opened;
    const id = await approved();
    const intents = Array.from({ length: 20 }, () => issuanceIntent({}, { request: id }));
    const outcomes = await Promise.all(intents.map((intent) => inventory.recordIntent(intent)));
    const { serial } = intents[outcomes.findIndex(({ kind }) => kind === 'recorded')]!.certificate;
    expect(outcomes.filter(({ kind }) => kind === 'recorded')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'replay' && outcome.serial === serial)).toHaveLength(19);
    expect((await inventory.denyRequest(judging(id, 'bob'))).kind).toBe('issuing');
  });

  it('is as good as issued while it is being signed: it does not expire, and nothing stands in its way any more', async () => {
    const { inventory } = opened;
    const { id, keySha256, expiresAt } = await recordRequest(inventory);
    await inventory.approveRequest(judging(id));
    const intent = issuanceIntent({}, { request: id });
    const { serial } = intent.certificate;
    await inventory.recordIntent(intent);
    await recordCertificate(inventory, { purpose: 'operator', keySha256 });
    const late = { at: expiresAt + 1 };
    expect(await inventory.approveRequest(judging(id, 'bob', late))).toMatchObject({
      kind: 'done',
      record: { serial },
    });
    expect(await inventory.denyRequest(judging(id, 'bob', late))).toEqual({ kind: 'issuing' });
  });

  it('waits to be issued again when its intent is closed', async () => {
    const { inventory } = opened;
    const id = await approved();
    expect(await inventory.dueRequests(frozenNow, 10)).toEqual({ expired: [], approved: [id] });
    const intent = issuanceIntent({}, { request: id });
    await inventory.recordIntent(intent);
    expect(await inventory.dueRequests(frozenNow, 10)).toEqual({ expired: [], approved: [] });
    await inventory.closeIntent(closing(intent.certificate.serial));
    expect(await inventory.request(id)).toMatchObject({ status: 'approved', serial: null });
    expect(await inventory.dueRequests(frozenNow, 10)).toEqual({ expired: [], approved: [id] });
    expect(await inventory.recordIntent(issuanceIntent({}, { request: id }))).toEqual({ kind: 'recorded' });
  });

  it.each(distrusting)('is issued when it is being signed while its operator %s', async (_what, end) => {
    const { inventory } = opened;
    const id = await approved();
    const { certificate } = await signing(id);
    await end(inventory);
    expect(await inventory.request(id)).toMatchObject({ status: 'approved', verdicts: [{ operator: 'alice' }] });
    await inventory.recordIssued(issued(certificate.serial));
    expect(await inventory.request(id)).toMatchObject({ status: 'issued', verdicts: [{ operator: 'alice' }] });
    expect(await withdrawals(inventory)).toEqual([]);
  });

  it.each([
    ...distrusting,
    [
      'is removed, and another of the same name comes',
      async (inventory: Inventory) => {
        await inventory.removeOperator({ name: 'alice', revocation, audit });
        await inventory.createOperator(operator({ name: 'alice', createdAt: frozenNow + 15 }), auditEntry());
      },
    ] as const,
  ])('is not tried again when it could not be signed while its operator %s', async (_what, end) => {
    const { inventory } = opened;
    const id = await approved();
    const { certificate } = await signing(id);
    await end(inventory);
    await inventory.closeIntent(closing(certificate.serial));
    expect(await inventory.request(id)).toMatchObject({ status: 'pending', serial: null, verdicts: [] });
    expect(await withdrawals(inventory)).toMatchObject([
      { object: `request:${id}`, actor: 'service', details: { operator: 'alice' } },
    ]);
    expect(await inventory.recordIntent(issuanceIntent({}, { request: id }))).toEqual(notApproved);
    await inventory.approveRequest(judging(id, 'bob'));
    expect(await inventory.recordIntent(issuanceIntent({}, { request: id }))).toEqual({ kind: 'recorded' });
  });

  it('may be approved again without another verdict, so that it is tried again', async () => {
    const { inventory } = opened;
    const id = await approved();
    const before = (await kindsOf(inventory)).length;
    for (const operator of ['alice', 'bob']) {
      expect(await inventory.approveRequest(judging(id, operator))).toMatchObject({
        kind: 'done',
        record: { status: 'approved', verdicts: [{ operator: 'alice' }] },
      });
    }
    expect(await kindsOf(inventory)).toHaveLength(before);
  });

  it('is the only one that is issued', async () => {
    const { inventory } = opened;
    const { id } = await recordRequest(inventory);
    expect(await inventory.recordIntent(issuanceIntent({}, { request: id }))).toEqual(notApproved);
    await inventory.denyRequest(judging(id));
    expect(await inventory.recordIntent(issuanceIntent({}, { request: id }))).toEqual(notApproved);
    expect(await inventory.recordIntent(issuanceIntent({}, { request: 'none' }))).toEqual(notApproved);
  });
}

const operators = ['alice', 'bob', 'carol'] as const;

function ending(makeStore: () => Promise<InventoryStore>): void {
  const opened = openedInventory(makeStore);
  const withToken = async (overrides: object = {}) => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    await inventory.createToken(enrolmentToken({ usesLeft: 1 }), auditEntry());
    return recordRequest(inventory, { tokenId: enrolmentToken().id, ...overrides });
  };
  const usesLeft = async () => (await opened.inventory.token(enrolmentToken().id))?.usesLeft;

  it('by denial keeps who and why, and gives the use of the token back', async () => {
    const { inventory } = opened;
    const { id } = await withToken();
    const audit = auditEntry({ kind: 'request.denied', object: `request:${id}` });
    const outcome = await inventory.denyRequest(judging(id, 'bob', { comment: 'not this name', audit }));
    const verdicts = [{ verdict: 'denied', operator: 'bob', at: frozenNow + 10, comment: 'not this name' }];
    expect(outcome).toMatchObject({ kind: 'done', record: { status: 'denied', verdicts, endedAt: frozenNow + 10 } });
    expect(await usesLeft()).toBe(1);
    expect((await inventory.denyRequest(judging(id))).kind).toBe('ended');
    expect((await inventory.approveRequest(judging(id))).kind).toBe('ended');
    expect((await kindsOf(inventory)).at(-1)).toBe('request.denied');
    expect(await usesLeft()).toBe(1);
    expect(await inventory.denyRequest(judging('none'))).toEqual({ kind: 'notFound' });
  });

  it('may be a denial by who approved it before', async () => {
    const { inventory } = opened;
    const { id } = await withToken({ approvalsNeeded: 2 });
    await inventory.approveRequest(judging(id));
    expect((await inventory.denyRequest(judging(id))).kind).toBe('done');
    expect((await inventory.request(id))?.verdicts.map(({ verdict }) => verdict).sort()).toEqual([
      'approved',
      'denied',
    ]);
  });

  it('comes with that of its product, approved or not, in the name of who removes that', async () => {
    const { inventory } = opened;
    const [pending, approved] = [await recordRequest(inventory), await recordRequest(inventory)];
    await inventory.approveRequest(judging(approved.id));
    const at = frozenNow + 20;
    const removed = auditEntry({ kind: 'product.removed', actor: 'operator:carol', at });
    const removing = { id: 'dev/product-a', version: 1, at, operator: 'carol', audit: removed };
    const ids = [pending.id, approved.id].sort();
    expect(await inventory.removeProduct(removing)).toEqual({ kind: 'removed', tokens: [], requests: ids });
    const comment = 'The product was removed.';
    for (const id of ids) {
      const record = await inventory.request(id);
      expect(record).toMatchObject({ status: 'denied', endedAt: at });
      expect(record?.verdicts.at(-1)).toEqual({ verdict: 'denied', operator: 'carol', at, comment });
      expect((await inventory.approveRequest(judging(id))).kind).toBe('ended');
    }
    const { actor } = removed;
    const events = (await inventory.auditEvents(0, 1000)).slice(-3);
    expect(events.map(({ kind, object }) => [kind, object])).toEqual([
      ['product.removed', removed.object],
      ...ids.map((id) => ['request.denied', `request:${id}`]),
    ]);
    expect(events.at(-1)).toMatchObject({ at, actor, details: { product: 'dev/product-a', comment } });
    expect((await inventory.dueRequests(pending.expiresAt, 10)).approved).toEqual([]);
  });

  it('is known of a product that was removed before it could be submitted', async () => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    const removing = { id: 'dev/product-a', version: 1, at: frozenNow, operator: 'carol', audit: auditEntry() };
    await inventory.removeProduct(removing);
    const before = await inventory.counts();
    expect(await codeOf(inventory.recordRequest(submission()))).toBe('unauthorized');
    expect(await inventory.counts()).toEqual(before);
  });

  type Spoil = (inventory: Inventory, serials: { shown: string; predecessor: string; key: string }) => Promise<unknown>;
  const revoke = (inventory: Inventory, serial: string, reason: 'superseded' | 'keyCompromise' | 'certificateHold') =>
    inventory.revokeCertificate({ serial, revocation: { at: 1, reason }, audit: auditEntry() });
  const archive = (inventory: Inventory, serial: string) =>
    inventory.archiveCertificates({ serials: [serial], audit: auditEntry({ kind: 'certificates.archived' }) });
  const follow = (inventory: Inventory, predecessor: string) =>
    inventory.recordIntent(issuanceIntent({ predecessor, owner: 'dev/product-a' }));
  const keySha256 = randomHex(32);

  const ofAllGrounds = async () => {
    const { inventory } = opened;
    const [shown, predecessor] = [await recordCertificate(inventory), await recordCertificate(inventory)];
    const key = await recordCertificate(inventory, { keySha256 });
    const serials = { shown: shown.serial, predecessor: predecessor.serial, key: key.serial };
    const rest = { keySha256, shownSerial: serials.shown, predecessor: serials.predecessor };
    return { serials, record: await withToken({ approvalsNeeded: 1, ...rest }) };
  };

  const forGood: readonly [string, Spoil][] = [
    ['its profile', (inventory) => inventory.changeProfile(storedProfile({ version: 2 }), auditEntry())],
    ['its product', (inventory) => inventory.changeProduct(product({ version: 2 }), auditEntry())],
    ['its token', (inventory) => inventory.removeToken(enrolmentToken().id, auditEntry())],
    ['what was shown', (inventory, { shown }) => revoke(inventory, shown, 'superseded')],
    ['what it follows', (inventory, { predecessor }) => revoke(inventory, predecessor, 'superseded')],
    ['its key', (inventory, { key }) => revoke(inventory, key, 'keyCompromise')],
    ['its predecessor', (inventory, { predecessor }) => recordCertificate(inventory, { predecessor })],
    ['what it follows, in the archive by now,', (inventory, { predecessor }) => archive(inventory, predecessor)],
  ];

  it.each(forGood)('comes before its time once it is approved and %s is not what it was', async (_, spoil) => {
    const { inventory } = opened;
    const { record, serials } = await ofAllGrounds();
    const { id, expiresAt } = record;
    const at = expiresAt - 1;
    const expire = () => inventory.expireRequest(expiring(id, at));
    await inventory.approveRequest(judging(id));
    expect(await expire()).toBe(false);
    await spoil(inventory, serials);
    expect(await expire()).toBe(true);
    expect(await inventory.request(id)).toMatchObject({ status: 'expired', serial: null, endedAt: at });
    expect(await usesLeft()).toBe((await inventory.token(enrolmentToken().id)) && 1);
    expect((await kindsOf(inventory)).at(-1)).toBe('request.expired');
    expect(await expire()).toBe(false);
  });

  it.each<[string, Spoil]>([
    ['what was shown is on hold', (inventory, { shown }) => revoke(inventory, shown, 'certificateHold')],
    ['what it follows is on hold', (inventory, { predecessor }) => revoke(inventory, predecessor, 'certificateHold')],
    [
      'what follows its predecessor may come to nothing',
      (inventory, { predecessor }) => follow(inventory, predecessor),
    ],
  ])('waits for its time while %s', async (_, spoil) => {
    const { inventory } = opened;
    const { record, serials } = await ofAllGrounds();
    await inventory.approveRequest(judging(record.id));
    await spoil(inventory, serials);
    expect(await inventory.expireRequest(expiring(record.id, record.expiresAt - 1))).toBe(false);
    expect(await inventory.request(record.id)).toMatchObject({ status: 'approved', endedAt: null });
  });

  it('is not approved when what it follows is in the archive', async () => {
    const { inventory } = opened;
    const { record, serials } = await ofAllGrounds();
    await archive(inventory, serials.predecessor);
    expect(await inventory.approveRequest(judging(record.id))).toEqual({ kind: 'predecessorArchived' });
  });

  it.each(forGood)('is left to operators when %s is not what it was before it is approved', async (_, spoil) => {
    const { inventory } = opened;
    const { record, serials } = await ofAllGrounds();
    await spoil(inventory, serials);
    expect(await inventory.expireRequest(expiring(record.id, record.expiresAt - 1))).toBe(false);
    expect(await inventory.request(record.id)).toMatchObject({ status: 'pending', endedAt: null });
  });

  it('comes with its time, approved or not, but not while it is being issued', async () => {
    const { inventory } = opened;
    const { id, expiresAt } = await withToken();
    expect(await inventory.expireRequest(expiring(id, expiresAt - 1))).toBe(false);
    await inventory.approveRequest(judging(id));
    expect((await inventory.dueRequests(expiresAt, 10)).expired).toEqual([id]);
    const intent = issuanceIntent({}, { request: id });
    await inventory.recordIntent(intent);
    expect(await inventory.dueRequests(expiresAt, 10)).toEqual({ expired: [], approved: [] });
    expect(await inventory.expireRequest(expiring(id, expiresAt))).toBe(false);
    await inventory.closeIntent(closing(intent.certificate.serial));
    expect(await inventory.expireRequest(expiring(id, expiresAt))).toBe(true);
    expect(await inventory.expireRequest(expiring(id, expiresAt))).toBe(false);
    expect(await inventory.request(id)).toMatchObject({ status: 'expired', endedAt: expiresAt });
    expect(await inventory.dueRequests(expiresAt, 10)).toEqual({ expired: [], approved: [] });
    expect(await usesLeft()).toBe(1);
    expect((await kindsOf(inventory)).filter((kind) => kind === 'request.expired')).toHaveLength(1);
  });

  type Act = { readonly act: 'approve' | 'deny' | 'expire' | 'intend' | 'issue' | 'close'; readonly who: number };
  const anyAct: fc.Arbitrary<Act> = fc.record({
    act: fc.constantFrom('approve', 'approve', 'deny', 'expire', 'intend', 'issue', 'close'),
    who: fc.nat(2),
  });

  it('is one, once, whatever is done to it in whatever order, and the token has paid for a certificate alone', async () => {
    const { inventory } = opened;
    await recordGrounds(inventory);
    await inventory.createToken(enrolmentToken({ usesLeft: 1000 }), auditEntry());
    let spent = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2), fc.array(anyAct, { maxLength: 12 }), async (approvalsNeeded, acts) => {
        const details = { approvalsNeeded: approvalsNeeded as 1 | 2, tokenId: enrolmentToken().id };
        const { id, expiresAt } = await recordRequest(inventory, details);
        const ends = await endsOf(inventory, { id, expiresAt, acts });
        const record = (await inventory.request(id))!;
        const approvers = new Set(
          record.verdicts.filter(({ verdict }) => verdict === 'approved').map((v) => v.operator),
        );
        expect(new Set(ends).size).toBe(Math.min(1, ends.length));
        if (record.status === 'issued') expect(approvers.size).toBe(approvalsNeeded);
        if (record.status !== 'denied' && record.status !== 'expired') spent += 1;
        expect(await usesLeft()).toBe(1000 - spent);
        if (record.endedAt === null) {
          spent -= record.serial === null ? 1 : 0;
          await inventory.denyRequest(judging(id, 'dave'));
        }
      }),
      { numRuns: tries(40) },
    );
  });

  /** The statuses that the request was found to have ended with, after each act. */
  async function endsOf(
    inventory: Inventory,
    { id, expiresAt, acts }: { id: string; expiresAt: number; acts: readonly Act[] },
  ): Promise<string[]> {
    const ends: string[] = [];
    let serial = serialAt();
    for (const { act, who } of acts) {
      if (act === 'approve') await inventory.approveRequest(judging(id, operators[who]!));
      if (act === 'deny') await inventory.denyRequest(judging(id, operators[who]!));
      if (act === 'expire') await inventory.expireRequest(expiring(id, expiresAt + daySeconds));
      if (act === 'intend') {
        const intent = issuanceIntent({}, { request: id });
        if ((await inventory.recordIntent(intent)).kind === 'recorded') serial = intent.certificate.serial;
      }
      if (act === 'issue') await inventory.recordIssued(issued(serial)).catch(() => undefined);
      if (act === 'close') await inventory.closeIntent(closing(serial));
      const record = (await inventory.request(id))!;
      if (record.endedAt !== null) ends.push(record.status);
    }
    return ends;
  }
}
