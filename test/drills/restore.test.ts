/** Back up under load, go on, lose the home, restore: nothing that was revoked comes back to life, judged by openssl where it is there. */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseCrl } from '../../src/domain/x509/read-crl.ts';
import { type IssuedCertificate, issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { itWith, run } from '../support/judges.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { runProgram } from '../support/program-run.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

/** By the names of their lists: `dev-issuing` is being replaced when the backup is made. */
const authorities = ['system', 'dev-root', 'dev-issuing', 'dev-issuing.2'] as const;

describe('a home that was lost and restored', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  const issued: Record<
    'keptGood' | 'revokedBefore' | 'held' | 'revokedAfter' | 'lostGood' | 'lostRevoked',
    IssuedCertificate[]
  > = { keptGood: [], revokedBefore: [], held: [], revokedAfter: [], lostGood: [], lostRevoked: [] };
  let acknowledgedBefore = 0;
  let numbers: Record<string, number> = {};
  let head: { seq: number; hash: string };
  let service: RunningService;

  const issue = async (kind: keyof typeof issued, count: number): Promise<void> => {
    for (let at = 0; at < count; at++)
      issued[kind].push(await issueCertificate(service, folder, { name: `${kind}${at}` }));
  };
  const revoke = async (kind: keyof typeof issued, reason: string): Promise<void> => {
    for (const { serial } of issued[kind]) await revokeCertificate(service, serial, reason);
  };
  const listed = async (authority = 'dev-issuing'): Promise<Map<string, string>> => {
    const { body } = await service.distribution(`/crl/${authority}.crl`);
    return new Map(parseCrl(body).entries.map(({ serial, reason }) => [serial, reason]));
  };
  const serials = (...kinds: (keyof typeof issued)[]): string[] =>
    kinds.flatMap((kind) => issued[kind].map(({ serial }) => serial));

  /** Issues as fast as it can until told to stop; resolves to how many certificates were acknowledged. */
  function load(): { stop(): Promise<number> } {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const csrs = Array.from({ length: 8 }, () => makeKeyRequest().csrDer);
    let running = true;
    let acknowledged = 0;
    const clients = csrs.slice(0, 4).map(async (csrDer) => {
      while (running) if ((await submit(service, { agent }, csrDer)).status === 201) acknowledged += 1;
    });
    return {
      async stop() {
        running = false;
        await Promise.all(clients);
        agent.destroy();
        return acknowledged;
      },
    };
  }

  beforeAll(async () => {
    service = await startService({ home: file('data') });
    await issue('keptGood', 3);
    await issue('revokedBefore', 2);
    await issue('held', 1);
    await issue('revokedAfter', 4);
    await revoke('revokedBefore', 'superseded');
    await revoke('held', 'certificateHold');

    // The first is signed a moment after the first events: a quick machine would be ahead of it.
    await vi.waitFor(() => expect(existsSync(service.path('audit/checkpoint'))).toBe(true), { timeout: 10_000 });
    expect((await runProgram(service.home, ['authority', 'rotate', 'start', 'dev-issuing', '--yes'])).code).toBe(0);
    const published = async (): Promise<number> => (await service.distribution('/crl/dev-issuing.2.crl')).status;
    await vi.waitFor(async () => expect(await published()).toBe(200), { timeout: 10_000 });
    const busy = load();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const backup = await runProgram(service.home, ['backup', file('b.tar'), '--json']);
    acknowledgedBefore = await busy.stop();
    expect([backup.code, backup.stderr]).toEqual([0, '']);
    const report = JSON.parse(backup.stdout);
    const manifest = { format: 'privyseal-backup/1', checkpoint: expect.stringContaining('\n') };
    expect(report).toMatchObject({ notAudited: null, manifest });
    head = report.manifest.audit;

    await issue('lostGood', 2);
    await issue('lostRevoked', 3);
    await revoke('revokedAfter', 'keyCompromise');
    await revoke('lostRevoked', 'affiliationChanged');
    await vi.waitFor(
      async () =>
        expect([...(await listed()).keys()]).toEqual(expect.arrayContaining(serials('revokedAfter', 'lostRevoked'))),
      { timeout: 10_000, interval: 200 },
    );
    for (const authority of authorities) {
      const { body } = await service.distribution(`/crl/${authority}.crl`);
      writeFileSync(file(`${authority}.crl`), body);
      numbers = { ...numbers, [authority]: parseCrl(body).crlNumber };
    }
    // What operators keep apart from the backup.
    cpSync(service.path('admin'), file('admin'), { recursive: true });
    copyFileSync(service.path('vault/passphrase'), file('passphrase'));
    copyFileSync(service.path('demo/token'), file('token'));
    await service.kill9();
    rmSync(file('data'), { recursive: true });

    const lists = authorities.flatMap((authority) => ['--crl', file(`${authority}.crl`)]);
    const restored = await runProgram(file('new'), ['restore', file('b.tar'), ...lists, '--json']);
    expect([restored.code, restored.stderr]).toEqual([0, '']);
    cpSync(file('admin'), join(file('new'), 'admin'), { recursive: true });
    mkdirSync(join(file('new'), 'demo'));
    copyFileSync(file('token'), join(file('new'), 'demo/token'));
    service = await startService({
      home: file('new'),
      ports: service.ports,
      env: { PRIVYSEAL_VAULT_PASSPHRASE_FILE: file('passphrase') },
    });
  }, 120_000);

  afterAll(async () => {
    await service?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('lists all that was ever revoked, whether the backup knew it or not', async () => {
    const list = await listed();
    for (const serial of serials('revokedBefore')) expect(list.get(serial)).toBe('superseded');
    for (const serial of serials('held')) expect(list.get(serial)).toBe('certificateHold');
    for (const serial of serials('revokedAfter')) expect(list.get(serial)).toBe('keyCompromise');
    for (const serial of serials('lostRevoked')) expect(list.get(serial)).toBe('affiliationChanged');
    for (const serial of serials('keptGood', 'lostGood')) expect(list.has(serial)).toBe(false);
  });

  it('publishes lists whose numbers go on above the newest that was seen', async () => {
    for (const authority of authorities) {
      const number = async (): Promise<number> => {
        const { body } = await service.distribution(`/crl/${authority}.crl`);
        return parseCrl(body).crlNumber;
      };
      expect(await number(), authority).toBeGreaterThanOrEqual(numbers[authority]!);
      await expect.poll(number, { timeout: 10_000 }).toBeGreaterThan(numbers[authority]!);
    }
  });

  it('has the certificates of the backup, of which there are many, and not those after it', async () => {
    expect(acknowledgedBefore).toBeGreaterThan(0);
    for (const serial of serials('keptGood')) {
      const answer = await service.admin(`/v1/certificates/${serial}`);
      expect([answer.status, JSON.parse(answer.body.toString()).status]).toEqual([200, 'valid']);
    }
    for (const serial of serials('lostGood', 'lostRevoked'))
      expect((await service.admin(`/v1/certificates/${serial}`)).status).toBe(404);
  });

  it('goes on with the rotation of an authority that was under way', async () => {
    const advance = ['authority', 'rotate', 'advance', 'dev-issuing', '--yes', '--json'];
    for (const state of ['trusted', 'issuing']) {
      const { code, stdout, stderr } = await runProgram(service.home, advance);
      expect([code, stderr, JSON.parse(stdout)]).toEqual([0, '', expect.objectContaining({ state })]);
    }
  });

  it('goes on with the audit log of the backup, and says that it was restored from there', async () => {
    const { stdout } = await run(process.execPath, [
      '-e',
      `const d = require('better-sqlite3')(${JSON.stringify(service.path('privyseal.db'))}, { readonly: true });
       console.log(JSON.stringify(d.prepare('SELECT canonical, lower(hex(previous_hash)) AS previous FROM audit_events WHERE seq = ?').get(${head.seq + 1})))`,
    ]);
    const next = JSON.parse(stdout.toString());
    expect(next.previous).toBe(head.hash);
    expect(JSON.parse(next.canonical)).toMatchObject({
      kind: 'service.restored',
      details: { backupSeq: head.seq, backupHash: head.hash, quarantined: 3, tokensEnded: true },
    });
  });

  it('has an audit log that verifies, as the backup’s own did', async () => {
    for (const log of [file('b.tar'), service.path('privyseal.db')]) {
      const { code, stdout, stderr } = await runProgram(service.home, ['audit', 'verify', log]);
      expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/State +whole/), '']);
    }
  });

  it('takes no enrolment token of the backup', async () => {
    expect((await submit(service)).status).toBe(401);
  });

  itWith(
    'openssl',
    'answers OCSP so: nothing revoked is good, and what the backup did not know is unknown',
    async () => {
      const chain = issued.keptGood[0]!.files.chain;
      const status = async ({ files }: IssuedCertificate): Promise<string> => {
        const url = `${service.urls.distribution}/ocsp/dev-issuing`;
        const trust = ['-CAfile', service.path('trust/dev.pem'), '-verify_other', chain];
        const { stdout, stderr } = await run('openssl', [
          ...['ocsp', '-issuer', chain, '-cert', files.certificate, '-url', url, ...trust],
        ]);
        expect(stderr.toString()).toContain('Response verify OK');
        return /: (good|revoked|unknown)/.exec(stdout.toString())?.[1] ?? stdout.toString();
      };
      const expected = {
        keptGood: 'good',
        revokedBefore: 'revoked',
        held: 'revoked',
        revokedAfter: 'revoked',
        lostGood: 'unknown',
        lostRevoked: 'revoked',
      };
      for (const [kind, word] of Object.entries(expected)) {
        for (const certificate of issued[kind as keyof typeof issued])
          expect([kind, await status(certificate)]).toEqual([kind, word]);
      }
    },
  );

  itWith('openssl', 'verifies against its new list as it should', async () => {
    const { body } = await service.distribution('/crl/dev-issuing.pem');
    const chain = readFileSync(issued.keptGood[0]!.files.chain);
    writeFileSync(file('check.pem'), Buffer.concat([body, chain, readFileSync(service.path('trust/dev.pem'))]));
    const verify = async ({ files }: IssuedCertificate): Promise<number> =>
      (await run('openssl', ['verify', '-CAfile', file('check.pem'), '-crl_check', files.certificate])).code;
    for (const good of [...issued.keptGood, ...issued.lostGood]) expect(await verify(good)).toBe(0);
    for (const kind of ['revokedBefore', 'held', 'revokedAfter', 'lostRevoked'] as const)
      for (const revoked of issued[kind]) expect([kind, await verify(revoked)]).toEqual([kind, 2]);
  });

  it('revokes what it does not know when it is shown', async () => {
    const [shown, other] = issued.lostGood as [IssuedCertificate, IssuedCertificate];
    const revoking = ['revoke', '--file', shown.files.certificate, '--reason', 'keyCompromise'];
    const { code, stdout, stderr } = await runProgram(service.home, revoking);
    expect([code, stdout, stderr]).toEqual([0, expect.stringContaining(`Revoked  ${shown.serial}`), '']);
    await expect.poll(async () => (await listed()).get(shown.serial), { timeout: 10_000 }).toBe('keyCompromise');
    expect((await listed()).has(other.serial)).toBe(false);
    const again = await runProgram(service.home, revoking);
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('alreadyRevoked')]);
  });
});
