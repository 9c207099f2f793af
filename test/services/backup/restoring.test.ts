import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupManifest } from '../../../src/domain/backup/manifest.ts';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import { chooseNewestLists, type GivenList } from '../../../src/services/backup/newest-lists.ts';
import { type RestorePlan, restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { issuingDistributionPoint, makeCorporateCa, makeCrl, pointNamed } from '../../support/external-chain.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

/**
 * Two services stand for two times of one: `lost` went on after the backup, `kept` is the backup. They share nothing, so
 * each test makes `kept` know what it needs of `lost`.
 */
const folder = suiteFolder();
let lost: TestService;
let stranger: TestService;
let manifest: BackupManifest;
beforeAll(async () => {
  lost = await firstRunService({ home: folder('lost') });
  stranger = await firstRunService({ home: folder('stranger') });
  await lost.housekeep();
  manifest = await manifestOf(lost);
});
afterAll(async () => {
  await lost.close();
  await stranger.close();
});

async function manifestOf({ directory, services, inventory }: TestService): Promise<BackupManifest> {
  const newest = (await inventory.auditEvents(0, 10_000)).at(-1)!;
  const authorities = [];
  for (const { authority, facts } of await directory.all()) {
    const { crlNumber } = await services.crl(authority.name);
    const keyIdentifier = Buffer.from(facts.subjectKeyIdentifier).toString('hex');
    authorities.push({
      name: authority.name,
      keyIdentifier,
      crlNumber: Number(crlNumber),
      crlUrl: `http://ca.test/crl/${authority.name}.crl`,
    });
  }
  return backupManifest({ authorities, audit: { seq: newest.seq, hash: newest.hash } });
}

const list = async (service: TestService, authority: string): Promise<GivenList> => ({
  file: `${authority}.crl`,
  content: (await service.services.crl(authority)).der,
});
const allLists = (service: TestService): Promise<GivenList[]> =>
  Promise.all(['system', 'dev-root', 'dev-issuing'].map((name) => list(service, name)));
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const choose = (given: readonly GivenList[], withoutCrl: readonly string[] = []) =>
  chooseNewestLists(manifest, { given, withoutCrl });

async function issue(): Promise<string> {
  const csrDer = buildCsr({ key: makeSigningKey() });
  return (await certified(lost, await demoToken(lost), { csrDer, lifetimeSeconds: 86_400 })).record.serial;
}

describe('the newest lists', () => {
  it('are one of each authority, DER or PEM, also all of them in one file as nginx has them', async () => {
    const given = await allLists(lost);
    expect(choose(given).newest.map(({ authority }) => authority)).toEqual(['system', 'dev-root', 'dev-issuing']);
    const pem = given.map(({ file, content }) => ({ file, content: Buffer.from(encodePem('X509 CRL', content)) }));
    expect(choose(pem).newest).toHaveLength(3);
    const all = { file: 'crl.pem', content: Buffer.concat(pem.map(({ content }) => content)) };
    expect(choose([all]).newest.map(({ authority }) => authority)).toEqual(['system', 'dev-root', 'dev-issuing']);
  });

  it('are asked for by name and address where one is missing', async () => {
    const [system] = await allLists(lost);
    expect(codeOf(() => choose([system!]))).toBe('crlMissing');
    expect(() => choose([system!])).toThrow(/dev-root.*http:\/\/ca\.test\/crl\/dev-root\.crl/);
    expect(() => choose([system!])).toThrow(/--without-crl dev-issuing/);
    expect(choose([system!], ['dev-root', 'dev-issuing']).newest).toHaveLength(1);
  });

  it('are the newest of those given', async () => {
    const before = await allLists(lost);
    lost.pass(100_000);
    const after = await allLists(lost);
    const newest = after.map(({ content }) => parseCrl(content).crlNumber);
    for (const given of [
      [...before, ...after],
      [...after, ...before],
    ]) {
      expect(choose(given).newest.map(({ crl }) => crl.crlNumber)).toEqual(newest);
    }
  });

  it('are refused when one is no list', async () => {
    const given = [...(await allLists(lost)), { file: 'x', content: Buffer.from('no list at all') }];
    expect(codeOf(() => choose(given))).toBe('crlUnusable');
  });

  it('leave aside those of nobody that the backup asks for, as a mirror has them, which stand for none that is missing', async () => {
    const given = await allLists(lost);
    const strange = await list(stranger, 'dev-issuing');
    const now = lost.clock.now() / 1000;
    const point = issuingDistributionPoint(pointNamed('http://corp.test/root.crl'));
    const pem = makeCrl(makeCorporateCa(now).root, { thisUpdate: now, nextUpdate: now + 3600, more: [point] });
    const corporate = { file: 'corp.crl', content: Buffer.from(pem) };
    const { newest, others } = choose([...given, strange, corporate]);
    expect(newest.map(({ authority }) => authority)).toEqual(['system', 'dev-root', 'dev-issuing']);
    expect(others.map(({ file }) => file)).toEqual([strange.file, 'corp.crl']);
    expect(() => choose([given[0]!, given[1]!, strange])).toThrow(/- dev-issuing.*dev-issuing\.crl, of CN=.* none of/s);
  });

  it('are refused when the newest of an authority is older than the backup’s own, and older ones beside it are not', async () => {
    const older = await allLists(lost);
    lost.pass(100_000);
    const given = await allLists(lost);
    const since = manifest.authorities.map((authority) => ({
      ...authority,
      crlNumber: parseCrl(given.find(({ file }) => file === `${authority.name}.crl`)!.content).crlNumber,
    }));
    const chosen = (lists: readonly GivenList[]) =>
      chooseNewestLists({ ...manifest, authorities: since }, { given: lists, withoutCrl: [] });
    expect(codeOf(() => chosen(older))).toBe('crlUnusable');
    expect(() => chosen(older)).toThrow(/admit it with --without-crl [a-z-]+: /);
    expect(chosen([...older, ...given]).newest).toHaveLength(3);
  });

  it('are not given and admitted to be lost at once, nor admitted for an authority that is none', async () => {
    const given = await allLists(lost);
    expect(codeOf(() => choose(given, ['dev-root']))).toBe('crlUnusable');
    expect(codeOf(() => choose(given, ['dev-rot']))).toBe('crlUnusable');
  });
});

describe('restoreInventory', () => {
  /** CertStatus by its context tag right behind the CertID, as RFC 6960 §4.2.1 numbers it. */
  const ocsp = async (serial: string): Promise<string> => {
    const { facts, parsed } = await lost.directory.get('dev-issuing');
    const certId = encodeCertId({ subjectDer: facts.subjectDer, key: { spkiDer: parsed.spkiDer } }, serial);
    const { der } = await lost.services.answerOcsp('dev-issuing', encodeOcspRequest([certId]));
    const tag = der[Buffer.from(der).indexOf(Buffer.from(certId)) + certId.length]!;
    return { 128: 'good', 161: 'revoked', 130: 'unknown' }[tag] ?? `tag ${tag}`;
  };
  const planOf = (given: readonly GivenList[], options: Partial<RestorePlan> = {}): RestorePlan => ({
    manifest,
    lists: choose(given),
    withoutCrl: [],
    keepTokens: false,
    ...options,
  });
  const restore = (plan: RestorePlan, now = lost.clock.now()) =>
    restoreInventory({ inventory: lost.inventory, now, version: '0.1.0' }, plan);

  it('takes nothing from a list that its authority did not sign', async () => {
    const given = await allLists(lost);
    const der = Buffer.from(given[2]!.content);
    der[der.length - 20] = der[der.length - 20]! ^ 1;
    const { auditEvents } = await lost.inventory.counts();
    const forged = planOf([given[0]!, given[1]!, { file: 'forged.crl', content: der }]);
    await expect(restore(forged)).rejects.toMatchObject({ code: 'crlUnusable' });
    expect((await lost.inventory.counts()).auditEvents).toBe(auditEvents);
  });

  it('does nothing while the clock is behind the backup', async () => {
    const plan = planOf(await allLists(lost));
    await expect(restore(plan, lost.clock.now() - 3_600_000)).rejects.toMatchObject({ code: 'clockUnsafe' });
  });

  it('revokes again what the list says, and says so in the audit log', async () => {
    const [gone, held, good] = [await issue(), await issue(), await issue()];
    for (const serial of [gone, held])
      await lost.services.revokeCertificate(admin, serial, { reason: 'certificateHold' });
    await lost.services.revokeCertificate(admin, held, { reason: 'superseded' });
    await lost.housekeep();
    const plan = planOf(await allLists(lost));
    await lost.services.releaseCertificate(admin, gone);
    const report = await restore(plan);
    expect(report.lists.find(({ authority }) => authority === 'dev-issuing')).toMatchObject({
      revoked: 1,
      quarantined: 0,
    });
    expect((await lost.inventory.certificate(gone))?.revocation?.reason).toBe('certificateHold');
    expect((await lost.inventory.certificate(held))?.revocation?.reason).toBe('superseded');
    expect((await lost.inventory.certificate(good))?.state).toBe('issued');
    const events = await lost.inventory.auditEvents(0, 10_000);
    const at = events.findIndex(({ kind }) => kind === 'service.restored');
    expect(events[at]?.details).toMatchObject({
      backupSeq: manifest.audit.seq,
      backupHash: manifest.audit.hash,
      revoked: 1,
    });
    expect(events[at + 1]).toMatchObject({ kind: 'certificate.revoked', object: `certificate:${gone}` });
  });

  it('keeps revoked, on list and in OCSP, what the backup does not know', async () => {
    const serial = await issue();
    await lost.services.revokeCertificate(admin, serial, { reason: 'keyCompromise' });
    await lost.housekeep();
    const given = await allLists(lost);
    // A backup from before: the same authority with an inventory that never heard of the serial.
    const forgetful = {
      ...lost.inventory,
      certificate: async (asked: string) => (asked === serial ? undefined : lost.inventory.certificate(asked)),
    };
    const report = await restoreInventory(
      { inventory: forgetful, now: lost.clock.now(), version: '0.1.0' },
      planOf(given),
    );
    expect(report.lists.find(({ authority }) => authority === 'dev-issuing')?.quarantined).toBe(1);
    expect(await lost.inventory.quarantined('dev-issuing', serial)).toMatchObject({ reason: 'keyCompromise' });
    const issuer = await lost.directory.get('dev-issuing');
    const listed = await lost.inventory.revokedEntries('dev-issuing', issuer.parsed.notAfter);
    expect(listed.map((entry) => entry.serial)).toContain(serial);
  });

  it('answers OCSP for a quarantined serial as the list does', async () => {
    const serial = `7f${'ab'.repeat(19)}`;
    expect(await ocsp(serial)).toBe('unknown');
    const revocation = { at: 1_700_000_000, reason: 'keyCompromise' } as const;
    const audit = { at: lost.clock.now(), kind: 'certificate.quarantined', actor: 'service', object: 'x' } as const;
    const quarantined = [{ authority: 'dev-issuing', serial, revocation, audit, listedUntil: 2 ** 32 }];
    await lost.inventory.recordRestoration({
      audit,
      revoked: [],
      quarantined,
      compromised: [],
      crls: [],
      tokensEndAt: null,
    });
    // What was answered before is kept for half of its life.
    lost.pass(7200);
    expect(await ocsp(serial)).toBe('revoked');
  });

  it('ends the enrolment tokens of the backup, unless they are to be kept', async () => {
    const token = async () => {
      const caller = await demoToken(lost);
      return caller.kind === 'token' ? caller.tokenId : '';
    };
    const [kept, ended] = [await token(), await token()];
    const expiresAt = (await lost.inventory.token(kept))?.expiresAt;
    await restore(planOf(await allLists(lost), { keepTokens: true }));
    expect((await lost.inventory.token(kept))?.expiresAt).toBe(expiresAt);
    await restore(planOf(await allLists(lost)));
    expect((await lost.inventory.token(ended))?.expiresAt).toBe(lost.clock.now());
  });

  it('tells of lists whose time is over, as a mirror that stopped long ago has them', async () => {
    const isOver = async () => (await restore(planOf(await allLists(lost)))).lists.map((each) => each.isOver);
    await lost.housekeep();
    expect(await isOver()).toEqual([false, false, false]);
    const plan = planOf(await allLists(lost));
    expect((await restore(plan, lost.clock.now() + 2 * 86_400_000)).lists.every((each) => each.isOver)).toBe(true);
  });
});
