import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { openAuditLogFile } from '../../../src/adapters/inventory-sqlite/copies/audit-log-file.ts';
import { parseCheckpointNote } from '../../../src/domain/audit/checkpoint.ts';
import { createJudgeCheckpoint, proofOf } from '../../../src/domain/audit/checkpoint-trust.ts';
import { verifyAuditLog } from '../../../src/domain/audit/verify-log.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault, failingVault } from '../../support/changed-vault.ts';
import { listedPage } from '../../support/listed-page.ts';
import { codeOf } from '../../support/rejection.ts';
import {
  admin,
  firstRunService,
  openService,
  type ServiceOptions,
  type TestService,
} from '../../support/service-builder.ts';
import { suiteFolder, suiteHomes } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const newHome = suiteHomes();
const opened: TestService[] = [];
afterEach(async () => {
  for (const service of opened.splice(0)) await service.close();
});

/** A service with what came after its first run signed. */
async function signedService(options: Partial<ServiceOptions> = {}) {
  const home = newHome();
  const service = await firstRunService({ ...options, home });
  opened.push(service);
  await service.signAuditLog();
  return { service, home };
}

/** A service after a restart, whose vault signs nothing while `failsNow` says so. */
async function unsignedService(name: string, failsNow: () => boolean): Promise<TestService> {
  const home = folder(name);
  await (await firstRunService({ home })).close();
  const service = await openService({ home, wrapVault: (vault) => failingVault(vault, failsNow) });
  opened.push(service);
  return service;
}

const close = async (service: TestService): Promise<void> => {
  opened.splice(opened.indexOf(service), 1);
  await service.close();
};
const reopen = async (home: string): Promise<TestService> => {
  const service = await openService({ home });
  opened.push(service);
  return service;
};
const event = (service: TestService) =>
  service.inventory.appendAudit({ at: service.clock.now(), kind: 'crl.published', actor: 'test', object: 'x' });
const signedSeq = async ({ inventory }: TestService) => (await inventory.latestCheckpoint())?.seq;
const newestSeq = async ({ inventory }: TestService) => (await inventory.auditEnds())!.newest.seq;
const auditProblem = async ({ services }: TestService) =>
  (await services.readiness()).find(({ name }) => name === 'audit')?.reason;
/** The housekeeping looks once a second; less often here, which is only harder. */
const tick = async (service: TestService, seconds: number): Promise<void> => {
  for (let passed = 0; passed < seconds; passed += 5) {
    service.pass(5);
    await service.housekeep();
  }
};

async function verify(service: TestService, home: string) {
  const { certificateDer } = await service.directory.get('system');
  const log = openAuditLogFile(join(home, 'privyseal.db'));
  try {
    return await verifyAuditLog({ log, judge: createJudgeCheckpoint({ systemDers: [certificateDer] }) });
  } finally {
    await log.close();
  }
}

