/** Requests that wait for approval, over the real inventory and vault: submitted, seen, decided, collected, recovered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { RequestRecord } from '../../../src/domain/records/request.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { formatName } from '../../../src/domain/x509/name.ts';
import type { Caller } from '../../../src/services/caller.ts';
import type { Submitted } from '../../../src/services/services.ts';
import { failingVault } from '../../support/changed-vault.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { rawProfile } from '../../support/policy-builders.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { recordOperators } from '../../support/request-builders.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let signerFails = false;
let service: TestService;

beforeAll(async () => {
  service = await firstRunService({
    home: folder('data'),
    wrapVault: (vault) => failingVault(vault, () => signerFails),
  });
  await recordOperators(service.inventory, [...approvers, ...crowd]);
});
afterAll(() => service.close());

const day = 86_400;
const approvers = ['alice', 'bob'];
const crowd = Array.from({ length: 20 }, (_, index) => `op-${index}`);
const operator = (name: string): Caller => ({ kind: 'operator', name, role: 'operator', serial: '00' });
const alice = operator('alice');
const bob = operator('bob');

let count = 0;
/** A product of its own with a profile that asks for so many approvals, and a token for it. */
async function addProduct(approvals: number, uses: number | null = null, on = service) {
  count += 1;
  const name = `guarded-${count}`;
  const usage = { extendedKeyUsage: ['serverAuth', 'clientAuth'] };
  await on.services.createProfile(admin, { environment: 'dev', ...rawProfile({ name, approvals, ...usage }) });
  const nameRules = [`${name}.dev`, `*.${name}.dev`];
  const product = await on.services.createProduct(admin, { environment: 'dev', name, nameRules, profiles: [name] });
  const input = { product: product.id, uses, lifetimeSeconds: day };
  const { secret, token } = await on.services.createToken(admin, input);
  return { name, product, secret, token, caller: await on.services.authenticateToken(secret) };
}

const csrFor = (...names: string[]): Uint8Array =>
  buildCsr({ key: makeSigningKey(), names, subject: new Uint8Array([0x30, 0]) });

function requestOf(submitted: Submitted): RequestRecord {
  if (submitted.kind === 'request') return submitted.request;
  throw new Error('it was issued at once');
}
function viewOf(submitted: Submitted) {
  if (submitted.kind === 'certificate') return submitted.view;
  throw new Error(`it waits, as ${submitted.request.status}`);
}

const submit = async ({ name, caller }: Awaited<ReturnType<typeof addProduct>>, more: object = {}, on = service) =>
  requestOf(await on.services.submitRequest(caller, { csrDer: csrFor(`${name}.dev`), ...more }));
const approve = (by: Caller, { id }: { id: string }, on = service) => on.services.approveRequest(by, id, 'fine');
/** Longer than any test may take: a wait that nothing ends fails it. */
const long = 3600;
const collect = (caller: Caller, { id }: { id: string }, seconds = 0) =>
  service.services.collectRequest(caller, id, { seconds });
const reasonsOf = async (call: Promise<unknown>) =>
  ((await rejectionOf(call)) as CaError).reasons.map(({ code, field }) => (field ? `${code} ${field}` : code));
const eventsOf = async (object: string) =>
  (await service.inventory.auditEvents(0, 100_000)).filter((event) => event.object === object);
const usesLeft = async (id: string) => (await service.inventory.token(id))?.usesLeft;

