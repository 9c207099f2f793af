/** An authority that is signed elsewhere rotates by a CSR and an import: each step, a new corporate root, a crash, and its compromise. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { examineDatabase } from '../../../src/adapters/inventory-sqlite/copies/examine-database.ts';
import type { CaError } from '../../../src/domain/errors.ts';
import { crlDistributionPoints } from '../../../src/domain/x509/extensions.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { createExternalDirectory } from '../../../src/services/authorities/external-authorities.ts';
import { externalInUse } from '../../../src/services/authorities/external-in-use.ts';
import type { CertificateView } from '../../../src/services/services.ts';
import { type ChainJudge, judgeChain } from '../../support/chain-judge.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { type CorporateCa, makeCorporateCa, makeCrl, pemOf } from '../../support/external-chain.ts';
import { failingOnce } from '../../support/failing-once.ts';
import { itWith } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
const name = 'corp-issuing';
const reason = 'a drill, and nobody else is there';

const open: TestService[] = [];
afterEach(async () => {
  for (const service of open.splice(0)) await service.close();
});

const nowOf = (service: TestService): number => Math.floor(service.clock.now() / 1000);

async function csrOf(service: TestService): Promise<Uint8Array> {
  const detail = await service.services.describeAuthority(name);
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  return detail.csrDer;
}

const importFrom = async (service: TestService, ca: CorporateCa) =>
  service.services.importAuthority(admin, name, {
    chainPem: pemOf(ca.sign(await csrOf(service)), ca.intermediate),
    rootPem: ca.root.pem,
  });

/** An environment below a corporate root, with a product that has a certificate. */
async function inForce(
  wrapInventory: (inventory: Inventory) => Inventory = (inventory) => inventory,
  makeCa: (now: number) => CorporateCa = makeCorporateCa,
) {
  const home = newHome();
  const service = await firstRunService({ home, wrapInventory });
  open.push(service);
  await service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
  await service.services.createProduct(admin, { environment: 'corp', name: 'a', nameRules: ['.corp.example'] });
  const ca = makeCa(nowOf(service));
  await importFrom(service, ca);
  return { service, ca, home, before: await issue(service) };
}

const csrOfProduct = () =>
  buildCsr({ key: makeSigningKey(), names: ['a.corp.example'], subject: new Uint8Array([0x30, 0]) });

async function issue(service: TestService): Promise<CertificateView> {
  const { secret } = await service.services.createToken(admin, { product: 'corp/a', uses: 1, lifetimeSeconds: 3600 });
  const caller = await service.services.authenticateToken(secret);
  const submitted = await service.services.submitRequest(caller, { csrDer: csrOfProduct() });
  if (submitted.kind !== 'certificate') throw new Error('no certificate came');
  return submitted.view;
}

async function follow(service: TestService, { record }: CertificateView): Promise<void> {
  const caller = { kind: 'product', product: record.owner, serial: record.serial } as const;
  await service.services.rotateCertificate(caller, record.serial, { csrDer: csrOfProduct() });
}

const advance = async (service: TestService, forced?: string): Promise<string> =>
  (await service.services.advanceRotation(admin, name, forced === undefined ? {} : { reason: forced })).rotation.state;

async function obstaclesOf(service: TestService): Promise<readonly string[]> {
  return (await service.services.readRotation(name)).obstacles.flatMap(({ who }) => who);
}

/** What the doctor looks at: authorities with lists of their own, and with imported ones. */
function listsIn(home: string, now: number) {
  const found = examineDatabase(join(home, 'privyseal.db'), 'migrations/sqlite', now);
  if (found === 'outdated') throw new Error(found);
  const named = (lists: readonly { authority: string }[]) => lists.map(({ authority }) => authority);
  return [named(found.lists), named(found.imported)] as const;
}

