/** What operators do with requests that wait for approval, on the command line. */
import { describe, expect, it } from 'vitest';
import { makeCertificateJson } from '../../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../../support/command-line.ts';
import { makeListedRequest, makeRequestJson, makeRequestSummary, requestId } from '../../../support/request-json.ts';
import { type Responder, startStubService } from '../../../support/stub-service.ts';

async function run(respond: Responder, argv: readonly string[], options: CommandLineOptions = {}) {
  const service = await startStubService(respond);
  const result = await commandLine(['requests', ...argv, ...at(service)], { cwd: homeFor(service), ...options });
  return { ...result, requests: service.requests.map(({ method, path, body }) => ({ method, path, body })) };
}

const approve = `/v1/requests/${requestId}/approve`;
const issued = () => ({ status: 201, body: makeCertificateJson() });

describe('requests list', () => {
  it('shows what waits as a table, page after page', async () => {
    const pages = [
      { items: [makeListedRequest()], nextCursor: 'more' },
      { items: [makeListedRequest({ names: ['a.dev', 'b.dev'], status: 'denied', endedAt: '2026-11-21T06:30:00Z' })] },
    ];
    const argv = ['list', '--status', 'pending', '--product', 'dev/demo'];
    const { code, stdout, requests } = await run(() => ({ body: { nextCursor: null, ...pages.shift() } }), argv);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^REQUEST +NAME +PRODUCT +PROFILE +STATUS +APPROVALS +EXPIRES$/),
      expect.stringMatching(/^019aa5c2\S+ +demo.dev.internal +dev\/demo +guarded +pending +0 of 2 +in 6 days$/),
      expect.stringMatching(/^019aa5c2\S+ +a.dev \+1 +dev\/demo +guarded +denied +0 of 2 +-$/),
      '',
    ]);
    expect(requests.map(({ path }) => path)).toEqual([
      '/v1/requests?status=pending&product=dev%2Fdemo&limit=100',
      '/v1/requests?status=pending&product=dev%2Fdemo&limit=99&cursor=more',
    ]);
  });

  it('tells which of them wait in vain', async () => {
    const because = (code: string) => makeListedRequest({ obstacles: [{ code, message: 'Deny it.' }] });
    const items = [because('requestOutdated'), because('keyCompromised')];
    const { stdout } = await run(() => ({ body: { items, nextCursor: null } }), ['list']);
    expect(stdout).toMatch(/ pending \(outdated\) .*\n.* pending \(keyCompromised\) /);
  });

  it('fits a narrow terminal, and says what it left out', async () => {
    const body = { items: [makeListedRequest()], nextCursor: null };
    const { stdout, stderr } = await run(() => ({ body }), ['list'], { columns: 60 });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(stderr).toContain('left out: ');
  });

  it('says so when there is none, and stops at the limit', async () => {
    expect((await run(() => ({ body: { items: [], nextCursor: null } }), ['list'])).stderr).toBe(
      'No requests match.\n',
    );
    const page = { items: [makeListedRequest()], nextCursor: 'more' };
    const { stdout } = await run(() => ({ body: page }), ['list', '--limit', '1', '--json']);
    expect(JSON.parse(stdout)).toEqual({ items: [makeListedRequest()], hasMore: true });
  });

  it.each([
    ['--status', 'open'],
    ['--product', 'demo'],
    ['--limit', '0'],
  ])('refuses %s %s', async (...argv) => {
    expect((await run(() => undefined, ['list', ...argv])).code).toBe(2);
  });
});

