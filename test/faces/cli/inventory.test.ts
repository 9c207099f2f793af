/** The verbs that ask the inventory, and what a person sees of the answers. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AlertJson } from '../../../src/api/alert.ts';
import type { ExpiringJson, InventorySummaryJson } from '../../../src/api/inventory.ts';
import { makeProblem, makeSummary } from '../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../support/command-line.ts';
import { run as runProgram } from '../../support/judges.ts';
import { projectFolder } from '../../support/running-service.ts';
import { type Responder, startStubService } from '../../support/stub-service.ts';

async function started(respond: Responder) {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
  const cwd = homeFor(service);
  const run = (argv: string[], options?: CommandLineOptions) =>
    commandLine([...argv, ...at(service)], { cwd, ...options });
  const asked = (index = 0): [string, string][] => [
    ...new URL(service.requests[index]!.path, service.baseUrl).searchParams,
  ];
  return { service, run, cwd, asked };
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);
const esc = String.fromCharCode(27);

describe('privyseal list', () => {
  const listing: Responder = () => ({
    body: { items: [makeSummary()], nextCursor: null, count: { matches: 20_000, isExact: false } },
  });

  it('hands every filter on, several values of one as the same parameter again', async () => {
    const { run, asked } = await started(listing);
    const key = 'AB'.repeat(32);
    const argv = [
      ...['--environment', 'dev', '--environment', 'prod', '--product', 'dev/a', '--profile', 'server'],
      ...['--authority', 'dev-issuing', '--status', 'valid', '--status', 'held', '--purpose', 'product'],
      ...['--serial', '01:AB', '--issuer', '02', '--name', '*.internal', '--search', 'web', '--key-sha256', key],
      ...['--requested-by', 'token:t1', '--successor', 'none', '--expires-after', '2026-12-01'],
      ...[
        '--expires-before',
        '2026-12-31T00:00:00+01:00',
        '--issued-after',
        '2026-01-01',
        '--issued-before',
        '2026-02-01',
      ],
      ...['--deployment', 'failed', '--deployment', 'predecessor', '--rotation', 'overdue'],
      ...['--sort', '-name', '--count', '--limit', '5'],
    ];
    expect((await run(['list', ...argv])).code).toBe(0);
    expect(asked().sort()).toEqual(
      [
        ['authority', 'dev-issuing'],
        ['count', 'true'],
        ['deployment', 'failed'],
        ['deployment', 'predecessor'],
        ['environment', 'dev'],
        ['environment', 'prod'],
        ['issued.after', '2026-01-01T00:00:00Z'],
        ['issued.before', '2026-02-01T00:00:00Z'],
        ['issuer', '02'],
        ['key', 'ab'.repeat(32)],
        ['limit', '5'],
        ['name', '*.internal'],
        ['notAfter.after', '2026-12-01T00:00:00Z'],
        ['notAfter.before', '2026-12-31T00:00:00+01:00'],
        ['product', 'dev/a'],
        ['profile', 'server'],
        ['purpose', 'product'],
        ['q', 'web'],
        ['requestedBy', 'token:t1'],
        ['rotation', 'overdue'],
        ['serial', '01ab'],
        ['sort', '-name'],
        ['status', 'held'],
        ['status', 'valid'],
        ['successor', 'none'],
      ].sort(),
    );
  });

  it.each([
    ['--status', 'good'],
    ['--sort', 'serial'],
    ['--expires-after', 'soon'],
    ['--search', 'ab'],
    ['--key-sha256', 'abc'],
    ['--successor', 'maybe'],
    ['--deployment', 'behind'],
    ['--rotation', 'late'],
    ['--limit', '0'],
    ['--limit', '-1'],
    ['--limit', '1e9'],
  ])('refuses %s %s before it asks', async (option, value) => {
    const { service, run } = await started(listing);
    const { code, stderr } = await run(['list', `${option}=${value}`]);
    expect([code, service.requests.length]).toEqual([2, 0]);
    expect(stderr).toContain(value);
  });

  it('says how many match, when asked, and asks once', async () => {
    const { run, asked } = await started(({ path }) => ({
      body: {
        items: [makeSummary()],
        nextCursor: path.includes('cursor') ? null : 'next',
        ...(path.includes('count') && { count: { matches: 2, isExact: true } }),
      },
    }));
    expect((await run(['list', '--count'])).stderr).toContain('2 certificates match.');
    expect(asked(1).map(([name]) => name)).toEqual(['limit', 'cursor']);
    const bounded = await started(listing);
    expect((await bounded.run(['list', '--count'])).stderr).toContain('At least 20000 certificates match.');
    expect(JSON.parse((await bounded.run(['list', '--count', '--json'])).stdout).count).toEqual({
      matches: 20_000,
      isExact: false,
    });
  });

  it('with --wide shows more, whole, however narrow the terminal', async () => {
    const { run } = await started(listing);
    const { stdout } = await run(['list', '--wide'], { columns: 40, env: { NO_COLOR: '1' } });
    expect(lines(stdout)[0]).toContain('NOT AFTER');
    expect(lines(stdout)[1]).toContain(makeSummary().serial);
    expect(lines(stdout)[1]).toContain('2026-12-21 07:00:00 UTC');
  });

  it('with --csv is what the service makes of it', async () => {
    const { service, run } = await started(() => ({
      mediaType: 'text/csv; charset=utf-8; header=present',
      body: '"a"\r\n',
    }));
    const { code, stdout } = await run(['list', '--csv', '--limit', '3']);
    expect([code, stdout]).toEqual([0, '"a"\r\n']);
    expect(service.requests[0]!.headers.accept).toContain('text/csv');
    expect((await run(['list', '--csv', '--limit', '1001'])).code).toBe(2);
    expect((await run(['list', '--csv', '--json'])).code).toBe(2);
  });

  it('with --csv says when there may be more than it shows', async () => {
    const { run } = await started(() => ({ mediaType: 'text/csv; charset=utf-8', body: '"serial"\r\n"01"\r\n' }));
    expect((await run(['list', '--csv', '--limit', '1'])).stderr).toContain('The first 1;');
    expect((await run(['list', '--csv', '--limit', '2'])).stderr).toBe('');
  });
});

describe('privyseal export', () => {
  const text = `${JSON.stringify({ subject: 'CN=Zoë' })}\n`;
  const exporting: Responder = () => ({ mediaType: 'application/x-ndjson', body: text });

  it('writes everything that matches to stdout', async () => {
    const { run, asked } = await started(exporting);
    expect(await run(['export', '--environment', 'dev'])).toEqual({ code: 0, stdout: text, stderr: '' });
    expect(asked()).toEqual([['environment', 'dev']]);
  });

  it('writes a new file that only its owner reads, and never over another', async () => {
    const { run, cwd } = await started(exporting);
    const { code, stderr } = await run(['export', '--out', 'all.ndjson']);
    expect(code).toBe(0);
    expect(stderr).toContain('all.ndjson');
    expect(readFileSync(join(cwd, 'all.ndjson'), 'utf8')).toBe(text);
    expect(statSync(join(cwd, 'all.ndjson')).mode & 0o777).toBe(0o600);
    expect((await run(['export', '--out', 'all.ndjson'])).code).toBe(8);
    expect((await run(['export', '--out', 'nowhere/all.ndjson'])).code).toBe(1);
  });

  it('leaves no file of a stream that broke', async () => {
    const { run, cwd } = await started((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(text, () => response.destroy());
      return undefined;
    });
    const { code } = await run(['export', '--out', 'broken.ndjson']);
    expect([code, existsSync(join(cwd, 'broken.ndjson'))]).toEqual([4, false]);
  });

  it('leaves no file where there is no room for all of it, and says so', async () => {
    const service = await startStubService(() => ({ mediaType: 'application/x-ndjson', body: text.repeat(300) }));
    const cwd = homeFor(service);
    const program = join(projectFolder, 'bin/privyseal.js');
    // No file may have more than 2,048 octets; what is written comes in one piece that has more.
    const limited = ['-c', 'ulimit -S -f 4; exec "$0" "$@"', process.execPath, program];
    const ran = await runProgram('/bin/sh', [...limited, 'export', '--out', 'all.ndjson', ...at(service)], {
      ...{ cwd, timeoutMs: 100_000 },
    });
    expect([ran.code, existsSync(join(cwd, 'all.ndjson'))]).toEqual([1, false]);
    expect(ran.stderr).toContain('outputUnwritable');
  });

  it('tells why the service refused', async () => {
    const { run } = await started(() => ({
      status: 400,
      mediaType: 'application/problem+json',
      body: makeProblem({ status: 400, detail: 'These filters contradict each other.' }),
    }));
    const { code, stderr } = await run(['export', '--format', 'csv']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('These filters contradict each other.');
  });
});

describe('privyseal expiring', () => {
  const answer: ExpiringJson = {
    at: '2026-11-21T07:00:00Z',
    until: '2026-11-25T00:00:00Z',
    certificates: 7,
    withoutSuccessor: 5,
    overdue: 2,
    days: [
      { date: '2026-11-21', certificates: 1, withoutSuccessor: 0, overdue: 0 },
      { date: '2026-11-23', certificates: 6, withoutSuccessor: 5, overdue: 2 },
    ],
    products: [
      { product: 'dev/a', certificates: 6, withoutSuccessor: 5, overdue: 2 },
      { product: 'dev/b', certificates: 1, withoutSuccessor: 0, overdue: 0 },
    ],
  };

  it('draws a bar for each day, products on top', async () => {
    const { run, asked } = await started(() => ({ body: answer }));
    const { stdout } = await run(['expiring', '--within', '3d', '--environment', 'dev'], {
      columns: 40,
      env: { NO_COLOR: '1' },
    });
    expect(lines(stdout)).toEqual([
      '7 certificates of products expire within',
      '3 days, 5 without a successor, 2',
      'overdue.',
      '',
      'PRODUCT  EXPIRE  WITHOUT SUCCESSOR  OVERDUE',
      'dev/a    6       5                  2',
      'dev/b    1       0                  0',
      '',
      '2026-11-21  ██▉ 1',
      '2026-11-22  0',
      '2026-11-23  █████████████████ 6',
      '2026-11-24  0',
    ]);
    expect(asked()).toEqual([
      ['days', '3'],
      ['environment', 'dev'],
    ]);
  });

  it('draws weeks for a longer time, yellow where something has no successor yet', async () => {
    const { run, asked } = await started(() => ({ body: answer }));
    const { stdout } = await run(['expiring'], { columns: 60 });
    const bars = lines(stdout).filter((line) => line.startsWith('week of'));
    expect(bars[0]).toMatch(/^week of 2026-11-16 {2}.* 1$/);
    expect(bars[1]).toContain(`${esc}[33m`);
    expect([bars.length, bars.at(-1)]).toEqual([14, 'week of 2027-02-15  0']);
    expect(asked()).toEqual([['days', '90']]);
  });

  it('says when there is nothing', async () => {
    const nothing = { ...answer, certificates: 0, withoutSuccessor: 0, overdue: 0, days: [], products: [] };
    const { run } = await started(() => ({ body: nothing }));
    expect((await run(['expiring'])).stdout).toBe('0 certificates of products expire within 90 days.\n');
    expect(JSON.parse((await run(['expiring', '--json'])).stdout)).toEqual(nothing);
    expect((await run(['expiring', '--within', '400d'])).code).toBe(2);
    expect((await run(['expiring', '--help'])).stdout).toContain('(default: 90d)');
  });
});

describe('privyseal summary', () => {
  const counts = { valid: 3, expired: 1, revoked: 0, held: 0, pending: 0 };
  const answer: InventorySummaryJson = {
    at: '2026-11-21T07:00:00Z',
    total: counts,
    products: [{ product: 'dev/a', ...counts }],
    profiles: [{ profile: 'dev/server', ...counts }],
    keyTypes: [{ keyType: 'ec-p256', ...counts }],
    expiryWeeks: [
      { week: '2026-11-02', ...counts, valid: 0, expired: 1 },
      { week: '2026-11-16', ...counts, valid: 1, expired: 0 },
      { week: '2026-11-30', ...counts, valid: 2, expired: 0 },
    ],
  };

  it('is tables by status, and the weeks to come as bars', async () => {
    const { run } = await started(() => ({ body: answer }));
    const { stdout } = await run(['summary']);
    expect(lines(stdout)).toEqual([
      'As of 2026-11-21 07:00:00 UTC',
      '',
      'PRODUCT           VALID  EXPIRED  REVOKED  HELD  PENDING',
      'dev/a             3      1        0        0     0',
      'all certificates  3      1        0        0     0',
      '',
      'PROFILE     VALID  EXPIRED  REVOKED  HELD  PENDING',
      'dev/server  3      1        0        0     0',
      '',
      'KEY TYPE  VALID  EXPIRED  REVOKED  HELD  PENDING',
      'ec-p256   3      1        0        0     0',
      '',
      'Valid certificates by week of expiry',
      `week of 2026-11-16  ${'█'.repeat(25)} 1`,
      `week of 2026-11-30  ${'█'.repeat(50)} 2`,
    ]);
  });

  it('as JSON is the answer itself, of the environment asked for', async () => {
    const { run, asked } = await started(() => ({ body: answer }));
    expect(JSON.parse((await run(['summary', '--environment', 'dev', '--json'])).stdout)).toEqual(answer);
    expect(asked()).toEqual([['environment', 'dev']]);
  });
});

describe('privyseal alerts', () => {
  const item: AlertJson = {
    id: 'certificatesExpiring:dev/demo:1',
    kind: 'certificatesExpiring',
    severity: 'critical',
    subject: 'dev/demo',
    withinDays: 1,
    count: 2,
    openedAt: '2026-11-21T06:30:00Z',
    summary: '2 certificates of dev/demo end within a day.',
    certificates: '/v1/certificates?product=dev%2Fdemo&rotation=overdue',
  };

  it('shows what is open', async () => {
    const { run } = await started(() => ({ body: { items: [item], nextCursor: null } }));
    expect(lines((await run(['alerts'])).stdout)).toEqual([
      'SEVERITY  KIND                  SUBJECT   OPENED          SUMMARY',
      'critical  certificatesExpiring  dev/demo  30 minutes ago  2 certificates of dev/demo end within a day.',
    ]);
    expect(JSON.parse((await run(['alerts', '--json'])).stdout)).toEqual({ items: [item] });
  });

  it('says when nothing is, on the side', async () => {
    const { run } = await started(() => ({ body: { items: [], nextCursor: null } }));
    const { code, stdout, stderr } = await run(['alerts']);
    expect([code, stdout, stderr]).toEqual([0, '', 'No alert is open.\n']);
  });
});