describe('the rotation of an authority that is signed elsewhere', () => {
  it('waits for the certificate of its new key, and goes on with the import of it to its end', async () => {
    const { service, ca, before } = await inForce();
    expect(await service.services.planRotation(name, {})).toMatchObject({ isRoot: false, isSignedElsewhere: true });
    const firstCsr = await csrOf(service);
    const started = await service.services.startRotation(admin, name, {});
    expect(started).toMatchObject({
      to: 'corp-issuing.2',
      rotation: { state: 'preparing' },
      obstacles: [{ condition: 'certified' }],
    });
    expect(await csrOf(service)).not.toEqual(firstCsr);
    const refused = (await rejectionOf(advance(service, reason))) as CaError;
    expect(refused.reasons).toMatchObject([{ code: 'rotationConditionNotMet', field: 'certified' }]);
    expect((await issue(service)).issuer).toBe(name);

    const detail = await importFrom(service, ca);
    expect(detail).toMatchObject({ inForce: { id: name }, coming: { id: 'corp-issuing.2' } });
    expect(await service.services.readRotation(name)).toMatchObject({ rotation: { state: 'prepared' }, obstacles: [] });
    expect((await issue(service)).issuer).toBe(name);
    expect(await advance(service)).toBe('trusted');
    await service.housekeep();
    expect(await advance(service)).toBe('issuing');
    const after = await issue(service);
    expect(after.issuer).toBe('corp-issuing.2');
    expect(after.chainDer.map((der) => Buffer.from(der))[1]).toEqual(Buffer.from(ca.intermediate.der));

    expect(await advance(service)).toBe('retiring');
    expect(await obstaclesOf(service)).toEqual(['corp/a: 3 certificate(s)']);
    await follow(service, before);
    expect(await advance(service, reason)).toBe('retired');
    expect((await service.services.crl(name)).nextUpdate).toBeGreaterThanOrEqual(before.record.notAfter);
  });

  it('asks for the same key again after a crash, whichever act it fell upon', async () => {
    for (const [act, at] of [
      ['startRotation', 1],
      ['recordAuthorityRequest', 1],
      ['recordImport', 1],
      ['certifyGeneration', 1],
      ['changeRotation', 1],
    ] as const) {
      const crash = failingOnce(act, at);
      const { service: first, ca, home } = await inForce((inventory) => crash.around(inventory));
      crash.arm();
      const both = async (service: TestService): Promise<void> => {
        await service.services.startRotation(admin, name, {});
        await importFrom(service, ca);
      };
      await rejectionOf(both(first));
      await open.pop()!.close();
      const service = await openService({ home });
      open.push(service);
      await service.ensureFirstRun();
      const under = await service.inventory.rotations();
      if (under[0]?.state !== 'prepared') await both(service);
      expect([act, (await service.services.readRotation(name)).rotation.state]).toEqual([act, 'prepared']);
      expect(await service.inventory.rotations()).toHaveLength(1);
    }
  }, 120_000);

  it('takes a renewed certificate for the key in force meanwhile, and none for another key', async () => {
    const { service, ca } = await inForce();
    const csrDer = await csrOf(service);
    await service.services.startRotation(admin, name, {});
    const longer = ca.sign(csrDer, { days: 1000 });
    const { inForce: own } = await service.services.importAuthority(admin, name, { chainPem: pemOf(longer) });
    expect(Buffer.compare(own!.certificateDer, longer.der)).toBe(0);
    expect(await obstaclesOf(service)).toHaveLength(1);
    const another = ca.sign(csrDer, { key: makeSigningKey() });
    const refused = (await rejectionOf(
      service.services.importAuthority(admin, name, { chainPem: pemOf(another) }),
    )) as CaError;
    expect(refused.reasons).toMatchObject([{ code: 'certificateForAnotherKey' }]);
  });

  it('counts what was signed under a certificate that was renewed since', async () => {
    const { service, ca, before } = await inForce();
    const csrDer = await csrOf(service);
    await service.services.importAuthority(admin, name, { chainPem: pemOf(ca.sign(csrDer, { days: 1000 })) });
    const products = [{ product: 'corp/a', certificates: 1 }];
    expect(await service.services.planRotation(name, {})).toMatchObject({ products });
    expect(await service.services.planCompromise(name, {})).toMatchObject({ products });
    await service.services.startRotation(admin, name, {});
    await importFrom(service, ca);
    await advance(service, reason);
    await service.housekeep();
    await advance(service, reason);
    expect(await advance(service)).toBe('retiring');
    const { rotation } = await service.services.readRotation(name);
    const { campaign } = await service.services.readCampaign(rotation.campaign ?? '');
    expect(campaign.expected).toBe(1);
    expect(await obstaclesOf(service)).toEqual(['corp/a: 1 certificate(s)']);
    await advance(service, reason);
    expect((await service.services.crl(name)).nextUpdate).toBeGreaterThanOrEqual(before.record.notAfter);
  });

  it('is given up with its key, and what was signed elsewhere is left to be revoked there', async () => {
    const { service, ca } = await inForce();
    await service.services.startRotation(admin, name, {});
    const { coming } = await importFrom(service, ca);
    const abandoned = await service.services.abandonRotation(admin, name);
    expect(abandoned.rotation.state).toBe('abandoned');
    expect((await service.inventory.certificate(coming!.certificate.serial))?.state).toBe('issued');
    expect(await codeOf(service.vault.key(coming!.authority.vaultKey))).toBe('notFound');
    expect((await issue(service)).issuer).toBe(name);
    const again = await service.services.startRotation(admin, name, {});
    expect(again.to).toBe('corp-issuing.3');
  });

  it('waits for a new corporate root to be trusted, and lets the old one go at its end', async () => {
    const { service, ca, home, before } = await inForce();
    const next = makeCorporateCa(nowOf(service), { root: { commonName: 'Corporate Root 2' } });
    const bundle = async () => (await service.services.trustBundle('corp')).map((der) => Buffer.from(der));
    await service.services.startRotation(admin, name, {});
    await importFrom(service, next);
    expect(await bundle()).toEqual([Buffer.from(ca.root.der), Buffer.from(next.root.der)]);
    expect(await obstaclesOf(service)).toEqual(['corp/a: 1 certificate(s) that no target reports']);
    const roots = [ca.root, next.root].map(({ der }) => createHash('sha256').update(der).digest('hex'));
    const caller = { kind: 'product', product: 'corp/a', serial: before.record.serial } as const;
    const report = { target: 'web-1', outcome: 'deployed', endpoint: null, servedSerial: null, detail: null } as const;
    await service.services.reportDeployment(caller, caller.serial, { ...report, trustSha256: roots });
    expect(await advance(service)).toBe('trusted');
    await service.housekeep();
    expect((await service.services.authority(name)).authority.parent).toBe('corp-external-intermediate');
    expect(await advance(service)).toBe('issuing');
    expect((await service.services.authority(name)).authority.parent).toBe('corp-external-intermediate-2');
    const again = await service.services.readCertificate(admin, before.record.serial);
    expect(again.chainDer).toEqual(before.chainDer);
    await follow(service, before);
    expect([await advance(service), await advance(service)]).toEqual(['retiring', 'retired']);
    expect(await bundle()).toEqual([Buffer.from(next.root.der)]);
    const { reminders } = await service.services.status();
    const told = ['root', 'root-2', 'intermediate', 'intermediate-2'].filter((role) =>
      reminders.some((text) => text.includes(`corp-external-${role} `)),
    );
    expect(told).toEqual(['root-2', 'intermediate-2']);
    const served = (await service.services.listExternalAuthoritiesServed()).map(({ external }) => external.name);
    expect(served).toEqual(['corp-external-intermediate-2', 'corp-external-root-2']);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(`${home}/trust/corp.pem`, 'utf8')).toBe(next.root.pem);
  });

  it('issues nothing below a new authority elsewhere whose list is not there, where those of before were', async () => {
    const { service, ca, home, before } = await inForce();
    const listAt = (issuer: CorporateCa['root']) => makeCrl(issuer, { thisUpdate: nowOf(service) });
    await service.services.importCrl(admin, 'corp-external-root', listAt(ca.root));
    const { intermediate } = makeCorporateCa(nowOf(service), { intermediate: { issuer: ca.root } });
    await service.services.startRotation(admin, name, {});
    await importFrom(service, { ...ca, intermediate, sign: (csr) => ca.sign(csr, { issuer: intermediate }) });
    expect(await advance(service)).toBe('trusted');
    await service.housekeep();
    expect(await obstaclesOf(service)).toEqual([expect.stringContaining('corp-external-intermediate-2: its list')]);
    expect(await codeOf(advance(service))).toBe('conflict');
    await service.services.importCrl(admin, 'corp-external-intermediate-2', listAt(intermediate));
    expect(await advance(service)).toBe('issuing');
    // The one that is left is told of for as long as its last list is good.
    await service.services.importCrl(admin, 'corp-external-intermediate', listAt(ca.intermediate));
    await follow(service, before);
    expect([await advance(service), await advance(service)]).toEqual(['retiring', 'retired']);
    const served = async () =>
      (await service.services.listExternalAuthoritiesServed()).map(({ external }) => external.name.slice(14));
    expect(await served()).toEqual(['intermediate', 'intermediate-2', 'root']);
    service.pass(91 * 86_400);
    expect(await served()).toEqual(['intermediate-2', 'root']);
    // The doctor asks neither for the last list of what is retired, nor for one that nobody makes any more.
    expect(listsIn(home, nowOf(service))).toEqual([
      ['corp-issuing.2', 'dev-issuing', 'dev-root', 'system'],
      ['corp-external-intermediate-2', 'corp-external-root'],
    ]);
  });

  it('whose certificates are left in use at its end still needs the lists above it, as the doctor knows, too', async () => {
    const { service, ca, home } = await inForce();
    const listAt = (issuer: CorporateCa['root']) =>
      makeCrl(issuer, { thisUpdate: nowOf(service), nextUpdate: nowOf(service) + 400 * 86_400 });
    await service.services.importCrl(admin, 'corp-external-root', listAt(ca.root));
    await service.services.importCrl(admin, 'corp-external-intermediate', listAt(ca.intermediate));
    const { intermediate } = makeCorporateCa(nowOf(service), { intermediate: { issuer: ca.root } });
    await service.services.startRotation(admin, name, {});
    await importFrom(service, { ...ca, intermediate, sign: (csr) => ca.sign(csr, { issuer: intermediate }) });
    await advance(service);
    await service.services.importCrl(admin, 'corp-external-intermediate-2', listAt(intermediate));
    await service.housekeep();
    for (const state of ['issuing', 'retiring', 'retired']) expect(await advance(service, reason)).toBe(state);
    const imported = () => listsIn(home, nowOf(service))[1];
    const { inventory } = service;
    const external = createExternalDirectory(inventory);
    const inUse = async () =>
      (await externalInUse({ inventory, external }, nowOf(service))).map((view) => view.external.name).sort();
    const both = ['corp-external-intermediate', 'corp-external-intermediate-2', 'corp-external-root'];
    expect([imported(), await inUse()]).toEqual([both, both]);
    service.pass(91 * 86_400);
    const left = ['corp-external-intermediate-2', 'corp-external-root'];
    expect([imported(), await inUse()]).toEqual([left, left]);
  });

  it('does not wait for a newer list of an authority that it was below already', async () => {
    const { service, ca } = await inForce();
    const thisUpdate = nowOf(service);
    const list = makeCrl(ca.root, { thisUpdate, nextUpdate: thisUpdate + 3600 });
    await service.services.importCrl(admin, 'corp-external-root', list);
    await service.services.startRotation(admin, name, {});
    await importFrom(service, ca);
    expect(await advance(service)).toBe('trusted');
    service.pass(7200);
    await service.housekeep();
    expect(await obstaclesOf(service)).toEqual([]);
    expect(await advance(service)).toBe('issuing');
  });

  it('is no matter of the authority that signs it, whose key is not here', async () => {
    const { service } = await inForce();
    const root = 'corp-external-root';
    expect(await codeOf(service.services.planRotation(root, {}))).toBe('conflict');
    expect(await codeOf(service.services.planCompromise(root, {}))).toBe('conflict');
  });

  it('frees an authority that its signer revoked', async () => {
    const { service, ca } = await inForce();
    const { certificate } = await service.services.authority(name);
    const crlPem = makeCrl(ca.intermediate, { thisUpdate: nowOf(service), revoked: [certificate.serial] });
    await service.services.importCrl(admin, 'corp-external-intermediate', crlPem);
    expect(await codeOf(issue(service))).toBe('policyRefused');
    await service.services.startRotation(admin, name, {});
    await importFrom(service, ca);
    await advance(service, reason);
    await service.housekeep();
    await advance(service, reason);
    expect((await issue(service)).issuer).toBe('corp-issuing.2');
  });
});

