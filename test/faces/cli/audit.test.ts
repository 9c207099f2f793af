import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditEventJson } from '../../../src/api/audit.ts';
import { completeNote } from '../../../src/domain/audit/checkpoint.ts';
import { proofOf } from '../../../src/domain/audit/checkpoint-trust.ts';
import { exportLine } from '../../../src/domain/audit/kept-event.ts';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { openAuditLog } from '../../../src/offline.ts';
import { harmedCopy, makeSignedLog, type SignedLog } from '../../support/audit-log.ts';
import { at, commandLine, homeFor } from '../../support/command-line.ts';
import { type Responder, startStubService } from '../../support/stub-service.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const hash = 'ab'.repeat(32);
const eventJson = (override: Partial<AuditEventJson> = {}): AuditEventJson => ({
  seq: 7,
  at: '2026-11-21T07:10:00.123Z',
  kind: 'request.refused',
  actor: 'anonymous',
  object: 'POST /v1/certificates',
  code: 'badCSR',
  reasons: ['notDer'],
  details: { path: '/v1/certificates', attempt: 1 },
  canonical: '{"seq":7}',
  previousHash: hash,
  hash,
  ...override,
});

describe('privyseal audit events', () => {
  const items = [eventJson(), eventJson({ seq: 6, kind: 'service.started', code: null, object: 'service\u202e' })];
  const started = async (nextCursor: string | null = null) => {
    const service = await startStubService(() => ({ body: { items, nextCursor } }));
    const cwd = homeFor(service);
    return {
      requests: service.requests,
      run: (argv: string[], columns?: number) =>
        commandLine(['audit', 'events', ...argv, ...at(service)], { cwd, ...(columns !== undefined && { columns }) }),
    };
  };

  it('is a table, the newest first, that keeps the terminal as it is', async () => {
    const { run, requests } = await started();
    const { code, stdout } = await run([]);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'SEQ  TIME                     KIND             ACTOR      OBJECT                 CODE',
      '7    2026-11-21 07:10:00 UTC  request.refused  anonymous  POST /v1/certificates  badCSR',
      '6    2026-11-21 07:10:00 UTC  service.started  anonymous  service\\u{202e}',
      '',
    ]);
    expect(requests.map(({ path }) => path)).toEqual(['/v1/audit-events?sort=-seq&limit=100']);
  });

  it('asks for what was asked', async () => {
    const { run, requests } = await started();
    const filters = ['--actor', 'operator:a', '--object', 'x', '--kind', 'k', '--code', 'c', '--after-seq', '5'];
    await run([
      ...filters,
      '--after',
      '2026-11-21',
      '--before',
      '2026-11-21T07:00:00Z',
      '--oldest-first',
      '--limit',
      '2',
    ]);
    const query = new URL(requests[0]!.path, 'https://x').searchParams;
    expect(Object.fromEntries(query)).toEqual({
      ...{ actor: 'operator:a', object: 'x', kind: 'k', code: 'c', sort: 'seq', limit: '2', 'seq.after': '5' },
      ...{ 'at.after': '2026-11-21T00:00:00Z', 'at.before': '2026-11-21T07:00:00Z' },
    });
  });

  it('shortens objects before it leaves columns out, and says what it did', async () => {
    const { run } = await started();
    const { stdout, stderr } = await run([], 78);
    expect(stdout.split('\n').every((line) => line.length <= 90)).toBe(true);
    expect(stderr).toMatch(/^To fit, shortened: .*object/);
  });

  it('says on 80 columns what happened in whole, and which of several by their ends', async () => {
    const certificate = (seq: number, kind: string) =>
      eventJson({
        ...{ seq, kind, code: null, actor: 'token:8dbaebcb9eb451b6' },
        object: `certificate:01c894c4c3b5bdb652d2eda519d2796530dc4${seq}`,
      });
    const body = {
      items: [certificate(1234, 'certificate.issued'), certificate(1233, 'certificate.requested')],
      nextCursor: null,
    };
    const service = await startStubService(() => ({ body }));
    const { stdout } = await commandLine(['audit', 'events', ...at(service)], { cwd: homeFor(service), columns: 80 });
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      '1234  2026-11-21 07:10:00 UTC  certificate.issued     token:…451b6  certif…41234',
      '1233  2026-11-21 07:10:00 UTC  certificate.requested  token:…451b6  certif…41233',
    ]);
  });

  it('tells that there is more, and gives whole objects as JSON', async () => {
    const { run } = await started('next');
    const { stdout } = await run(['--json', '--limit', '2']);
    expect(JSON.parse(stdout)).toEqual({ items, hasMore: true });
    expect((await run(['--limit', '1'])).stderr).toMatch(/There are more than these 1/);
  });

  it.each([
    ['--after', 'yesterday'],
    ['--after-seq', 'x'],
    ['--limit', '0'],
  ])('refuses %s %s before it asks', async (...argv) => {
    const { run, requests } = await started();
    expect((await run(argv)).code).toBe(2);
    expect(requests).toEqual([]);
  });
});

