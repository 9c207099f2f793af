/** What the audit log tells of an authority: who had a key made, certified, put into use, given up, destroyed, and why. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeCorporateCa, makeCrl, pemOf } from '../../support/external-chain.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
let service: TestService;
beforeEach(async () => {
  service = await firstRunService({ home: newHome() });
});
afterEach(() => service.close());

/** Runs the act, and resolves to what the log holds since: of authorities, and of what was revoked. */
async function toldOf(act: () => Promise<unknown>) {
  const { seq } = (await service.inventory.auditEnds())!.newest;
  await act();
  const events = await service.inventory.auditEvents(seq, 1000);
  return events
    .filter(({ kind }) => kind.startsWith('authority.') || kind === 'certificate.revoked')
    .map(({ kind, actor, object, details }) => ({ kind, actor, object, details }));
}

const serial = expect.stringMatching(/^[0-9a-f]{40}$/);
const ofIssuing = { actor: 'operator:admin', object: 'authority:dev-issuing' };
const ofRoot = { actor: 'operator:admin', object: 'authority:dev-root' };
const advanced = { kind: 'authority.rotationAdvanced', ...ofIssuing };
const reason = 'a drill, and nobody else is there';

it('every step of a rotation, each by whoever asked for it, to the end of the old key', async () => {
  await service.services.submitRequest(await demoToken(service), { csrDer: makeKeyRequest().csrDer });
  const { vaultKey } = (await service.services.authority('dev-issuing')).authority;
  const told = await toldOf(async () => {
    await service.services.startRotation(admin, 'dev-issuing', {});
    for (let step = 0; step < 4; step++) await service.services.advanceRotation(admin, 'dev-issuing', { reason });
  });
  const generation = 'dev-issuing.2';
  const started = { from: 'dev-issuing', to: generation, vault: 'file', keyType: 'ec-p256' };
  const forced = { reason, forced: expect.stringMatching(/^published: /) };
  const left = { reason, forced: 'certificatesMoved: dev/demo: 1 certificate(s)' };
  expect(told).toEqual([
    { kind: 'authority.rotationStarted', ...ofIssuing, details: started },
    { kind: 'authority.certified', ...ofIssuing, details: { generation, kind: 'own', serial } },
    { ...advanced, details: { generation, from: 'preparing', to: 'prepared' } },
    { ...advanced, details: { generation, from: 'prepared', to: 'trusted' } },
    { ...advanced, details: { generation, from: 'trusted', to: 'issuing', ...forced } },
    { ...advanced, details: { generation, from: 'issuing', to: 'retiring', campaign: expect.any(String) } },
    { ...advanced, details: { generation, from: 'retiring', to: 'retired', ...left } },
    {
      ...{ kind: 'authority.certified', ...ofIssuing },
      details: { generation: 'dev-issuing', kind: 'lastOcspResponder', serial },
    },
    {
      ...{ kind: 'authority.keyDestroyed', ...ofIssuing },
      details: { generation: 'dev-issuing', vault: 'file', vaultKey },
    },
  ]);
});

it('that a root was given up: each of its certificates is revoked, the crosses over both keys, too, and its key destroyed', async () => {
  const { certificates } = await service.services.startRotation(admin, 'dev-root', {});
  const told = await toldOf(() => service.services.abandonRotation(admin, 'dev-root'));
  const revoked = { kind: 'certificate.revoked', actor: 'operator:admin', details: { reason: 'cessationOfOperation' } };
  expect(certificates).toHaveLength(3);
  expect(told).toEqual([
    {
      ...{ kind: 'authority.rotationAdvanced', ...ofRoot },
      details: { generation: 'dev-root.2', from: 'prepared', to: 'abandoned' },
    },
    ...certificates.map(() => ({ ...revoked, object: expect.any(String) })),
    {
      ...{ kind: 'authority.keyDestroyed', ...ofRoot },
      details: { generation: 'dev-root.2', vault: 'file', vaultKey: expect.stringMatching(/^dev-root\./) },
    },
  ]);
  expect(new Set(told.slice(1, 4).map(({ object }) => object))).toEqual(
    new Set(certificates.map((each) => `certificate:${each.serial}`)),
  );
  for (const each of certificates) {
    const record = await service.inventory.certificate(each.serial);
    expect(record).toMatchObject({ state: 'revoked', revocation: { reason: 'cessationOfOperation' } });
  }
});

it('that one is compromised: once for each generation that is lost with it, and that every step was forced', async () => {
  const told = await toldOf(() => service.services.declareCompromise(admin, 'dev-root', { reason }));
  const compromised = told.filter(({ kind }) => kind === 'authority.compromised');
  expect(compromised).toEqual([
    { kind: 'authority.compromised', ...ofRoot, details: { generation: 'dev-root', reason } },
    { kind: 'authority.compromised', ...ofIssuing, details: { generation: 'dev-issuing', reason } },
  ]);
  const revoked = told.filter(({ kind }) => kind === 'certificate.revoked');
  expect(revoked.map(({ actor, details }) => [actor, details])).toEqual(
    Array.from({ length: 2 }, () => ['operator:admin', { reason: 'cACompromise' }]),
  );
  const forced = told.filter(({ details }) => details?.forced !== undefined);
  expect(forced.length).toBeGreaterThan(0);
  expect(new Set(forced.map(({ details }) => details?.reason))).toEqual(new Set([`compromised: ${reason}`]));
});

it('of one that is signed elsewhere: that its CSR was made, which chain was imported, and each list, once', async () => {
  const name = 'corp-issuing';
  const of = { actor: 'operator:admin', object: `authority:${name}` };
  const requested = await toldOf(() =>
    service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' }),
  );
  expect(requested).toContainEqual({
    ...{ kind: 'authority.requested', ...of },
    details: { generation: name, subject: expect.stringContaining('CN=') },
  });

  const detail = await service.services.describeAuthority(name);
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  const now = Math.floor(service.clock.now() / 1000);
  const ca = makeCorporateCa(now);
  const own = ca.sign(detail.csrDer);
  const chain = { chainPem: pemOf(own, ca.intermediate), rootPem: ca.root.pem };
  const imported = await toldOf(() => service.services.importAuthority(admin, name, chain));
  const externals = await service.inventory.externalAuthorities();
  const [intermediate, root] = ['intermediate', 'root'].map((role) =>
    externals.find((each) => each.name === `corp-external-${role}`),
  );
  const from = { signedBy: intermediate?.name, root: root?.name, rootSha256: root?.sha256 };
  expect(imported).toEqual([
    {
      ...{ kind: 'authority.imported', ...of },
      details: { serial: own.serial, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), ...from },
    },
    { kind: 'authority.activated', ...of, details: { serial: own.serial } },
  ]);

  const pem = makeCrl(ca.root, { thisUpdate: now, crlNumber: 7 });
  const { seq } = (await service.inventory.auditEnds())!.newest;
  for (let time = 0; time < 2; time++) await service.services.importCrl(admin, 'corp-external-root', pem);
  expect(await service.inventory.auditEvents(seq, 10)).toMatchObject([
    {
      kind: 'crl.imported',
      actor: 'operator:admin',
      object: 'authority:corp-external-root',
      details: { crlNumber: '7' },
    },
  ]);
});
