/** Rotations of authorities over the real inventory and vault: each step, who holds it up, crashes, and openssl's opinion of chains. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { CertificateView } from '../../../src/services/services.ts';
import { certified, rotated } from '../../support/certified.ts';
import { type ChainJudge, judgeChain } from '../../support/chain-judge.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { deploymentReport } from '../../support/deployment-builders.ts';
import { failingOnce } from '../../support/failing-once.ts';
import { itWith } from '../../support/judges.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import {
  admin,
  demoToken,
  firstRunService,
  openService,
  type ServiceOptions,
  type TestService,
} from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
const day = 86_400;

const open: TestService[] = [];
async function aService(options: Omit<ServiceOptions, 'home'> = {}): Promise<TestService & { readonly home: string }> {
  const home = newHome();
  const service = await firstRunService({ home, ...options });
  open.push(service);
  return { ...service, home };
}
afterEach(async () => {
  for (const service of open.splice(0)) await service.close();
});

const issue = async (service: TestService): Promise<CertificateView> =>
  certified(service, await demoToken(service), { csrDer: makeKeyRequest().csrDer });

const advance = (service: TestService, name: string, reason?: string) =>
  service.services.advanceRotation(admin, name, reason === undefined ? {} : { reason });

/** Codes and conditions of a refusal. */
async function refusalOf(call: Promise<unknown>): Promise<readonly string[]> {
  const error = (await rejectionOf(call)) as CaError;
  return [error.code, ...error.reasons.map(({ field, message }) => `${field}: ${message}`)];
}

const reason = 'a drill, and nobody else is there';

/** Steps taken until new certificates come from the new generation. */
async function issuing(service: TestService, name: string): Promise<void> {
  await service.services.startRotation(admin, name, {});
  await advance(service, name, reason);
  await service.housekeep();
  await advance(service, name, reason);
}

/** A successor for a certificate, as its agent would fetch it. */
const follow = (service: TestService, { record }: CertificateView): Promise<CertificateView> =>
  rotated(service, { kind: 'product', product: record.owner, serial: record.serial }, record.serial, {
    csrDer: makeKeyRequest().csrDer,
  });

/** What an agent tells that has put the certificate in its place. */
const report = (service: TestService, { record }: CertificateView, trustSha256: readonly string[]) =>
  service.services.reportDeployment(
    { kind: 'product', product: record.owner, serial: record.serial },
    record.serial,
    deploymentReport({ outcome: 'deployed', endpoint: null, trustSha256 }),
  );

const fingerprints = async (service: TestService, environment: string): Promise<string[]> => {
  const authorities = await service.services.listAuthorities();
  const { createHash } = await import('node:crypto');
  const roots = await service.services.trustBundle(environment);
  expect(authorities.length).toBeGreaterThan(0);
  return roots.map((der) => createHash('sha256').update(der).digest('hex'));
};

it('says of a start that the vault of the root cut short what was begun and how it goes on', async () => {
  let isSealed = false;
  const sealed = new CaError('signerUnavailable', 'The vault is sealed.', { retryAfterSeconds: 2 });
  const service = await aService({
    wrapVault: (vault) =>
      changedVault(vault, {
        signer: async (name, algorithm) => {
          const signer = await vault.signer(name, algorithm);
          const refusal = () => (isSealed && name.startsWith('dev-root') ? sealed : undefined);
          return { ...signer, refusal, sign: (tbs) => (refusal() ? Promise.reject(sealed) : signer.sign(tbs)) };
        },
      }),
  });
  isSealed = true;
  const error = (await rejectionOf(service.services.startRotation(admin, 'dev-issuing', {}))) as CaError;
  const begun =
    'The key of dev-issuing.2 is there, its certificate is not: ask again to go on, or abandon the rotation.';
  expect([error.code, error.message, error.retryAfterSeconds]).toEqual([sealed.code, `${sealed.message} ${begun}`, 2]);
  const { obstacles } = await service.services.readRotation('dev-issuing');
  const waits = 'which dev-root cannot sign now: The vault is sealed. Once that is mended, advance the rotation';
  expect(obstacles).toEqual([{ condition: 'certified', who: [`dev-issuing.2: certificate own, ${waits}`] }]);
  isSealed = false;
  expect((await service.services.startRotation(admin, 'dev-issuing', {})).rotation.state).toBe('prepared');
});