describe('privyseal audit checkpoint', () => {
  it('prints the note alone, octet by octet, to be kept', async () => {
    const note = 'privyseal-audit-checkpoint/v1\nlog …\n\nsignature\n';
    const body = { seq: 1, hash, log: hash, at: '2026-11-21T07:10:00.123Z', note };
    const service = await startStubService(() => ({ body }));
    const cwd = homeFor(service);
    expect((await commandLine(['audit', 'checkpoint', ...at(service)], { cwd })).stdout).toBe(note);
    const { stdout } = await commandLine(['audit', 'checkpoint', '--json', ...at(service)], { cwd });
    expect(JSON.parse(stdout)).toEqual(body);
  });
});

describe('privyseal audit export', () => {
  const answering: Responder = ({ path }) =>
    path.includes('checkpoints')
      ? { body: { seq: 1, hash, log: hash, at: '2026-11-21T07:10:00.123Z', note: 'note' } }
      : { mediaType: 'application/x-ndjson', body: 'line\n' };

  it('goes to stdout as it comes', async () => {
    const service = await startStubService(answering);
    const cwd = homeFor(service);
    expect(await commandLine(['audit', 'export', ...at(service)], { cwd })).toEqual({
      code: 0,
      stdout: 'line\n',
      stderr: '',
    });
  });

  it('leaves neither file when the log cannot be written', async () => {
    const service = await startStubService(answering);
    const cwd = homeFor(service);
    const files = ['--out', 'nowhere/events.ndjson', '--checkpoint', 'checkpoint'];
    expect((await commandLine(['audit', 'export', ...files, ...at(service)], { cwd })).code).toBe(1);
    expect(existsSync(join(cwd, 'checkpoint'))).toBe(false);
  });

  it('writes over nothing', async () => {
    const service = await startStubService(answering);
    const cwd = homeFor(service);
    writeFileSync(join(cwd, 'checkpoint'), 'kept');
    const files = ['--out', 'events.ndjson', '--checkpoint', 'checkpoint'];
    expect((await commandLine(['audit', 'export', ...files, ...at(service)], { cwd })).code).toBe(8);
    expect(readFileSync(join(cwd, 'checkpoint'), 'utf8')).toBe('kept');
    expect(existsSync(join(cwd, 'events.ndjson'))).toBe(false);
  });
});