describe('an authority that is signed elsewhere and compromised', () => {
  it('stops at once, gives the CSR of its replacement, and is replaced when that has its certificate', async () => {
    const { service, ca, before } = await inForce();
    const given = { reason: 'the key was found in a log' };
    const serial = before.record.issuerSerial;
    expect(await service.services.planCompromise(name, {})).toMatchObject({
      revoked: [],
      revocableElsewhere: [{ serial, issuer: 'corp-external-intermediate' }],
    });
    const outcome = await service.services.declareCompromise(admin, name, given);
    expect(outcome).toMatchObject({ waiting: ['corp-issuing.2'], campaigns: [], revoked: [] });
    expect(await codeOf(issue(service))).toBe('signerUnavailable');
    await importFrom(service, ca);
    const completed = await service.services.declareCompromise(admin, name, given);
    expect(completed).toMatchObject({ waiting: [], campaigns: [expect.any(String)] });
    expect((await issue(service)).issuer).toBe('corp-issuing.2');
  });
});

/** Its certificates say where the lists are, for clients that fetch them. */
function listingCa(now: number): CorporateCa {
  const at = (issuer: string) => ({ more: [crlDistributionPoints([`http://pki.corp.example/crl/${issuer}.crl`])] });
  const ca = makeCorporateCa(now, { intermediate: at('corp-external-root') });
  return { ...ca, sign: (csrDer, options) => ca.sign(csrDer, { ...at('corp-external-intermediate'), ...options }) };
}