describe('the rotation of an issuing authority', () => {
  it('keeps every promise at every step', async () => {
    const service = await aService();
    const before = await issue(service);
    const started = await service.services.startRotation(admin, 'dev-issuing', {});
    expect(started).toMatchObject({ from: 'dev-issuing', to: 'dev-issuing.2', next: 'trusted', obstacles: [] });
    expect((await issue(service)).issuer).toBe('dev-issuing');
    expect((await advance(service, 'dev-issuing')).rotation.state).toBe('trusted');
    expect(await refusalOf(advance(service, 'dev-issuing'))).toEqual([
      'conflict',
      'published: published: dev-issuing.2: its list is not published yet',
    ]);
    await service.housekeep();
    expect((await advance(service, 'dev-issuing')).rotation.state).toBe('issuing');

    const after = await issue(service);
    expect(after.issuer).toBe('dev-issuing.2');
    expect((await service.services.readCertificate(admin, before.record.serial)).issuer).toBe('dev-issuing');
    expect((await service.services.readCertificate(admin, before.record.serial)).chainDer).toEqual(before.chainDer);
  });

  it('answers for what each generation signed, and for neither what the other did', async () => {
    const service = await aService();
    const before = await issue(service);
    await issuing(service, 'dev-issuing');
    const after = await issue(service);
    const answer = async (
      id: string,
      { record: { serial } }: CertificateView,
      at = id,
    ): Promise<number | undefined> => {
      const { facts, parsed } = await service.directory.generation(id);
      const issuer = { subjectDer: facts.subjectDer, key: { spkiDer: parsed.spkiDer } };
      const certId = Buffer.from(encodeCertId(issuer, serial));
      const { der } = await service.services.answerOcsp(at, encodeOcspRequest([certId]));
      return der[Buffer.from(der).indexOf(certId) + certId.length];
    };
    const [good, unknown] = [0x80, 0x82];
    expect([await answer('dev-issuing', before), await answer('dev-issuing', after)]).toEqual([good, unknown]);
    expect([await answer('dev-issuing.2', before), await answer('dev-issuing.2', after)]).toEqual([unknown, good]);
    // For clients that were given one address for good, by either.
    expect(await answer('dev-issuing.2', after, 'dev-issuing')).toBe(good);
    expect(await answer('dev-issuing', before, 'dev-issuing.2')).toBe(good);
  });

  it('retires the old key when nothing that it signed is in use, and goes on answering for it', async () => {
    const service = await aService();
    const before = await issue(service);
    await issuing(service, 'dev-issuing');
    const retiring = await advance(service, 'dev-issuing');
    expect(retiring.rotation.state).toBe('retiring');
    const campaign = await service.services.readCampaign(retiring.rotation.campaign ?? '');
    expect(campaign.campaign.filter).toEqual({ issuerSerial: before.record.issuerSerial });
    expect(await refusalOf(advance(service, 'dev-issuing'))).toEqual([
      'conflict',
      'certificatesMoved: certificatesMoved: dev/demo: 1 certificate(s)',
    ]);

    await follow(service, before);
    const [, first] = (await service.vault.listKeys()).filter(({ name }) => name.startsWith('dev-issuing.'));
    expect(first).toBeDefined();
    const retired = await advance(service, 'dev-issuing');
    expect(retired).toMatchObject({ rotation: { state: 'retired' }, next: null, obstacles: [] });
    expect(retired.oldKeyDestroyedAt).not.toBeNull();
    const old = (await service.inventory.generations()).find(
      ({ authority, number }) => authority === 'dev-issuing' && number === 1,
    );
    expect((await service.vault.listKeys()).map(({ name }) => name)).not.toContain(old?.vaultKey);

    const list = await service.services.crl('dev-issuing');
    expect(list.nextUpdate).toBeGreaterThanOrEqual(before.record.notAfter);
    service.pass(30 * day);
    await service.housekeep();
    expect((await service.services.crl('dev-issuing')).crlNumber).toBe(list.crlNumber);
    expect((await service.services.readiness()).find(({ name }) => name === 'crls')?.ready).toBe(true);

    expect((await advance(service, 'dev-issuing')).oldKeyDestroyedAt).toBe(retired.oldKeyDestroyedAt);
    const declared = service.services.declareCompromise(admin, 'dev-issuing', { reason, generation: 1 });
    expect(await codeOf(declared)).toBe('conflict');
    expect((await service.inventory.generations()).filter(({ isCompromised }) => isCompromised)).toEqual([]);
  });

  it('has whatever was revoked while its last list was made on that list, which nothing replaces', async () => {
    let whileMade: (() => Promise<unknown>) | undefined;
    const service = await aService({
      wrapInventory: (inventory) => ({
        ...inventory,
        recordCrl: async (record, audit) => {
          const act = record.authority === 'dev-issuing' ? whileMade : undefined;
          whileMade = undefined;
          await act?.();
          return inventory.recordCrl(record, audit);
        },
      }),
    });
    const { record } = await issue(service);
    await issuing(service, 'dev-issuing');
    await advance(service, 'dev-issuing', reason);
    await service.housekeep();
    whileMade = () => service.services.revokeCertificate(admin, record.serial, { reason: 'keyCompromise' });
    await advance(service, 'dev-issuing', reason);
    const last = await service.services.crl('dev-issuing');
    expect(parseCrl(last.der).entries.map(({ serial }) => serial)).toEqual([record.serial]);
    expect(last.nextUpdate).toBe(record.notAfter);
  });

  it('keeps its list good when its end is cut short before the last one, until it is asked again', async () => {
    const crash = failingOnce('recordCrl', 1);
    const service = await aService({ wrapInventory: (inventory) => crash.around(inventory) });
    const before = await issue(service);
    await certified(service, await demoToken(service), { csrDer: makeKeyRequest().csrDer, lifetimeSeconds: day });
    await issuing(service, 'dev-issuing');
    await advance(service, 'dev-issuing', reason);
    await service.housekeep();
    crash.arm();
    await rejectionOf(advance(service, 'dev-issuing', reason));
    const { home } = service;
    await open.pop()!.close();
    const again = await openService({ home });
    open.push(again);
    await again.ensureFirstRun();
    expect(await again.services.readRotation('dev-issuing')).toMatchObject({
      rotation: { state: 'retired' },
      oldKeyDestroyedAt: null,
    });
    again.pass(3 * day);
    await again.housekeep();
    expect((await again.services.crl('dev-issuing')).nextUpdate).toBeGreaterThan(again.clock.now() / 1000);
    expect((await advance(again, 'dev-issuing')).oldKeyDestroyedAt).not.toBeNull();
    const last = await again.services.crl('dev-issuing');
    // To the end of the last that it signed, which is not the one that ends first.
    expect(last.nextUpdate).toBe(before.record.notAfter);
    again.pass(10 * day);
    await again.housekeep();
    expect((await again.services.crl('dev-issuing')).crlNumber).toBe(last.crlNumber);
  });

  it('has new keys made in another way, if that is wanted', async () => {
    const service = await aService();
    await service.services.startRotation(admin, 'dev-issuing', { keyType: 'ec-p384' });
    await advance(service, 'dev-issuing');
    await service.housekeep();
    await advance(service, 'dev-issuing');
    const { authority } = await service.services.authority('dev-issuing');
    expect([authority.keyType, authority.signatureAlgorithm]).toEqual(['ec-p384', 'ecdsa-with-SHA384']);
  });
});