describe('a request whose profile needs approval', () => {
  it('waits, and takes the token use, and says so in the audit log', async () => {
    const product = await addProduct(1, 1);
    const record = await submit(product, { lifetimeSeconds: 7200 });
    expect(record).toMatchObject({
      status: 'pending',
      product: product.product.id,
      names: [`${product.name}.dev`],
      lifetimeSeconds: 7200,
      tokenId: product.token.id,
      requestedBy: `token:${product.token.id}`,
      expiresAt: service.clock.now() + 7 * day * 1000,
    });
    expect(await service.inventory.request(record.id)).toEqual(record);
    expect(await usesLeft(product.token.id)).toBe(0);
    expect(await reasonsOf(submit(product))).toEqual(['tokenUsedUp']);
    const [event] = await eventsOf(`request:${record.id}`);
    expect(event).toMatchObject({ kind: 'request.submitted', actor: record.requestedBy });
    expect(event!.details).toMatchObject({ names: `${product.name}.dev`, approvalsNeeded: 1 });
  });

  it('is judged and proven as if it were issued at once, and nothing is kept of what is refused', async () => {
    const product = await addProduct(1, 1);
    expect(await reasonsOf(submit(product, { csrDer: csrFor('evil.example') }))).toEqual([
      'nameNotAllowed csr.subjectAltName',
    ]);
    const forged = buildCsr({ key: makeSigningKey(), names: [`${product.name}.dev`], signature: new Uint8Array(70) });
    expect(await codeOf(submit(product, { csrDer: forged }))).toBe('badCSR');
    expect(await reasonsOf(submit(product, { lifetimeSeconds: 1 }))).toEqual(['lifetimeTooShort lifetimeSeconds']);
    expect(await usesLeft(product.token.id)).toBe(1);
    expect(await service.inventory.requests({ product: product.product.id, limit: 10 })).toEqual([]);
  });

  it('is one for its Idempotency-Key, 50 times at once, and then the certificate', async () => {
    const product = await addProduct(1);
    const idempotency = { key: 'k', bodySha256: 'a'.repeat(64) };
    const input = { csrDer: csrFor(`${product.name}.dev`), idempotency };
    const tries = Array.from({ length: 50 }, () => service.services.submitRequest(product.caller, input));
    const [record, ...rest] = (await Promise.all(tries)).map(requestOf);
    expect(new Set([record!, ...rest].map(({ id }) => id)).size).toBe(1);
    const other = { ...input, idempotency: { key: 'k', bodySha256: 'b'.repeat(64) } };
    expect(await codeOf(service.services.submitRequest(product.caller, other))).toBe('idempotencyConflict');
    const issued = viewOf(await approve(alice, record!));
    expect(viewOf(await service.services.submitRequest(product.caller, input)).record.serial).toBe(
      issued.record.serial,
    );
  });

  it('of one token is nothing to another that uses the same Idempotency-Key', async () => {
    const [product, other] = [await addProduct(1), await addProduct(1)];
    const idempotency = { key: 'the same', bodySha256: 'c'.repeat(64) };
    const [first, second] = [await submit(product, { idempotency }), await submit(other, { idempotency })];
    expect([first.product, second.product]).toEqual([product.product.id, other.product.id]);
  });

  it('is one of at most 100 open ones of its product', async () => {
    const product = await addProduct(1);
    for (let index = 0; index < 100; index++) await submit(product);
    expect(await codeOf(submit(product))).toBe('rateLimited');
  });
});

