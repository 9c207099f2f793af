import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditChainHash, auditGenesisHash, canonicalAuditEvent } from '../../../src/domain/records/audit-event.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import { defaultClockLimits } from '../../../src/services/guard-clock.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { listedPage } from '../../support/listed-page.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const day = 86_400;
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data'), settings: { archiveAfterDays: 100 } });
});
afterAll(() => service.close());

async function issue(): Promise<string> {
  const csrDer = buildCsr({ key: makeSigningKey() });
  return (await certified(service, await demoToken(service), { csrDer, lifetimeSeconds: 30 * day })).record.serial;
}

const isArchived = async (serial: string): Promise<boolean> =>
  !(await service.inventory.archivable({ expiredBefore: 2 ** 40, crlLifetimeSeconds: 0, limit: 10_000 })).includes(
    serial,
  );

/** Housekeeping once a day, as lists need it. */
async function live(days: number): Promise<void> {
  for (let passed = 0; passed < days; passed++) {
    service.pass(day);
    await service.housekeep();
  }
}

describe('retention', () => {
  it('archives what expired long ago, and goes on answering for it', async () => {
    const [good, revoked, held] = [await issue(), await issue(), await issue()];
    await service.services.revokeCertificate(admin, revoked, { reason: 'superseded' });
    await service.services.revokeCertificate(admin, held, { reason: 'certificateHold' });
    const before = await service.inventory.counts();

    await live(129);
    expect(await Promise.all([good, revoked, held].map(isArchived))).toEqual([false, false, false]);
    await live(3);
    expect(await Promise.all([good, revoked, held].map(isArchived))).toEqual([true, true, true]);

    const view = await service.services.readCertificate(admin, good);
    expect(view.record).toMatchObject({ state: 'issued', serial: good });
    expect(view.chainDer).toHaveLength(1);
    expect((await service.services.readCertificate(admin, held)).record.revocation?.reason).toBe('certificateHold');
    expect(await ocspStatus(good)).toBe('good');
    expect(await ocspStatus(revoked)).toBe('revoked');
    const after = await service.inventory.counts();
    expect(after.archived).toBeGreaterThanOrEqual(3);
    expect([after.certificates >= before.certificates, after.revoked >= before.revoked]).toEqual([true, true]);
    await issue();
  });

  it('keeps a revoked certificate while no list was published after its end', async () => {
    const serial = await issue();
    await service.services.revokeCertificate(admin, serial, { reason: 'keyCompromise' });
    await service.housekeep();
    // A long silence: the list that was made before the end is still the newest.
    service.pass(140 * day);
    const query = { expiredBefore: service.clock.now() / 1000 - 100 * day, crlLifetimeSeconds: day, limit: 100 };
    expect(await service.inventory.archivable(query)).not.toContain(serial);
    await live(2);
    service.pass(60);
    await service.housekeep();
    expect(await isArchived(serial)).toBe(true);
    const { der } = await service.services.crl('dev-issuing');
    expect(parseCrl(der).entries.map((entry) => entry.serial)).not.toContain(serial);
  });

  it('never takes an authority’s certificate, nor anything while the clock is not believed', async () => {
    for (const { certificate } of await service.directory.all())
      expect((await service.services.readCertificate(admin, certificate.serial)).record.purpose).toBe('authority');
    const { items } = await listedPage(service.services, admin, {
      purpose: 'authority',
      sort: 'notAfter',
      limit: 100,
    });
    expect(items).toHaveLength(3);
    const serial = await issue();
    service.jump(1000 * day);
    await service.housekeep().catch(() => undefined);
    service.jump(-1000 * day);
    expect(await isArchived(serial)).toBe(false);
  });

  it('waits for another start where the clock is believed only because somebody said so', async () => {
    const clockLimits = { ...defaultClockLimits, acceptClock: true };
    const told = await firstRunService({ home: folder('told'), settings: { archiveAfterDays: 1, clockLimits } });
    const lifetimeSeconds = 30 * day;
    await certified(told, await demoToken(told), { csrDer: buildCsr({ key: makeSigningKey() }), lifetimeSeconds });
    told.pass(600 * day);
    await told.housekeep();
    const expiredBefore = Math.floor(told.clock.now() / 1000) - day;
    const query = { expiredBefore, crlLifetimeSeconds: day, limit: 10 };
    expect((await told.inventory.archivable(query)).length).toBeGreaterThan(0);
    expect((await told.inventory.counts()).archived).toBe(0);
    await told.close();
  });

  it('tells in the audit log how many went, and leaves the chain whole', async () => {
    const events = await service.inventory.auditEvents(0, 100_000);
    const steps = events.filter(({ kind }) => kind === 'certificates.archived');
    const moved = steps.reduce((sum, { details }) => sum + Number(details?.certificates), 0);
    expect(moved).toBe((await service.inventory.counts()).archived);
    let last = auditGenesisHash;
    for (const { seq, previousHash, hash, ...entry } of events) {
      expect([previousHash, hash]).toEqual([last, auditChainHash(last, canonicalAuditEvent(seq, entry))]);
      last = hash;
    }
  });

  it('that fails holds up nothing else, and is tried again', async () => {
    let broken = true;
    const failing = await firstRunService({
      home: folder('failing'),
      settings: { archiveAfterDays: 1 },
      wrapInventory: (inventory) =>
        new Proxy(inventory, {
          get(target, name) {
            if (name === 'archiveCertificates' && broken) return () => Promise.reject(new Error('no'));
            const value: unknown = Reflect.get(target, name);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
    });
    await failing.issueServerCertificate();
    failing.pass(80 * day);
    await failing.housekeep();
    expect((await failing.inventory.counts()).archived).toBe(0);
    broken = false;
    failing.pass(60);
    await failing.housekeep();
    expect((await failing.inventory.counts()).archived).toBeGreaterThan(0);
    await failing.close();
  });

  it('moves many in steps, and issues meanwhile', async () => {
    for (let round = 0; round < 6; round++) await Promise.all(Array.from({ length: 20 }, issue));
    service.pass(140 * day);
    const { archived } = await service.inventory.counts();
    await service.housekeep();
    const afterOne = (await service.inventory.counts()).archived - archived;
    expect(afterOne).toBe(50);
    await Promise.all([issue(), service.housekeep(), issue()]);
    await service.housekeep();
    expect((await service.inventory.counts()).archived - archived).toBeGreaterThanOrEqual(120);
  });
});

/** CertStatus by its context tag right behind the CertID, as RFC 6960 §4.2.1 numbers it. */
async function ocspStatus(serial: string): Promise<string> {
  const { facts, parsed } = await service.directory.get('dev-issuing');
  const certId = encodeCertId({ subjectDer: facts.subjectDer, key: { spkiDer: parsed.spkiDer } }, serial);
  const { der } = await service.services.answerOcsp('dev-issuing', encodeOcspRequest([certId]));
  const tag = der[Buffer.from(der).indexOf(Buffer.from(certId)) + certId.length]!;
  return { 128: 'good', 161: 'revoked', 130: 'unknown' }[tag] ?? `tag ${tag}`;
}