describe('a rotation to a key that was made beforehand', () => {
  it('takes it as it is, and makes none', async () => {
    const service = await aService();
    await service.vault.createKey('made-before', 'ec-p384');
    const input = { key: 'made-before' };
    const planned = { vault: 'file', key: 'made-before', keyType: 'ec-p384' };
    expect(await service.services.planRotation('dev-issuing', input)).toMatchObject(planned);
    const keys = (await service.vault.listKeys()).length;
    await service.services.startRotation(admin, 'dev-issuing', input);
    expect(await service.vault.listKeys()).toHaveLength(keys);
    await advance(service, 'dev-issuing');
    await service.housekeep();
    await advance(service, 'dev-issuing');
    const { authority } = await service.services.authority('dev-issuing');
    expect(authority).toMatchObject({ vaultKey: 'made-before', signatureAlgorithm: 'ecdsa-with-SHA384' });
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
  });

  it.each([
    ['that is another authority’s', 'conflict', (root: string) => ({ key: root })],
    ['of another type than is asked for', 'malformed', () => ({ key: 'made-before', keyType: 'ed25519' as const })],
    ['that the vault does not hold', 'notFound', () => ({ key: 'made-by-nobody' })],
    ['of a vault that there is not', 'notFound', () => ({ key: 'made-before', vault: 'elsewhere' })],
  ])('is refused for one %s, in its plan already, and nothing is begun', async (_what, code, inputWith) => {
    const service = await aService();
    await service.vault.createKey('made-before', 'ec-p384');
    const { authority } = await service.services.authority('dev-root');
    const input = inputWith(authority.vaultKey);
    expect(await codeOf(service.services.planRotation('dev-issuing', input))).toBe(code);
    expect(await codeOf(service.services.startRotation(admin, 'dev-issuing', input))).toBe(code);
    expect(await service.inventory.rotations()).toEqual([]);
  });
});