describe('approving', () => {
  it('issues the certificate that was asked for, in the name of who asked', async () => {
    const product = await addProduct(1, 1);
    const record = await submit(product, { lifetimeSeconds: 7200 });
    const view = viewOf(await approve(alice, record));
    expect(parseCertificate(view.der).names.map(({ value }) => value)).toEqual(record.names);
    expect(view.record).toMatchObject({
      keySha256: record.keySha256,
      requestedBy: record.requestedBy,
      productVersion: 1,
      profileVersion: 1,
    });
    expect(view.record.notAfter - service.clock.now() / 1000).toBe(7200);
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'issued', serial: view.record.serial });
    expect(await usesLeft(product.token.id)).toBe(0);
    expect((await eventsOf(`request:${record.id}`)).map(({ kind, actor, details }) => [kind, actor, details])).toEqual([
      ['request.submitted', record.requestedBy, expect.anything()],
      ['request.approved', 'operator:alice', { product: record.product, comment: 'fine' }],
    ]);
    const issued = await eventsOf(`certificate:${view.record.serial}`);
    expect(issued.map(({ details }) => details?.request)).toEqual([record.id, record.id]);
  });

  it('issues the names that were asked for beside the CSR, not all that the CSR has', async () => {
    const product = await addProduct(1);
    const names = [`b.${product.name}.dev`];
    const record = await submit(product, { csrDer: csrFor(`a.${product.name}.dev`, ...names), names });
    expect(record.names).toEqual(names);
    expect(parseCertificate(viewOf(await approve(alice, record)).der).names.map(({ value }) => value)).toEqual(names);
  });

  it('counts for nothing where policy would refuse by now to sign, the first of two, too', async () => {
    const ageing = await firstRunService({ home: folder('ageing') });
    await recordOperators(ageing.inventory, approvers);
    const product = await addProduct(2, null, ageing);
    const { id } = product.product;
    const serial = (await ageing.inventory.authorities()).find(({ name }) => name === 'dev-issuing')!.certificateSerial;
    const { notAfter } = (await ageing.inventory.certificate(serial!))!;
    ageing.pass(notAfter - ageing.clock.now() / 1000 - 2 * day);
    const { secret } = await ageing.services.createToken(admin, { product: id, uses: null, lifetimeSeconds: 3 * day });
    const caller = await ageing.services.authenticateToken(secret);
    const record = await submit({ ...product, caller }, {}, ageing);
    ageing.pass(2 * day);
    expect(await reasonsOf(approve(alice, record, ageing))).toEqual(['outlivesIssuer lifetimeSeconds']);
    expect(await ageing.inventory.request(record.id)).toMatchObject({ status: 'pending', verdicts: [] });
    await ageing.close();
  });

  it('takes two different operators where the profile says so', async () => {
    const record = await submit(await addProduct(2));
    expect(requestOf(await approve(alice, record)).status).toBe('pending');
    expect(await reasonsOf(approve(alice, record))).toEqual(['requestApprovedByYou']);
    expect(viewOf(await approve(bob, record)).record.names).toEqual(record.names);
  });

  it('is for operators alone', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    expect(await codeOf(approve(product.caller, record))).toBe('unauthorized');
    expect(await codeOf(service.services.denyRequest(product.caller, record.id, 'no'))).toBe('unauthorized');
  });

  it.each(['none', '', '019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47', `' OR 1=1 --`])('of %j finds nothing', async (id) => {
    expect(await codeOf(approve(alice, { id }))).toBe('notFound');
    expect(await codeOf(service.services.denyRequest(alice, id, 'no'))).toBe('notFound');
    expect(await codeOf(service.services.readRequest(alice, id))).toBe('notFound');
  });

  it('is refused for what was denied, issued or has expired', async () => {
    const product = await addProduct(1);
    const [denied, issued] = [await submit(product), await submit(product)];
    await service.services.denyRequest(alice, denied.id, 'no');
    await approve(alice, issued);
    expect(await reasonsOf(approve(bob, denied))).toEqual(['requestDenied']);
    expect(await reasonsOf(approve(bob, issued))).toEqual(['requestIssued']);
    expect(await reasonsOf(service.services.denyRequest(bob, issued.id, 'no'))).toEqual(['requestIssued']);
    const late = await submit(product);
    service.pass(7 * day);
    expect(await reasonsOf(approve(bob, late))).toEqual(['requestExpired']);
    expect(await reasonsOf(service.services.denyRequest(bob, late.id, 'no'))).toEqual(['requestExpired']);
  });

  it('is refused when profile, product or token changed meanwhile, with every reason', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    const changed = { name: undefined, approvals: 1, backdateSeconds: 0 };
    const { name: _name, ...definition } = rawProfile(changed) as { name: unknown };
    await service.services.changeProfile(admin, 'dev', product.name, { version: 1, ...definition });
    expect(await reasonsOf(approve(alice, record))).toEqual(['requestOutdated profile']);
    const nameRules = [`${product.name}.dev`];
    await service.services.changeProduct(admin, product.product.id, {
      version: 1,
      nameRules,
      profiles: [product.name],
    });
    await service.services.removeToken(admin, product.token.id);
    const all = ['requestOutdated profile', 'requestOutdated product', 'requestOutdated token'];
    expect(await reasonsOf(approve(alice, record))).toEqual(all);
    const view = await service.services.readRequest(alice, record.id);
    expect([view.proposal, view.obstacles.map(({ code, field }) => `${code} ${field}`)]).toEqual([null, all]);
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'pending', verdicts: [] });
  });

  it('is refused when the key was reported compromised meanwhile', async () => {
    const product = await addProduct(1);
    const key = makeSigningKey();
    const csrDer = buildCsr({ key, names: [`${product.name}.dev`], subject: new Uint8Array([0x30, 0]) });
    const [first, second] = [await submit(product, { csrDer }), await submit(product, { csrDer })];
    const { record } = viewOf(await approve(alice, first));
    await service.services.revokeCertificate(admin, record.serial, { reason: 'keyCompromise' });
    expect(await reasonsOf(approve(alice, second))).toEqual(['keyCompromised csr.publicKey']);
    await service.services.removeToken(admin, product.token.id);
    const both = ['requestOutdated token', 'keyCompromised csr.publicKey'];
    expect(await reasonsOf(approve(alice, second))).toEqual(both);
  });

  it('is refused while the clock cannot be believed, and counts for nothing', async () => {
    const record = await submit(await addProduct(2));
    service.jump(-3600);
    expect(await codeOf(approve(alice, record))).toBe('clockUnsafe');
    service.jump(3600);
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'pending', verdicts: [] });
  });

  it('keeps comments short, in any script, and unable to steer a terminal', async () => {
    const record = await submit(await addProduct(2));
    const comment = `  für Müller, 承認\u001b[31m\n"=1+1" \u202e${'x'.repeat(600)}`;
    const { verdicts } = requestOf(await service.services.approveRequest(alice, record.id, comment));
    expect(verdicts[0]!.comment).toMatch(/^für Müller, 承認\\u\{1b\}\[31m\\u\{a\}"=1\+1" \\u\{202e\}x{4}/);
    expect(verdicts[0]!.comment).toMatch(/x\.\.\.$/);
    expect(verdicts[0]!.comment).toHaveLength(503);
    expect((await eventsOf(`request:${record.id}`)).at(-1)!.details!.comment).toBe(verdicts[0]!.comment);
  });

  it('by twenty operators at once issues one certificate', async () => {
    const record = await submit(await addProduct(2));
    const tries = crowd.map((name) => approve(operator(name), record));
    const settled = await Promise.allSettled(tries);
    const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const serials = new Set(done.flatMap((one) => (one.kind === 'certificate' ? [one.view.record.serial] : [])));
    expect(serials.size).toBe(1);
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.reasons[0].code] : []));
    expect(refused.every((code) => code === 'requestIssued')).toBe(true);
    const { keySha256 } = record;
    const query = { keySha256, sort: 'requestedAt', limit: 10, now: 0 } as const;
    expect(await service.inventory.searchCertificates(query)).toHaveLength(1);
  });
});