describe('requests show', () => {
  it('shows exactly what would be signed, and what differs', async () => {
    const { code, stdout } = await run(() => ({ body: makeRequestJson() }), ['show', requestId]);
    expect(code).toBe(0);
    for (const line of [
      /^Product +dev\/demo, version 3$/m,
      /^Requested +2026-11-21 06:00:00 UTC \(1 hour ago\) by token:0123456789abcdef, which operator:bob made$/m,
      /^ {2}basicConstraints, critical +CA:FALSE$/m,
      /^ {2}subjectAltName +dns:demo.dev.internal$/m,
      /^ {2}Checked +by 27 rules, none broken$/m,
      /^ {2}Names +\+ demo.dev.internal$/m,
      /^ +- old.dev.internal$/m,
      /^ {2}Key +another$/m,
      /^ {2}Lifetime +24 hours shorter$|^ {2}Lifetime +1 day shorter$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
  });

  it('says why it cannot be approved, and that there is nothing to compare it with', async () => {
    const obstacles = [{ code: 'requestOutdated', field: 'profile', message: 'The profile was changed.' }];
    const blocked = await run(() => ({ body: makeRequestJson({ obstacles, proposal: null }) }), ['show', requestId]);
    expect(blocked.stdout).toContain('  requestOutdated: The profile was changed.\n');
    const proposal = { ...makeRequestJson().proposal!, comparison: null };
    const first = await run(() => ({ body: makeRequestJson({ proposal }) }), ['show', requestId]);
    expect(first.stdout).toContain('The product has no good certificate for any of these names.');
  });

  it('makes what somebody outside wrote safe to print', async () => {
    const verdicts = [
      { verdict: 'approved' as const, operator: 'bob', at: '2026-11-21T06:30:00Z', comment: '\u001b[2J' },
    ];
    const { stdout } = await run(
      () => ({ body: makeRequestJson({ verdicts, subject: 'x' } as object) }),
      ['show', requestId],
    );
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('approved by bob');
  });

  it('takes ids alone', async () => {
    expect((await run(() => undefined, ['show', '../x'])).code).toBe(2);
  });
});

describe('requests approve', () => {
  it('hands the comment on and tells of the certificate', async () => {
    const { code, stdout, requests } = await run(issued, ['approve', requestId, '--comment', 'fine']);
    expect([code, requests]).toEqual([0, [{ method: 'POST', path: approve, body: '{"comment":"fine"}' }]]);
    expect(stdout).toMatch(/^Certificate +01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0$/m);
  });

  it('tells that another operator is needed', async () => {
    const verdicts = [{ verdict: 'approved' as const, operator: 'bob', at: '2026-11-21T06:30:00Z', comment: '' }];
    const respond: Responder = () => ({ status: 202, body: makeRequestSummary({ verdicts }) });
    const { code, stdout } = await run(respond, ['approve', requestId]);
    expect([code, stdout]).toEqual([0, 'Approved  1 of 2; another operator must approve it, too\n']);
  });

  it('shows a person what would be signed, and asks first', async () => {
    const respond: Responder = ({ method }) => (method === 'GET' ? { body: makeRequestJson() } : issued());
    const no = await run(respond, ['approve', requestId], { columns: 100, input: 'n\n' });
    expect([no.code, no.requests.map(({ method }) => method)]).toEqual([1, ['GET']]);
    expect(no.stderr).toContain('Would be signed');
    const yes = await run(respond, ['approve', requestId], { columns: 100, input: 'y\n' });
    expect([yes.code, yes.requests.map(({ method }) => method)]).toEqual([0, ['GET', 'POST']]);
    const sure = await run(respond, ['approve', requestId, '--yes'], { columns: 100 });
    expect(sure.requests.map(({ method }) => method)).toEqual(['POST']);
  });
});

describe('requests deny', () => {
  it('needs a comment and hands it on', async () => {
    const respond: Responder = () => ({ body: makeRequestSummary({ status: 'denied' }) });
    expect((await run(respond, ['deny', requestId])).code).toBe(2);
    const { code, stdout, requests } = await run(respond, ['deny', requestId, '--comment', 'no']);
    expect([code, requests[0]!.body]).toEqual([0, '{"comment":"no"}']);
    expect(stdout).toMatch(/^Told +no$/m);
  });
});