it('a start that a crash cut short is completed with the key that it made, and with no other', async () => {
  const crash = failingOnce('certifyGeneration', 1);
  const service = await aService({ wrapInventory: (inventory) => crash.around(inventory) });
  crash.arm();
  await rejectionOf(service.services.startRotation(admin, 'dev-issuing', { keyType: 'ec-p384' }));
  const other = service.services.startRotation(admin, 'dev-issuing', { keyType: 'ec-p256' });
  expect(await codeOf(other)).toBe('conflict');
  expect(await service.services.startRotation(admin, 'dev-issuing', {})).toMatchObject({ next: 'trusted' });
  expect((await service.inventory.generations()).at(1)).toMatchObject({ number: 2, keyType: 'ec-p384' });
});

describe('the rotation of a root', () => {
  it('waits until every product’s targets trust the new one, and names those that do not', async () => {
    const service = await aService();
    const leaf = await issue(service);
    await service.services.startRotation(admin, 'dev-root', {});
    const none = 'rootTrusted: rootTrusted: dev/demo: 1 certificate(s) that no target reports';
    expect(await refusalOf(advance(service, 'dev-root'))).toEqual(['conflict', none]);
    const [old, both] = [(await fingerprints(service, 'dev')).slice(0, 1), await fingerprints(service, 'dev')];
    expect(both).toHaveLength(2);
    await report(service, leaf, old);
    const lagging = 'rootTrusted: rootTrusted: dev/demo: 1 of 1 targets (web-1)';
    expect(await refusalOf(advance(service, 'dev-root'))).toEqual(['conflict', lagging]);
    await report(service, leaf, both);
    expect((await advance(service, 'dev-root')).rotation.state).toBe('trusted');
  });

  it('can be forced with a written reason, which the audit log keeps with what it overruled', async () => {
    const service = await aService();
    await issue(service);
    await service.services.startRotation(admin, 'dev-root', {});
    await advance(service, 'dev-root', reason);
    const newest = (await service.inventory.auditEvents(0, 10_000)).findLast(
      ({ kind }) => kind === 'authority.rotationAdvanced',
    );
    expect(newest).toMatchObject({
      actor: 'operator:admin',
      details: { to: 'trusted', reason, forced: 'rootTrusted: dev/demo: 1 certificate(s) that no target reports' },
    });
  });

  const believed = async (judge: ChainJudge, unknown: string): Promise<void> => {
    const service = await aService();
    const file = (name: string): string => join(service.home, name);
    const [oldRoot] = await service.services.trustBundle('dev');
    const before = await issue(service);
    await service.housekeep();
    const say = (view: CertificateView, trusts: readonly Uint8Array[]) =>
      judgeChain(service, file, { view, trusts, withLists: true, judge });
    expect(await say(before, [oldRoot!])).toBe('OK');

    await issuing(service, 'dev-root');
    const [, newRoot] = await service.services.trustBundle('dev');
    await issuing(service, 'dev-issuing');
    await service.housekeep();
    const during = await issue(service);
    const again = await service.services.readCertificate(admin, before.record.serial);
    for (const view of [again, during]) {
      for (const trusts of [[oldRoot!], [newRoot!], [oldRoot!, newRoot!]]) expect(await say(view, trusts)).toBe('OK');
    }

    await follow(service, before);
    for (const name of ['dev-issuing', 'dev-root']) {
      await advance(service, name);
      await advance(service, name);
    }
    const { notAfter } = parseCertificate(before.chainDer[0]!);
    expect((await service.services.crl('dev-root')).nextUpdate).toBeGreaterThanOrEqual(notAfter);
    await service.housekeep();
    const after = await issue(service);
    expect(await service.services.trustBundle('dev')).toEqual([newRoot]);
    expect(after.chainDer).toHaveLength(1);
    expect(await say(after, [newRoot!])).toBe('OK');
    expect(await say(after, [oldRoot!])).toContain(unknown);

    await service.services.revokeCertificate(admin, after.record.serial, { reason: 'superseded' });
    service.pass(10);
    await service.housekeep();
    expect(await say(after, [newRoot!])).toMatch(/revoked/);
  };
  const sentence = (judge: string): string =>
    `is believed by ${judge} before, during and after, with old and new roots`;
  itWith('openssl', sentence('openssl'), () => believed('openssl', 'unable to get local issuer certificate'));
  itWith('javac', sentence('Java'), () => believed('javac', 'unable to find valid certification path'), 120_000);

  itWith('openssl', 'that signs products’ certificates itself is followed by its crosses', async () => {
    const service = await aService({ settings: { hierarchy: 'root' } });
    const file = (name: string): string => join(service.home, name);
    const [oldRoot] = await service.services.trustBundle('dev');
    const before = await issue(service);
    await issuing(service, 'dev-root');
    const [, newRoot] = await service.services.trustBundle('dev');
    const views = [await service.services.readCertificate(admin, before.record.serial), await issue(service)];
    for (const view of views) {
      for (const trusts of [[oldRoot!], [newRoot!]])
        expect(await judgeChain(service, file, { view, trusts })).toBe('OK');
    }
  });

  it('does not retire before the authorities below it have moved', async () => {
    const service = await aService();
    await issuing(service, 'dev-root');
    await advance(service, 'dev-root');
    expect(await refusalOf(advance(service, 'dev-root'))).toEqual([
      'conflict',
      'authoritiesMoved: authoritiesMoved: dev-issuing',
    ]);
  });

  it('does not retire before what an authority issued that was made to retire below it is followed', async () => {
    const service = await aService();
    await issue(service);
    for (const step of ['start', 'retiring', 'retired']) {
      if (step === 'start') await issuing(service, 'dev-issuing');
      else expect((await advance(service, 'dev-issuing', reason)).rotation.state).toBe(step);
    }
    await issuing(service, 'dev-root');
    await advance(service, 'dev-root');
    await issuing(service, 'dev-issuing');
    await advance(service, 'dev-issuing');
    await advance(service, 'dev-issuing', reason);
    expect(await refusalOf(advance(service, 'dev-root'))).toEqual([
      'conflict',
      'certificatesMoved: certificatesMoved: dev/demo: 1 certificate(s) of dev-issuing',
    ]);
  });

  itWith('openssl', 'whose end is forced all the same is trusted until they have moved', async () => {
    const service = await aService();
    const file = (name: string): string => join(service.home, name);
    const before = await issue(service);
    await issuing(service, 'dev-root');
    await advance(service, 'dev-root');
    expect((await advance(service, 'dev-root', reason)).rotation.state).toBe('retired');
    const trusts = await service.services.trustBundle('dev');
    expect(trusts).toHaveLength(2);
    const known = await service.services.readCertificate(admin, before.record.serial);
    for (const view of [known, await issue(service)]) {
      expect(await judgeChain(service, file, { view, trusts, withLists: true })).toBe('OK');
    }
    await issuing(service, 'dev-issuing');
    await advance(service, 'dev-issuing');
    await advance(service, 'dev-issuing', reason);
    const [newRoot, ...others] = await service.services.trustBundle('dev');
    expect(others).toEqual([]);
    expect(Buffer.from(newRoot!)).toEqual(Buffer.from(trusts[1]!));
    expect(await judgeChain(service, file, { view: await issue(service), trusts: [newRoot!] })).toBe('OK');
    expect(readFileSync(file('trust/dev.pem'), 'utf8').match(/BEGIN/g)).toHaveLength(1);
  });
});