describe('denying', () => {
  it('tells the requester why, and gives the use of the token back', async () => {
    const product = await addProduct(1, 1);
    const record = await submit(product);
    const denied = await service.services.denyRequest(alice, record.id, 'not in this environment');
    expect(denied).toMatchObject({ status: 'denied', verdicts: [{ operator: 'alice', verdict: 'denied' }] });
    const refusal = (await rejectionOf(collect(product.caller, record))) as CaError;
    expect([refusal.code, refusal.reasons[0]!.code]).toEqual(['conflict', 'requestDenied']);
    expect(refusal.message).toContain('not in this environment');
    expect(await usesLeft(product.token.id)).toBe(1);
    expect((await eventsOf(`request:${record.id}`)).at(-1)).toMatchObject({
      kind: 'request.denied',
      actor: 'operator:alice',
      details: { comment: 'not in this environment' },
    });
    expect((await submit(product)).status).toBe('pending');
  });
});

describe('what an operator sees', () => {
  it('is exactly what is then signed, but for serial and time', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    const { proposal, tokenCreatedBy } = await service.services.readRequest(alice, record.id);
    service.pass(60);
    const { der } = viewOf(await approve(alice, record));
    const signed = parseCertificate(der);
    expect(tokenCreatedBy).toBe('operator:admin');
    expect(proposal!.comparison).toBeNull();
    // Serial and validity stand before the key: from there on, every octet is the same.
    const fromKeyOn = (tbs: Uint8Array) => Buffer.from(tbs).subarray(Buffer.from(tbs).indexOf(signed.spkiDer));
    expect(Buffer.compare(fromKeyOn(proposal!.prepared.tbs), fromKeyOn(signed.tbs))).toBe(0);
    expect(proposal!.prepared.subject).toBe(formatName(signed.subject));
    expect(proposal!.prepared.names).toEqual(record.names);
  });

  it('is compared with the certificate of the product that is most like it', async () => {
    const product = await addProduct(1);
    const names = [`a.${product.name}.dev`, `b.${product.name}.dev`];
    const { record: current } = viewOf(await approve(alice, await submit(product, { csrDer: csrFor(...names) })));
    await approve(alice, await submit(product, { csrDer: csrFor(names[0]!) }));
    const next = await submit(product, { csrDer: csrFor(...names, `c.${product.name}.dev`), lifetimeSeconds: 3600 });
    const { proposal } = await service.services.readRequest(alice, next.id);
    expect(proposal!.comparison!.with.serial).toBe(current.serial);
    expect(proposal!.comparison!.differences).toEqual({
      namesAdded: [`c.${product.name}.dev`],
      namesRemoved: [],
      subjectChanged: false,
      profileChanged: false,
      keyChanged: true,
      keyTypeChanged: false,
      lifetimeSecondsAdded: 3600 - 30 * day,
    });
  });

  it('are the requests by status and product, newest first, in pages', async () => {
    const product = await addProduct(1);
    const records: RequestRecord[] = [];
    for (let index = 0; index < 3; index++) {
      records.push(await submit(product));
      service.pass(1);
    }
    await service.services.denyRequest(alice, records[1]!.id, 'no');
    const list = (query: object) =>
      service.services.listRequests(alice, { product: product.product.id, limit: 10, ...query });
    const idsOf = async (query: object) => (await list(query)).items.map(({ id }) => id);
    expect(await idsOf({})).toEqual([records[2]!.id, records[1]!.id, records[0]!.id]);
    expect(await idsOf({ status: 'pending' })).toEqual([records[2]!.id, records[0]!.id]);
    const first = await list({ limit: 2 });
    expect(await idsOf({ limit: 2, cursor: first.nextCursor })).toEqual([records[0]!.id]);
    expect(await codeOf(list({ cursor: 'forged' }))).toBe('malformed');
  });

  it('are, in the list, what cannot be approved any more as well, and why', async () => {
    const product = await addProduct(1);
    const outdated = await submit(product);
    service.pass(1);
    const ended = await submit(product);
    await service.services.denyRequest(alice, ended.id, 'no');
    const input = { product: product.product.id, limit: 10 };
    const { items: before } = await service.services.listRequests(alice, input);
    expect(before.map(({ obstacles }) => obstacles)).toEqual([[], []]);
    await service.services.removeToken(admin, product.token.id);
    const { items } = await service.services.listRequests(alice, input);
    const { obstacles } = await service.services.readRequest(alice, outdated.id);
    expect(items.map((item) => [item.id, item.obstacles])).toEqual([
      [ended.id, []],
      [outdated.id, obstacles],
    ]);
    expect(obstacles).toMatchObject([{ code: 'requestOutdated', field: 'token' }]);
  });

  it('of a request whose authority is compromised and not replaced yet is that, and the request can be denied', async () => {
    let isDown = false;
    const stolen = await firstRunService({
      home: folder('stolen'),
      wrapVault: (vault) => failingVault(vault, () => isDown),
    });
    await recordOperators(stolen.inventory, approvers);
    const product = await addProduct(1, null, stolen);
    const [record, waiting] = [await submit(product, {}, stolen), await submit(product, {}, stolen)];
    isDown = true;
    await stolen.services.declareCompromise(admin, 'dev-issuing', { reason: 'the key was found in a log' });
    expect(await codeOf(approve(alice, record, stolen))).toBe('signerUnavailable');
    const view = await stolen.services.readRequest(alice, record.id);
    expect(view).toMatchObject({ record: { names: record.names }, proposal: null });
    expect(view.obstacles).toMatchObject([{ code: 'issuerUnavailable', message: expect.stringContaining('replaced') }]);
    expect((await stolen.services.denyRequest(alice, record.id, 'no')).status).toBe('denied');
    isDown = false;
    stolen.pass(60);
    await stolen.housekeep();
    expect((await stolen.services.readRequest(alice, waiting.id)).obstacles).toEqual([]);
    expect(viewOf(await approve(alice, waiting, stolen)).issuer).toBe('dev-issuing.2');
    await stolen.close();
  });

  it('of a request that has ended is how it ended', async () => {
    const record = await submit(await addProduct(1));
    await service.services.denyRequest(alice, record.id, 'no');
    const view = await service.services.readRequest(alice, record.id);
    expect(view).toMatchObject({ record: { status: 'denied' }, proposal: null, obstacles: [] });
  });
});