describe('privyseal audit verify', () => {
  const folder = suiteFolder();
  let log: SignedLog;
  let exported: string;
  let kept: string;
  beforeAll(async () => {
    log = await makeSignedLog(folder('data'), 2);
    const opened = await openAuditLog(log.file, () => {});
    const lines: string[] = [];
    for await (const batch of opened.events) lines.push(...batch.map((event) => `${exportLine(event!)}\n`));
    await opened.close();
    exported = folder('events.ndjson');
    writeFileSync(exported, lines.join(''));
    kept = join(log.folder, 'audit/checkpoint');
  });
  const verify = (...argv: string[]) => commandLine(['audit', 'verify', ...argv], { cwd: folder('.') });
  const whole = { code: 0, stdout: expect.stringMatching(/State +whole\n/), stderr: '' };

  it('takes the home’s database, its checkpoint and what system certified, without being told', async () => {
    const { code, stdout } = await verify();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`Events +${log.events}\nCheckpoints +2 in the log, and the kept one of event ${log.events}`),
    );
  });

  it('takes what audit export wrote, and the checkpoint that it fetched before the log', async () => {
    const note = readFileSync(kept, 'utf8');
    const service = await startStubService(({ path }) =>
      path.includes('checkpoints')
        ? { body: { seq: 1, hash, log: hash, at: '2026-11-21T07:10:00.123Z', note } }
        : { mediaType: 'application/x-ndjson', body: readFileSync(exported, 'utf8') },
    );
    const cwd = homeFor(service);
    const files = ['--out', 'events.ndjson', '--checkpoint', 'check point'];
    const { code, stdout, stderr } = await commandLine(['audit', 'export', ...files, ...at(service)], { cwd });
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain("audit verify events.ndjson --checkpoint 'check point'");
    expect(service.requests.map(({ path }) => path)).toEqual(['/v1/audit-checkpoints/latest', '/v1/audit-events']);
    expect(service.requests.at(-1)!.headers.accept).toMatch(/^application\/x-ndjson/);
    expect(await verify(join(cwd, 'events.ndjson'), '--checkpoint', join(cwd, 'check point'))).toEqual(whole);
  });

  it('takes an export with a checkpoint that was kept, against system or one public key', async () => {
    const { certificateDer } = proofOf(log.kept);
    const pem = createPublicKey(encodePem('CERTIFICATE', certificateDer!)).export({ type: 'spki', format: 'pem' });
    writeFileSync(folder('audit.pub'), pem);
    expect(await verify(exported, '--checkpoint', kept)).toEqual(whole);
    const ca = ['--ca', folder('nowhere.pem')];
    expect(await verify(exported, '--checkpoint', kept, '--public-key', folder('audit.pub'), ...ca)).toEqual(whole);
  });

  it('ends with 10 and names the first event that is wrong, and why', async () => {
    const file = harmedCopy(log, (database) =>
      database.exec(
        `UPDATE audit_events SET canonical = replace(canonical, '"actor":"service"', '"actor":"nobody"') WHERE seq = 9`,
      ),
    );
    const { code, stdout } = await verify(file);
    expect(code).toBe(10);
    expect(stdout).toMatch(
      /NOT WHOLE: changed\n +Event 9 was changed.*\nEvents +8 read; the first that is not right is event 9/,
    );
    expect(JSON.parse((await verify(file, '--json')).stdout)).toMatchObject({
      events: 8,
      fault: { code: 'changed', seq: 9 },
    });
  });

  it('finds a log that was cut off by the checkpoint that was kept', async () => {
    const file = harmedCopy(log, (database) =>
      database.exec('DELETE FROM audit_events WHERE seq > 28; DELETE FROM audit_checkpoints WHERE seq > 28'),
    );
    expect((await verify(file)).code).toBe(0);
    expect((await verify(file, '--checkpoint', kept)).stdout).toMatch(/NOT WHOLE: truncated/);
  });

  it('does not trust a checkpoint of another service', async () => {
    const other = await makeSignedLog(folder('other'), 1);
    writeFileSync(folder('their.checkpoint'), completeNote(noteOf(other), proofOf(other.kept).certificateDer!));
    const { code, stdout } = await verify(exported, '--checkpoint', folder('their.checkpoint'));
    expect([code, stdout.includes('checkpointForged')]).toEqual([10, true]);
    const ca = ['--ca', join(other.folder, 'trust/system.pem')];
    const trusted = await verify(exported, '--checkpoint', folder('their.checkpoint'), ...ca);
    expect(trusted.stdout).toMatch(/NOT WHOLE: (anotherLog|rewritten)/);
  });

  it('shows how far it is, on a terminal alone', async () => {
    const { stderr } = await commandLine(['audit', 'verify'], { cwd: folder('.'), columns: 100 });
    expect(stderr).toContain('Verifying the audit log … 100 %');
  });

  it.each<[string, number, () => string[]]>([
    ['an export without a checkpoint', 2, () => [exported]],
    ['a checkpoint that is none', 2, () => [exported, '--checkpoint', exported]],
    ['a file that is not there', 2, () => [folder('nowhere')]],
    ['a trust file that is not there', 2, () => [exported, '--checkpoint', kept, '--ca', folder('nowhere')]],
    ['a trust file that is none', 2, () => [exported, '--checkpoint', kept, '--ca', exported]],
    ['a public key that is none', 2, () => [exported, '--checkpoint', kept, '--public-key', kept]],
    ['a file that is neither', 1, () => [join(log.folder, 'trust/system.pem'), '--checkpoint', kept]],
    [
      'a database of another program',
      1,
      () => [harmedCopy(log, (database) => void database.pragma('application_id = 1'))],
    ],
    ['an empty export', 10, () => [emptyFile(), '--checkpoint', kept]],
  ])('says what is wrong with %s, and ends with %i', async (_what, code, argv) => {
    const result = await verify(...argv());
    expect(result.code).toBe(code);
    if (code !== 10) expect(result.stderr).toMatch(/^privyseal: \w+: /);
  });

  const emptyFile = (): string => {
    writeFileSync(folder('empty'), '');
    return folder('empty');
  };
  const noteOf = (of: SignedLog): string =>
    readFileSync(join(of.folder, 'audit/checkpoint'), 'utf8').split('-----BEGIN')[0]!;
});