describe('a rotation', () => {
  it('is planned without changing anything', async () => {
    const service = await aService();
    await issue(service);
    const keys = await service.vault.listKeys();
    expect(await service.services.planRotation('dev-issuing', {})).toEqual({
      authority: 'dev-issuing',
      key: null,
      isSignedElsewhere: false,
      role: 'issuing',
      from: 'dev-issuing',
      to: 'dev-issuing.2',
      vault: 'file',
      keyType: 'ec-p256',
      isRoot: false,
      below: [],
      products: [{ product: 'dev/demo', certificates: 1 }],
    });
    expect(await service.services.planRotation('dev-root', {})).toMatchObject({ isRoot: true, below: ['dev-issuing'] });
    expect(await service.vault.listKeys()).toEqual(keys);
  });

  it('is abandoned as if it had never been, and another can follow', async () => {
    const service = await aService();
    await service.services.startRotation(admin, 'dev-root', {});
    const crosses = await service.inventory.authorityCertificates();
    expect(crosses.filter(({ authority }) => authority === 'dev-root')).toHaveLength(4);
    const abandoned = await service.services.abandonRotation(admin, 'dev-root');
    expect(abandoned.rotation.state).toBe('abandoned');
    expect(await service.services.trustBundle('dev')).toHaveLength(1);
    expect((await service.inventory.generations()).at(-2)).toMatchObject({ authority: 'dev-root', number: 2 });
    expect((await service.vault.listKeys()).filter(({ name }) => name.startsWith('dev-root.'))).toHaveLength(1);
    const again = await service.services.startRotation(admin, 'dev-root', {});
    expect(again).toMatchObject({ to: 'dev-root.3', next: 'trusted' });
    expect(again.certificates.map(({ kind }) => kind).sort()).toEqual(['newWithOld', 'oldWithNew', 'own']);
  });

  it('once abandoned has no list that anybody waits for, whoever asks for it, and however late it gets', async () => {
    const service = await aService();
    await service.services.startRotation(admin, 'dev-issuing', {});
    await service.housekeep();
    const last = await service.services.crl('dev-issuing.2');
    await service.services.abandonRotation(admin, 'dev-issuing');
    service.pass(15 * 3600);
    await service.housekeep();
    expect((await service.services.readiness()).filter(({ ready }) => !ready)).toEqual([]);
    expect((await service.services.crl('dev-issuing.2')).der).toEqual(last.der);
    expect((await service.services.readiness()).filter(({ ready }) => !ready)).toEqual([]);
  });

  it('cannot be abandoned once something was issued, nor started twice', async () => {
    const service = await aService();
    await service.services.startRotation(admin, 'dev-issuing', {});
    const conflict = { code: 'conflict' };
    await expect(service.services.startRotation(admin, 'dev-issuing', {})).rejects.toMatchObject(conflict);
    await advance(service, 'dev-issuing');
    await service.housekeep();
    await advance(service, 'dev-issuing');
    await expect(service.services.abandonRotation(admin, 'dev-issuing')).rejects.toMatchObject(conflict);
    await expect(service.services.startRotation(admin, 'none', {})).rejects.toMatchObject({ code: 'notFound' });
  });

  it('goes on where a crash left it, whichever write was the last', async () => {
    for (const [act, at] of crashes) {
      const crash = failingOnce(act, at);
      const wrapInventory = (inventory: Inventory): Inventory => crash.around(inventory);
      const home = (await aService({ wrapInventory })).home;
      const service = open.pop()!;
      crash.arm();
      const failure = await rejectionOf(wholeRotation(service));
      expect([act, at, failure]).toMatchObject([act, at, { code: 'inventoryUnavailable' }]);
      await service.close();

      const again = await openService({ home });
      open.push(again);
      await again.ensureFirstRun();
      await wholeRotation(again);
      const [root] = await again.inventory.authorities();
      const view = await again.services.readRotation('dev-issuing');
      expect([act, at, root?.name, view.rotation.state]).toEqual([act, at, 'dev-issuing', 'retired']);
      expect(view.oldKeyDestroyedAt).not.toBeNull();
      const kinds = (await again.inventory.auditEvents(0, 10_000)).map(({ details }) => details?.kind);
      expect([act, at, kinds.filter((kind) => kind === 'lastOcspResponder').length]).toEqual([act, at, 1]);
      expect((await issue(again)).issuer).toBe('dev-issuing.2');
      await open.pop()!.close();
    }
  });
});