describe('collecting', () => {
  it('is for the token that asked, also when it has expired, and for the product over mTLS', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    const other = await service.services.createToken(admin, {
      product: product.product.id,
      uses: null,
      lifetimeSeconds: day,
    });
    const stranger = await addProduct(1);
    const certified = viewOf(await approve(alice, await submit(stranger)));
    for (const caller of [
      await service.services.authenticateToken(other.secret),
      stranger.caller,
      await service.services.authenticateProduct(certified.der),
      alice,
    ]) {
      expect(await codeOf(collect(caller, record))).toBe('notFound');
    }
    const issued = viewOf(await approve(alice, record));
    const byProduct = await service.services.authenticateProduct(issued.der);
    expect(viewOf(await collect(byProduct, record)).record).toEqual(issued.record);
    service.pass(day);
    expect(await reasonsOf(service.services.authenticateToken(product.secret))).toEqual(['tokenExpired']);
    const collector = await service.services.authenticateCollector(product.secret);
    expect(viewOf(await collect(collector, record)).record.serial).toBe(issued.record.serial);
    await service.services.removeToken(admin, product.token.id);
    expect(await reasonsOf(service.services.authenticateCollector(product.secret))).toEqual(['tokenUnknown']);
  });

  it('waits for the decision, and is woken by it', async () => {
    const product = await addProduct(2);
    const [approved, denied] = [await submit(product), await submit(product)];
    const waiting = [collect(product.caller, approved, long), collect(product.caller, denied, long)];
    const refusal = rejectionOf(waiting[1]!);
    await approve(alice, approved);
    await service.services.denyRequest(alice, denied.id, 'no');
    const { record } = viewOf(await approve(bob, approved));
    expect(viewOf(await waiting[0]!).record.serial).toBe(record.serial);
    expect(await refusal).toMatchObject({ code: 'conflict' });
  });

  it('answers at once without a wait, when its time is up, and when nobody is there any more', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    expect(requestOf(await collect(product.caller, record)).status).toBe('pending');
    expect(requestOf(await collect(product.caller, record, 0.01)).status).toBe('pending');
    const gone = new AbortController();
    const waiting = service.services.collectRequest(product.caller, record.id, { seconds: long, signal: gone.signal });
    gone.abort();
    expect(requestOf(await waiting).status).toBe('pending');
    const late = { seconds: long, signal: gone.signal };
    expect(requestOf(await service.services.collectRequest(product.caller, record.id, late)).status).toBe('pending');
  });

  it('tells, when the wait ends in vain, how many have approved by then', async () => {
    const product = await addProduct(2);
    const record = await submit(product);
    const gone = new AbortController();
    const wait = { seconds: long, signal: gone.signal };
    const waiting = service.services.collectRequest(product.caller, record.id, wait);
    await approve(alice, record);
    gone.abort();
    expect(requestOf(await waiting).verdicts).toMatchObject([{ operator: 'alice', verdict: 'approved' }]);
  });

  it('keeps no place for a stranger who asked to wait', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    const { caller: stranger } = await addProduct(1);
    for (let index = 0; index < 8; index++) expect(await codeOf(collect(stranger, record, long))).toBe('notFound');
    const waiting = collect(product.caller, record, long);
    await approve(alice, record);
    expect((await waiting).kind).toBe('certificate');
  });

  it('lets a bounded number wait, and answers the others at once', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    const waiting = Array.from({ length: 8 }, () => collect(product.caller, record, long));
    expect(requestOf(await collect(product.caller, record, long)).status).toBe('pending');
    await approve(alice, record);
    expect((await Promise.all(waiting)).every(({ kind }) => kind === 'certificate')).toBe(true);
  });
});