describe('the checkpoints of the audit log', () => {
  it('cover the first run, the key’s own events too, and verify while the service runs', async () => {
    const { service, home } = await signedService();
    expect(await signedSeq(service)).toBe(await newestSeq(service));
    const verdict = await verify(service, home);
    expect(verdict).toMatchObject({ checkpoints: 1, signedSeq: await newestSeq(service) });
    expect(verdict.fault).toBeUndefined();
    const kinds = (await service.inventory.auditEvents(0, 1000)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'auditKey.activated')).toHaveLength(1);
  });

  it('are signed by a key of the vault of system that is certified for nothing else', async () => {
    const { service } = await signedService();
    const { certificateDer } = (await service.inventory.latestCheckpoint())!;
    const certificate = parseCertificate(certificateDer);
    expect(certificate).toMatchObject({
      extKeyUsage: [oids.documentSigning],
      basicConstraints: { ca: false },
      names: [],
    });
    const keys = (await service.vault.listKeys()).filter(({ name }) => name.startsWith('audit.'));
    expect(keys.map(({ publicKeyDer }) => Buffer.from(publicKeyDer))).toEqual([Buffer.from(certificate.spkiDer)]);
    const purposes = await listedPage(service.services, admin, {
      purpose: 'auditLog',
      sort: 'requestedAt',
      limit: 10,
    });
    expect(purposes.items.map(({ serial }) => serial)).toEqual([certificate.serial]);
  });

  it('come within a minute of any event, and not without one', async () => {
    const { service } = await signedService();
    await tick(service, 5);
    for (let minute = 0; minute < 2; minute++) {
      await event(service);
      const seq = await newestSeq(service);
      await tick(service, 55);
      expect(await signedSeq(service)).toBeGreaterThanOrEqual(seq);
    }
    await tick(service, 60);
    const before = await signedSeq(service);
    await tick(service, 120);
    expect(await signedSeq(service)).toBe(before);
  });

  it('are in the home as one file that needs nothing else but trust in system', async () => {
    const { service, home } = await signedService();
    const note = readFileSync(join(home, 'audit/checkpoint'), 'utf8');
    expect(await service.services.latestCheckpoint()).toMatchObject({
      note,
      checkpoint: { seq: await newestSeq(service) },
    });
    const { certificateDer } = await service.directory.get('system');
    const judge = createJudgeCheckpoint({ systemDers: [certificateDer] });
    expect(await judge(proofOf(parseCheckpointNote(note)!))).toBeUndefined();
  });

  it('are signed by the first look after a start, and put back into a home that lost the file', async () => {
    const { service, home } = await signedService();
    await event(service);
    await close(service);
    rmSync(join(home, 'audit'), { recursive: true });
    const next = await reopen(home);
    await next.housekeep();
    const seq = await signedSeq(next);
    expect(readFileSync(join(home, 'audit/checkpoint'), 'utf8')).toContain(`\nseq ${seq}\n`);
    expect(seq).toBe(await newestSeq(next));
  });

  it('go on with the same key after a restart', async () => {
    const { service, home } = await signedService();
    await event(service);
    await close(service);
    const next = await reopen(home);
    await next.signAuditLog();
    expect(await signedSeq(next)).toBe(await newestSeq(next));
    expect((await next.vault.listKeys()).filter(({ name }) => name.startsWith('audit.'))).toHaveLength(1);
    expect((await verify(next, home)).checkpoints).toBe(2);
  });

  it('are not signed for a log that no longer holds what was signed, and readiness says so', async () => {
    const { service, home } = await signedService();
    await event(service);
    await service.signAuditLog();
    await close(service);
    const database = new Database(join(home, 'privyseal.db'));
    database.exec('DROP TRIGGER audit_events_stay; PRAGMA foreign_keys = OFF; DELETE FROM audit_events WHERE seq > 20');
    database.close();
    rmSync(join(home, 'audit/checkpoint'));
    const next = await reopen(home);
    const before = await signedSeq(next);
    await event(next);
    await next.signAuditLog();
    expect(await signedSeq(next)).toBe(before);
    expect(await auditProblem(next)).toMatch(/no longer holds event/);
    expect((await verify(next, home)).fault?.code).toBe('truncated');
  });

  it('keep a service from starting on an older database, on another, and on none', async () => {
    const { service, home } = await signedService();
    await close(service);
    const [database, kept] = [join(home, 'privyseal.db'), join(home, 'audit/checkpoint')];
    copyFileSync(database, join(home, 'older'));
    const next = await reopen(home);
    await event(next);
    await next.signAuditLog();
    await close(next);
    copyFileSync(database, join(home, 'right'));
    const other = await signedService();
    await close(other.service);
    const open = () => codeOf(openService({ home }));
    copyFileSync(join(home, 'older'), database);
    expect(await open()).toBe('homeDamaged');
    copyFileSync(join(other.home, 'privyseal.db'), database);
    expect(await open()).toBe('homeDamaged');
    rmSync(database);
    expect(await open()).toBe('homeDamaged');
    copyFileSync(join(home, 'right'), database);
    await close(await reopen(home));
    // Whoever means it moves the checkpoint away.
    copyFileSync(join(home, 'older'), database);
    rmSync(kept);
    await reopen(home);
  });

  it('come as soon as the signer is back, and readiness tells until then', async () => {
    let signerFails = false;
    const { service } = await signedService({ wrapVault: (vault) => failingVault(vault, () => signerFails) });
    signerFails = true;
    await event(service);
    await tick(service, 55);
    expect(await auditProblem(service)).toBe('down');
    signerFails = false;
    await tick(service, 5);
    expect(await auditProblem(service)).toBeUndefined();
    expect(await signedSeq(service)).toBe(await newestSeq(service));
  });

  it('leave no key behind each time that system cannot certify one, and are not tried at every look', async () => {
    let signerFails = false;
    const service = await unsignedService('keyless', () => signerFails);
    for (const { id } of await service.directory.all()) await service.services.crl(id);
    signerFails = true;
    const before = await service.inventory.counts();
    for (let second = 0; second < 29; second++) {
      await service.housekeep();
      service.pass(1);
    }
    expect((await service.inventory.counts()).certificates - before.certificates).toBe(1);
    expect((await service.vault.listKeys()).filter(({ name }) => name.startsWith('audit.'))).toEqual([]);
    signerFails = false;
    await tick(service, 30);
    expect(await signedSeq(service)).toBe(await newestSeq(service));
  });

  it('are tried at once again when a vault that says when it is away is back', async () => {
    let isAway = false;
    const home = folder('vault-back');
    await (await firstRunService({ home })).close();
    const wrapVault = (vault: Vault) =>
      changedVault(
        failingVault(vault, () => isAway),
        { problem: () => (isAway ? 'away' : undefined) },
      );
    const service = await openService({ home, wrapVault });
    opened.push(service);
    for (const { id } of await service.directory.all()) await service.services.crl(id);
    isAway = true;
    const before = await service.inventory.counts();
    for (let second = 0; second < 5; second++) {
      await service.housekeep();
      service.pass(1);
    }
    expect(await auditProblem(service)).toBe('down');
    isAway = false;
    service.pass(1);
    await service.housekeep();
    expect(await auditProblem(service)).toBeUndefined();
    expect(await signedSeq(service)).toBe(await newestSeq(service));
    expect((await service.inventory.counts()).certificates - before.certificates).toBe(2);
  });

  it('are tried at once again under the next generation of system', async () => {
    let signerFails = false;
    const service = await unsignedService('next-generation', () => signerFails);
    signerFails = true;
    await service.housekeep();
    expect(await auditProblem(service)).toBe('down');
    signerFails = false;
    await service.services.declareCompromise(admin, 'system', { reason: 'its key was copied' });
    service.pass(1);
    await service.housekeep();
    expect(await auditProblem(service)).toBeUndefined();
    expect(await signedSeq(service)).toBeGreaterThan(0);
  });

  it('wait while the clock is not believed, and tell the log of it once', async () => {
    const quiet = (): void => undefined;
    const told: string[] = [];
    const error = (_what: object, message: string) => void told.push(message);
    const { service } = await signedService({ log: { info: quiet, warn: quiet, error } });
    const before = await signedSeq(service);
    await event(service);
    service.jump(-7200);
    for (let tries = 0; tries < 3; tries++) await service.signAuditLog();
    expect(await signedSeq(service)).toBe(before);
    expect(told).toEqual(['the audit log has no checkpoint of its newest event; trying again']);
    service.jump(7200);
    await service.signAuditLog();
    service.jump(-7200);
    await event(service);
    await service.signAuditLog();
    expect(told).toHaveLength(2);
  });

  it.each<[string, (service: TestService) => Promise<unknown>]>([
    [
      'was revoked',
      async (service) => {
        const serial = parseCertificate((await service.inventory.latestCheckpoint())!.certificateDer).serial;
        const revocation = { at: Math.floor(service.clock.now() / 1000), reason: 'superseded' } as const;
        const audit = { at: service.clock.now(), kind: 'certificate.revoked', actor: 'test', object: serial } as const;
        await service.inventory.revokeCertificate({ serial, revocation, audit });
      },
    ],
    ['is past two thirds of its life', async (service) => service.pass(500 * 86_400)],
    [
      'is not in the vault any more',
      async (service) => {
        const [key] = (await service.vault.listKeys()).filter(({ name }) => name.startsWith('audit.'));
        await service.vault.destroyKey(key!.name);
      },
    ],
  ])('are signed by a new key when the one in force %s, and the old ones still verify', async (_what, act) => {
    const { service, home } = await signedService();
    const first = (await service.inventory.latestCheckpoint())!;
    await act(service);
    await event(service);
    await service.signAuditLog();
    const second = (await service.inventory.latestCheckpoint())!;
    expect(second.seq).toBeGreaterThan(first.seq);
    expect(Buffer.from(second.certificateDer)).not.toEqual(Buffer.from(first.certificateDer));
    expect((await verify(service, home)).fault).toBeUndefined();
  });

  it('are notFound before the first', async () => {
    const service = await openService({ home: newHome() });
    opened.push(service);
    expect(await codeOf(service.services.latestCheckpoint())).toBe('notFound');
    await service.signAuditLog();
    expect(await service.inventory.latestCheckpoint()).toBeUndefined();
  });
});

describe('the list of audit events', () => {
  it('goes on from page to page while events come, each once, and takes a cursor only for the same filters', async () => {
    const { service } = await signedService();
    const query = { actor: 'test', sort: 'seq', limit: 3 } as const;
    for (let index = 0; index < 8; index++) await event(service);
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const page = await service.services.listAuditEvents({ ...query, ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ seq }) => seq));
      cursor = page.nextCursor;
      if (seen.length === 3) await event(service);
      if (cursor) {
        const other = service.services.listAuditEvents({ ...query, actor: 'service', cursor });
        expect(await codeOf(other)).toBe('malformed');
      }
    } while (cursor);
    expect(seen).toHaveLength(9);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  it('goes backwards, too', async () => {
    const { service } = await signedService();
    const first = await service.services.listAuditEvents({ sort: '-seq', limit: 2 });
    const second = await service.services.listAuditEvents({ sort: '-seq', limit: 2, cursor: first.nextCursor! });
    const newest = await newestSeq(service);
    expect([...first.items, ...second.items].map(({ seq }) => newest - seq)).toEqual([0, 1, 2, 3]);
  });
});