describe('the chain below a corporate root', () => {
  const believed = async (judge: ChainJudge): Promise<void> => {
    const { service, ca, home, before } = await inForce(undefined, listingCa);
    await service.services.importCrl(admin, 'corp-external-root', makeCrl(ca.root, { thisUpdate: nowOf(service) }));
    const list = makeCrl(ca.intermediate, { thisUpdate: nowOf(service) });
    await service.services.importCrl(admin, 'corp-external-intermediate', list);
    await service.housekeep();
    const say = (view: CertificateView) =>
      judgeChain(service, (file) => `${home}/${file}`, { view, trusts: [ca.root.der], withLists: true, judge });
    expect(await say(before)).toBe('OK');
    await service.services.startRotation(admin, name, {});
    await importFrom(service, ca);
    await advance(service, reason);
    await service.housekeep();
    await advance(service, reason);
    await service.housekeep();
    expect([await say(before), await say(await issue(service))]).toEqual(['OK', 'OK']);
    const { certificate } = await service.services.authority(name);
    service.pass(10);
    const revoked = makeCrl(ca.intermediate, { thisUpdate: nowOf(service), revoked: [certificate.serial] });
    const view = await issue(service);
    await service.services.importCrl(admin, 'corp-external-intermediate', revoked);
    // Java looks for another path then, and only says that there is none.
    expect(await say(view)).toMatch(/revoked|unable to find valid certification path/);
  };
  itWith('openssl', 'is believed by openssl before and during a rotation, and not once revoked', () =>
    believed('openssl'),
  );
  itWith(
    'javac',
    'is believed by Java before and during a rotation, and not once revoked',
    () => believed('javac'),
    120_000,
  );
});