describe('a rotation under a profile that needs approval', () => {
  it('waits, too, and follows its predecessor once it is approved', async () => {
    const product = await addProduct(1);
    const first = viewOf(await approve(alice, await submit(product)));
    const caller = await service.services.authenticateProduct(first.der);
    const rotate = () =>
      service.services.rotateCertificate(caller, first.record.serial, { csrDer: csrFor(`${product.name}.dev`) });
    const [record, again] = [requestOf(await rotate()), requestOf(await rotate())];
    expect(record).toMatchObject({ predecessor: first.record.serial, shownSerial: first.record.serial, tokenId: null });
    const { proposal } = await service.services.readRequest(alice, record.id);
    expect(proposal!.comparison).toMatchObject({
      with: { serial: first.record.serial },
      differences: { namesAdded: [], namesRemoved: [], keyChanged: true },
    });
    const renewal = async () => (await service.services.renewalInfo(first.record.serial)).reason;
    expect(await renewal()).toBe('lifetime');
    const successor = viewOf(await approve(alice, record));
    expect(successor.record).toMatchObject({ predecessor: first.record.serial, names: first.record.names });
    expect(await renewal()).toBe('superseded');
    expect(await reasonsOf(approve(alice, again))).toEqual(['requestOutdated predecessor']);
    expect(viewOf(await collect(caller, record)).record.serial).toBe(successor.record.serial);
  });

  it('is not approved once the certificate that asked for it is revoked', async () => {
    const product = await addProduct(1);
    const first = viewOf(await approve(alice, await submit(product)));
    const caller = await service.services.authenticateProduct(first.der);
    const input = { csrDer: csrFor(`${product.name}.dev`) };
    const record = requestOf(await service.services.rotateCertificate(caller, first.record.serial, input));
    await service.services.revokeCertificate(admin, first.record.serial, { reason: 'superseded' });
    expect(await reasonsOf(approve(alice, record))).toEqual(['requestOutdated certificate']);
  });

  it.each(['shown', 'followed'] as const)(
    'waits while the certificate that is %s is on hold, says so, and is approved after its release',
    async (how) => {
      const product = await addProduct(1);
      const first = viewOf(await approve(alice, await submit(product)));
      const { serial } = first.record;
      const caller = how === 'shown' ? await service.services.authenticateProduct(first.der) : product.caller;
      const input = { csrDer: csrFor(`${product.name}.dev`) };
      const record = requestOf(await service.services.rotateCertificate(caller, serial, input));
      await service.services.revokeCertificate(admin, serial, { reason: 'certificateHold' });
      const { obstacles } = await service.services.readRequest(alice, record.id);
      expect(obstacles).toMatchObject([{ code: 'requestOutdated', message: expect.stringMatching(/elease the/) }]);
      expect(((await rejectionOf(approve(alice, record))) as CaError).reasons).toEqual(obstacles);
      await service.services.releaseCertificate(admin, serial);
      expect(viewOf(await approve(alice, record)).record.predecessor).toBe(serial);
    },
  );

  it('that an operator asked for is approved by another, and issued as the first asked', async () => {
    const product = await addProduct(1);
    const first = viewOf(await approve(alice, await submit(product)));
    const input = { csrDer: csrFor(`${product.name}.dev`) };
    const record = requestOf(await service.services.rotateCertificate(alice, first.record.serial, input));
    expect(record.requestedBy).toBe('operator:alice');
    expect(await reasonsOf(approve(alice, record))).toEqual(['requestOfYours']);
    expect(viewOf(await approve(bob, record)).record).toMatchObject({
      predecessor: first.record.serial,
      requestedBy: 'operator:alice',
    });
  });

  it('that a token asked for is not approved once its predecessor is revoked', async () => {
    const product = await addProduct(1);
    const first = viewOf(await approve(alice, await submit(product)));
    const input = { csrDer: csrFor(`${product.name}.dev`) };
    const record = requestOf(await service.services.rotateCertificate(product.caller, first.record.serial, input));
    await service.services.revokeCertificate(admin, first.record.serial, { reason: 'superseded' });
    expect(await reasonsOf(approve(alice, record))).toEqual(['requestOutdated predecessor']);
  });
});