const crashes = [
  ['certifyGeneration', 1],
  ['changeRotation', 1],
  ['changeRotation', 5],
  ['markGeneration', 1],
  ['markGeneration', 2],
] as const satisfies readonly (readonly [keyof Inventory, number])[];

/** Every step that is left. */
async function wholeRotation(service: TestService): Promise<void> {
  const state = async () => {
    const rotations = await service.inventory.rotations();
    return rotations.find(({ authority }) => authority === 'dev-issuing')?.state;
  };
  if ([undefined, 'preparing'].includes(await state())) await service.services.startRotation(admin, 'dev-issuing', {});
  for (let step = 0; step < 6; step++) {
    await service.housekeep();
    const isOver = (await state()) === 'retired';
    await advance(service, 'dev-issuing');
    if (isOver) return;
  }
}

describe('an authority whose certificate has ended', () => {
  const years = 365 * day;

  it('is followed by another, and its key is destroyed although nobody can answer for it any more', async () => {
    const service = await aService();
    await issue(service);
    service.pass(5 * years + day);
    await service.housekeep();
    expect(await codeOf(issue(service))).toBe('policyRefused');
    await wholeRotation(service);
    const view = await service.services.readRotation('dev-issuing');
    expect(view).toMatchObject({ rotation: { state: 'retired' }, oldKeyDestroyedAt: expect.any(Number) });
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
  });

  it('is followed without crosses when it is a root, for nobody builds a path by it', async () => {
    const service = await aService();
    service.pass(10 * years + 3 * day);
    await service.housekeep();
    await issuing(service, 'dev-root');
    await issuing(service, 'dev-issuing');
    const { certificates } = await service.services.readRotation('dev-root');
    expect(certificates.map(({ kind }) => kind)).toEqual(['own']);
    for (const name of ['dev-issuing', 'dev-root']) {
      await advance(service, name, reason);
      expect((await advance(service, name, reason)).rotation.state).toBe('retired');
    }
    expect(await service.services.trustBundle('dev')).toHaveLength(1);
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
  });
});

describe('the home', () => {
  it('has a trust file with the roots of the bundle, at every step', async () => {
    const service = await aService();
    const { readFileSync } = await import('node:fs');
    const file = (): string => readFileSync(join(service.home, 'trust/dev.pem'), 'utf8');
    await service.services.startRotation(admin, 'dev-root', {});
    const roots = await service.services.trustBundle('dev');
    expect(roots).toHaveLength(2);
    expect(file()).toBe(roots.map((der) => encodePem('CERTIFICATE', der)).join(''));
    await service.services.abandonRotation(admin, 'dev-root');
    expect(file()).toBe(encodePem('CERTIFICATE', roots[0]!));
  });
});
