/** `privyseal campaign`: what is asked of the service, and what a person, or a script, sees of its answers. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeCampaignJson, makePlanJson, makeProgressJson } from '../../../support/campaigns-double.ts';
import { makeProblem } from '../../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../../support/command-line.ts';
import { type Responder, startStubService } from '../../../support/stub-service.ts';

const now = Date.parse('2026-11-21T07:00:00Z');
const { id } = makeCampaignJson();
const esc = String.fromCharCode(27);

async function started(respond: Responder) {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
  const cwd = homeFor(service);
  const run = (argv: string[], options?: CommandLineOptions) =>
    commandLine(['campaign', ...argv, ...at(service)], { cwd, now, ...options });
  return { service, run };
}

const refused = (status: number, code: string, override: Parameters<typeof makeProblem>[0] = {}) => ({
  status,
  body: makeProblem({ type: `https://privyseal.dev/problems/${code}`, status, ...override }),
  mediaType: 'application/problem+json',
});

describe('privyseal campaign plan', () => {
  it('asks with every filter and both times, a length being from now', async () => {
    const { run, service } = await started(() => ({ body: makePlanJson() }));
    const argv = [
      ...['plan', '--environment', 'dev', '--environment', 'prod', '--product', 'dev/a', '--profile', 'server'],
      ...['--authority', 'dev-issuing', '--issuer', '02', '--name', '*.internal', '--search', 'web'],
      ...['--key-sha256', 'ab'.repeat(32), '--requested-by', 'token:t1', '--expires-before', '2026-12-31'],
      ...['--issued-after', '2026-01-01', '--rotate-by', '7d', '--revoke-at', '2026-12-06'],
    ];
    expect((await run(argv)).code).toBe(0);
    expect(JSON.parse(service.requests[0]!.body)).toEqual({
      dryRun: true,
      filter: {
        environment: ['dev', 'prod'],
        product: ['dev/a'],
        profile: ['server'],
        authority: ['dev-issuing'],
        issuer: expect.stringMatching(/02$/),
        name: '*.internal',
        q: 'web',
        key: 'ab'.repeat(32),
        requestedBy: 'token:t1',
        'notAfter.before': '2026-12-31T00:00:00Z',
        'issued.after': '2026-01-01T00:00:00Z',
      },
      rotateBy: '2026-11-28T07:00:00Z',
      revokeAt: '2026-12-06T00:00:00Z',
    });
  });

  it('shows the size, the products and the load as bars', async () => {
    const { run } = await started(() => ({ body: makePlanJson() }));
    const { stdout } = await run(['plan', '--environment', 'dev', '--rotate-by', '1d'], { columns: 100 });
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'Certificates  10 of 1 product',
        'Filter        environment: dev',
        'Revoke at     never',
        'Load          at most 1 in an hour',
        'dev/demo  10',
      ]),
    );
    expect(stdout).toMatch(/2026-11-21 07:00 .*█+.* 6\n2026-11-21 19:00 .*█+.* 4\n/);
  });

  it.each(['soon', '2026-13-01', ''])('refuses the deadline %j', async (deadline) => {
    const { run, service } = await started(() => ({ body: makePlanJson() }));
    const { code, stderr } = await run(['plan', '--environment', 'dev', '--rotate-by', deadline]);
    expect([code, service.requests]).toEqual([2, []]);
    expect(stderr).toContain('--rotate-by');
  });

  it('tells every reason of a refusal', async () => {
    const reasons = [
      { code: 'campaignWithoutFilter', field: 'filter', message: 'A campaign needs a filter.' },
      { code: 'deadlinePassed', field: 'rotateBy', message: 'rotateBy must be in the future.' },
    ];
    const { run } = await started(() => refused(400, 'policyRefused', { reasons }));
    const { code, stderr } = await run(['plan', '--rotate-by', '2026-01-01']);
    expect(code).toBe(3);
    for (const { message } of reasons) expect(stderr).toContain(message);
  });
});

describe('privyseal campaign start', () => {
  const answers: Responder = ({ body }) =>
    JSON.parse(body).dryRun
      ? { body: makePlanJson() }
      : { status: 201, body: makeCampaignJson({ status: 'collecting' }) };

  it('shows the plan and asks; an answer that is not yes starts nothing', async () => {
    const { run, service } = await started(answers);
    const argv = ['start', '--environment', 'dev', '--rotate-by', '1d'];
    const declined = await run(argv, { columns: 100, input: 'n\n' });
    expect([declined.code, service.requests.length]).toEqual([1, 1]);
    expect(declined.stderr).toContain('Have 10 certificates rotated in 1 day?');
    const agreed = await run(argv, { columns: 100, input: 'y\n' });
    expect([agreed.code, service.requests.length]).toEqual([0, 3]);
    expect(agreed.stdout).toContain(`Started    ${id}`);
  });

  it('asks nothing with --yes, and hands the description on', async () => {
    const { run, service } = await started(answers);
    const argv = ['start', '--environment', 'dev', '--rotate-by', '1d', '--description', 'a drill', '--yes', '--json'];
    const { stdout } = await run(argv, { columns: 100 });
    expect(JSON.parse(stdout)).toEqual(makeCampaignJson({ status: 'collecting' }));
    expect(service.requests.map(({ body }) => JSON.parse(body).description)).toEqual(['a drill']);
  });
});

describe('privyseal campaign list and show', () => {
  it('lists as a table, and as JSON', async () => {
    const { run } = await started(() => ({ body: { items: [makeCampaignJson()], nextCursor: null } }));
    const { stdout } = await run(['list']);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^CAMPAIGN +FOR +STATUS +ROTATE BY +MEMBERS +ROTATED +PROVED +OVERDUE +FAILED$/),
      expect.stringMatching(new RegExp(`^${id} +a drill +running +in 1 day +10 +5 +2 +0 +1$`)),
    ]);
    const narrow = await run(['list'], { columns: 80 });
    expect(narrow.stderr).toContain('left out: for, rotate by, proved');
    expect(JSON.parse((await run(['list', '--json'])).stdout)).toEqual({ items: [makeCampaignJson()], hasMore: false });
  });

  it('lists more than the service gives at once', async () => {
    let asked = 0;
    const { run, service } = await started(() => {
      const items = Array.from({ length: 1000 }, () => makeCampaignJson());
      return { body: { items, nextCursor: `c${++asked}` } };
    });
    const { stdout } = await run(['list', '--limit', '1500', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ hasMore: true });
    expect(service.requests.map(({ path }) => path.split('?')[1])).toEqual(['limit=1000', 'limit=500&cursor=c1']);
  });

  it('shows one with a bar, its failures in words and its products', async () => {
    const { run } = await started(() => ({ body: makeProgressJson() }));
    const { stdout } = await run(['show', id], { columns: 100, env: { NO_COLOR: '1' } });
    expect(stdout).toContain('1 revoked before they were rotated');
    expect(stdout).toMatch(/█{8}▓{12}x{4}░{16} {2}50 % {2}5 of 10 rotated, 2 proved, 1 failed\n/);
    expect(stdout).toMatch(/PRODUCT +WAITING +OVERDUE +ROTATED +PROVED +FAILED\ndev\/demo +4 +0 +3 +2 +1\n/);
  });

  it('shows how far a start has come', async () => {
    const body = makeProgressJson({ status: 'collecting', members: 3, expected: 12 });
    const { run } = await started(() => ({ body }));
    const { stdout } = await run(['show', id]);
    expect(stdout).toContain('collecting: 3 of 12 members are recorded');
    expect(stdout).toContain('25 %  3 of 12 members recorded');
  });
});

describe('privyseal campaign watch', () => {
  const steps = [
    makeProgressJson({ progress: { waiting: 10, overdue: 0, rotated: 0, proved: 0, failed: 0 } }),
    makeProgressJson({ progress: { waiting: 10, overdue: 0, rotated: 0, proved: 0, failed: 0 } }),
    makeProgressJson({ progress: { waiting: 0, overdue: 0, rotated: 0, proved: 10, failed: 0 } }),
    makeProgressJson({ status: 'ended', progress: { waiting: 0, overdue: 0, rotated: 0, proved: 10, failed: 0 } }),
  ];
  const going = (): Responder => {
    let step = 0;
    return () => ({ body: steps[Math.min(step++, steps.length - 1)]! });
  };

  it('draws over itself on a terminal until the campaign ends', async () => {
    const { run, service } = await started(going());
    const { code, stdout } = await run(['watch', id], { columns: 100 });
    expect([code, service.requests.length]).toEqual([0, 4]);
    expect(stdout.split(`${esc}[`).filter((part) => /^\d+A/.test(part))).toHaveLength(3);
    expect(stdout).toContain('100 %');
  });

  it('draws over all of it where its lines are wider than the terminal', async () => {
    const { run } = await started(going());
    const columns = 30;
    const { stdout } = await run(['watch', id], { columns });
    const [first, ...others] = stdout.split(new RegExp(`${esc}\\[(?=\\d+A)`));
    const lines = stripVTControlCharacters(first!).split('\n').slice(0, -1);
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
    expect(rows).toBeGreaterThan(lines.length);
    expect(others[0]).toMatch(new RegExp(`^${rows}A`));
  });

  it('tells a script each change once, and with --json all of it', async () => {
    const plain = await (await started(going())).run(['watch', id]);
    expect(
      plain.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['running', 'running', 'ended']);
    const json = await (await started(going())).run(['watch', id, '--json']);
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([steps[0], steps[2], steps[3]]);
  });

  it('refuses a pause that no timer can make, which would be none', async () => {
    const { run, service } = await started(going());
    const { code, stderr } = await run(['watch', id, '--every', '25d']);
    expect([code, stderr, service.requests.length]).toEqual([2, expect.stringContaining('24h at most'), 0]);
  });

  it('outlasts a service that is busy, but not one that knows no such campaign', async () => {
    let asked = 0;
    const { run } = await started(() => {
      asked += 1;
      if (asked !== 2) return { body: asked < 4 ? steps[0]! : steps[3]! };
      return refused(503, 'stopping');
    });
    expect((await run(['watch', id])).code).toBe(0);
    const unknown = await started(() => refused(404, 'notFound'));
    expect((await unknown.run(['watch', id])).code).toBe(6);
  });
});

describe('privyseal campaign members', () => {
  const member = (index: number) => ({
    serial: String(index).padStart(40, '0'),
    product: 'dev/demo',
    name: 'demo.dev.internal',
    notAfter: '2026-12-21T07:00:00Z',
    state: 'failed',
    failure: 'successorRevoked',
    successor: 'ab'.repeat(20),
  });

  it('asks by state and product, and shows why a member failed', async () => {
    const { run, service } = await started(() => ({ body: { items: [member(1)], nextCursor: null } }));
    const argv = ['members', id, '--state', 'failed', '--state', 'overdue', '--product', 'dev/demo'];
    const { code, stdout, stderr } = await run(argv, { columns: 200 });
    expect([code, stderr]).toEqual([0, '']);
    expect(service.requests[0]!.path).toBe(
      `/v1/campaigns/${id}/members?state=failed&state=overdue&product=dev%2Fdemo&limit=100`,
    );
    expect(stdout).toContain('failed: successorRevoked');
    expect(stdout).toContain(member(1).serial);
  });

  it('reads page after page up to its limit, and says when there are more', async () => {
    let asked = 0;
    const respond = () => ({
      body: {
        items: Array.from({ length: 1000 }, (_, index) => member(1000 * asked + index)),
        nextCursor: `c${++asked}`,
      },
    });
    const { run, service } = await started(respond);
    const { stdout } = await run(['members', id, '--limit', '2000', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ hasMore: true, items: { length: 2000 } });
    expect(service.requests.map(({ path }) => path.split('?')[1])).toEqual(['limit=1000', 'limit=1000&cursor=c1']);
  });

  it('refuses a state that there is not', async () => {
    const { run, service } = await started(() => ({ body: {} }));
    expect([(await run(['members', id, '--state', 'lost'])).code, service.requests]).toEqual([2, []]);
  });
});

describe('privyseal campaign pause, resume and abandon', () => {
  it('send what was asked', async () => {
    const { run, service } = await started(() => ({ body: makeCampaignJson() }));
    await run(['pause', id]);
    await run(['resume', id, '--rotate-by', '2d', '--revoke-at', '2026-12-06T00:00:00Z']);
    await run(['abandon', id, '--yes']);
    expect(service.requests.map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
      ['POST', `/v1/campaigns/${id}/pause`, {}],
      ['POST', `/v1/campaigns/${id}/resume`, { rotateBy: '2026-11-23T07:00:00Z', revokeAt: '2026-12-06T00:00:00Z' }],
      ['POST', `/v1/campaigns/${id}/abandon`, {}],
    ]);
  });

  it('ask a person before it is abandoned, with how many wait', async () => {
    const { run, service } = await started(({ method }) => ({
      body: method === 'GET' ? makeProgressJson() : makeCampaignJson(),
    }));
    const { code, stderr } = await run(['abandon', id], { columns: 100, input: '\n' });
    expect([code, service.requests.length]).toEqual([1, 1]);
    expect(stderr).toContain('with 4 certificates waiting?');
  });
});