describe('housekeeping', () => {
  it('ends what nobody decided in time, tells who waits, and gives the use of the token back', async () => {
    const product = await addProduct(1, 1);
    const record = await submit(product);
    const refusal = rejectionOf(collect(product.caller, record, long));
    service.pass(7 * day - 1);
    await service.housekeep();
    expect((await service.inventory.request(record.id))?.status).toBe('pending');
    service.pass(1);
    await service.housekeep();
    expect(((await refusal) as CaError).reasons[0]!.code).toBe('requestExpired');
    expect(await usesLeft(product.token.id)).toBe(1);
    const last = (await eventsOf(`request:${record.id}`)).at(-1);
    expect(last).toMatchObject({ kind: 'request.expired', actor: 'service' });
  });

  it('issues what was approved while the signer was away, ever more rarely tried', async () => {
    const product = await addProduct(1, 1);
    const record = await submit(product);
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'approved', serial: null });
    expect(requestOf(await collect(product.caller, record)).status).toBe('approved');
    for (let second = 0; second < 70; second++) {
      await service.housekeep();
      service.pass(1);
    }
    // By the approval, and then at once, after 10 s and after 30 s.
    const tried = { keySha256: record.keySha256, status: 'revoked', sort: 'requestedAt', limit: 100, now: 0 } as const;
    expect(await service.inventory.searchCertificates(tried)).toHaveLength(4);
    signerFails = false;
    const waiting = collect(product.caller, record, long);
    service.pass(3600);
    await service.housekeep();
    const { serial } = viewOf(await waiting).record;
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'issued', serial });
    expect(await usesLeft(product.token.id)).toBe(0);
  });

  it('issues nothing on the word of an operator who was removed while the signer was away', async () => {
    await recordOperators(service.inventory, ['leaver']);
    const record = await submit(await addProduct(1));
    signerFails = true;
    expect(await codeOf(approve(operator('leaver'), record))).toBe('signerUnavailable');
    await service.services.removeOperator(admin, 'leaver');
    signerFails = false;
    service.pass(3600);
    await service.housekeep();
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'pending', serial: null, verdicts: [] });
    const last = (await eventsOf(`request:${record.id}`)).at(-1);
    expect(last).toMatchObject({ kind: 'request.approvalWithdrawn', actor: 'operator:admin' });
    expect(viewOf(await approve(alice, record)).record.names).toEqual(record.names);
  });

  it('issues nothing of what was approved while the clock cannot be believed', async () => {
    const record = await submit(await addProduct(1));
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    signerFails = false;
    service.pass(60);
    service.jump(-3600);
    await service.housekeep().catch(() => undefined);
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'approved', serial: null });
    service.jump(3600);
    service.pass(3600);
    await service.housekeep();
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'issued' });
  });

  it('leaves it to approving again, too, to finish what was approved', async () => {
    const record = await submit(await addProduct(1));
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    signerFails = false;
    expect(viewOf(await approve(alice, record)).record.names).toEqual(record.names);
  });

  it('ends what was approved under a profile that has changed since, and says why', async () => {
    const product = await addProduct(1, 1);
    const record = await submit(product);
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    signerFails = false;
    const { name: _name, ...definition } = rawProfile({ backdateSeconds: 0 }) as { name: unknown };
    await service.services.changeProfile(admin, 'dev', product.name, { version: 1, ...definition });
    const refusal = rejectionOf(collect(product.caller, record, long));
    await service.housekeep();
    const endedAt = service.clock.now();
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'expired', serial: null, endedAt });
    const [reason] = ((await refusal) as CaError).reasons;
    expect(reason).toMatchObject({ code: 'requestExpired', message: expect.stringContaining('has changed') });
    expect(await usesLeft(product.token.id)).toBe(1);
    const last = (await eventsOf(`request:${record.id}`)).at(-1);
    const why = { code: 'conflict', reasons: ['requestOutdated'] };
    expect(last).toMatchObject({ kind: 'request.expired', actor: 'service', ...why });
  });

  it('ends what was approved when the certificate that it was to follow is archived meanwhile', async () => {
    const product = await addProduct(1);
    const { serial } = viewOf(await approve(alice, await submit(product))).record;
    const input = { csrDer: csrFor(`${product.name}.dev`) };
    const rotate = async () => requestOf(await service.services.rotateCertificate(product.caller, serial, input));
    const [record, late] = [await rotate(), await rotate()];
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    signerFails = false;
    const audit = { kind: 'certificates.archived', actor: 'service', object: 'service' } as const;
    await service.inventory.archiveCertificates({ serials: [serial], audit: { at: service.clock.now(), ...audit } });
    await service.housekeep();
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'expired', serial: null });
    const last = (await eventsOf(`request:${record.id}`)).at(-1);
    expect(last).toMatchObject({ kind: 'request.expired', reasons: ['certificateExpired'] });
    expect(await reasonsOf(approve(alice, late))).toEqual(['requestOutdated predecessor']);
  });

  it('lets what was approved wait while the certificate that asked for it is on hold', async () => {
    const product = await addProduct(1);
    const first = viewOf(await approve(alice, await submit(product)));
    const caller = await service.services.authenticateProduct(first.der);
    const input = { csrDer: csrFor(`${product.name}.dev`) };
    const record = requestOf(await service.services.submitRequest(caller, input));
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    signerFails = false;
    const { serial } = first.record;
    await service.services.revokeCertificate(admin, serial, { reason: 'certificateHold' });
    await service.housekeep();
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'approved', serial: null });
    await service.services.releaseCertificate(admin, serial);
    // What waits is tried ever more rarely, whatever it waits for.
    await service.housekeep();
    expect(await service.inventory.request(record.id)).toMatchObject({ status: 'approved', serial: null });
    service.pass(60);
    await service.housekeep();
    expect((await collect(caller, record)).kind).toBe('certificate');
  });

  it('tells who asked that it was approved, but not issued in time', async () => {
    const product = await addProduct(1);
    const record = await submit(product);
    signerFails = true;
    expect(await codeOf(approve(alice, record))).toBe('signerUnavailable');
    service.pass(7 * day);
    await service.housekeep();
    signerFails = false;
    const [reason] = ((await rejectionOf(approve(bob, record))) as CaError).reasons;
    expect(reason).toMatchObject({ code: 'requestExpired', message: expect.stringContaining('was approved, but') });
  });
});

describe('a stop', () => {
  it('lets everybody who waits go', async () => {
    const stopping = await firstRunService({ home: folder('stopping') });
    const product = await addProduct(1, null, stopping);
    const record = await submit(product, {}, stopping);
    const ask = () => stopping.services.collectRequest(product.caller, record.id, { seconds: long });
    const waiting = ask();
    stopping.beginStop();
    expect(requestOf(await waiting).status).toBe('pending');
    expect(requestOf(await ask()).status).toBe('pending');
    await stopping.close();
  });
});

describe('a crash', () => {
  it.each(['recordIntent', 'recordIssued'])('before %s loses and doubles nothing', async (act) => {
    const home = folder(`crash-${act}`);
    let crashes = false;
    const crashing = await firstRunService({
      home,
      wrapInventory: (inventory) =>
        new Proxy(inventory, {
          get(target, name) {
            if (name === act && crashes) return () => new Promise(() => {});
            const value = Reflect.get(target, name);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
    });
    await recordOperators(crashing.inventory, approvers);
    const product = await addProduct(1, 1, crashing);
    const record = await submit(product, {}, crashing);
    crashes = true;
    void approve(alice, record, crashing);
    const bound = act === 'recordIssued' ? expect.any(String) : null;
    await expect.poll(() => crashing.inventory.request(record.id)).toMatchObject({ status: 'approved', serial: bound });
    await crashing.close();
    const next = await openService({ home });
    await next.recoverUnfinished();
    await next.housekeep();
    const issued = await next.inventory.request(record.id);
    expect(issued).toMatchObject({ status: 'issued', serial: expect.any(String) });
    const query = { keySha256: record.keySha256, status: 'valid', sort: 'requestedAt', limit: 10 } as const;
    const now = Math.floor(next.clock.now() / 1000);
    const good = await next.inventory.searchCertificates({ ...query, now });
    expect(good.map(({ serial }) => serial)).toEqual([issued!.serial]);
    expect((await next.inventory.token(product.token.id))?.usesLeft).toBe(0);
    await next.close();
  });
});

describe('who waits for a request', () => {
  it('is told at once when the token is removed by which it was submitted', async () => {
    const guarded = await addProduct(1);
    const request = await submit(guarded);
    const waiting = reasonsOf(collect(guarded.caller, request, long));
    await service.services.removeToken(admin, guarded.token.id);
    expect(await waiting).toEqual(['tokenUnknown']);
  });

  it.each([
    ['certificateHold', 'certificateHeld'],
    ['superseded', 'certificateRevoked'],
  ])('is told at once when its certificate is revoked as %s', async (reason, code) => {
    const guarded = await addProduct(1);
    const request = await submit(guarded);
    const { serial } = viewOf(await approve(alice, await submit(guarded))).record;
    const caller: Caller = { kind: 'product', product: guarded.product.id, serial };
    const waiting = reasonsOf(collect(caller, request, long));
    await service.services.revokeCertificate(admin, serial, { reason });
    expect(await waiting).toEqual([code]);
  });

  it('with a token that goes with its product is told that the product was removed', async () => {
    const guarded = await addProduct(1);
    const request = await submit(guarded);
    const waiting = reasonsOf(collect(guarded.caller, request, long));
    await service.services.removeProduct(admin, guarded.product.id);
    expect(await waiting).toEqual(['requestDenied']);
  });
});

it('a product that is removed takes what waits for it along, and tells who is waiting', async () => {
  const guarded = await addProduct(1);
  const request = await submit(guarded);
  const caller: Caller = { kind: 'product', product: guarded.product.id, serial: '00' };
  const waiting = rejectionOf(collect(caller, request, long));
  await service.services.removeProduct(admin, guarded.product.id);
  const [reason] = ((await waiting) as CaError).reasons;
  expect(reason).toMatchObject({ code: 'requestDenied', message: expect.stringContaining('The product was removed.') });
  const open = await service.services.listRequests(alice, {
    limit: 100,
    product: guarded.product.id,
    status: 'pending',
  });
  expect(open.items).toEqual([]);
  expect(await codeOf(approve(alice, request))).toBe('conflict');
});
