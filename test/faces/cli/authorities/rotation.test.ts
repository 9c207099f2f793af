import { describe, expect, it } from 'vitest';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../../support/command-line.ts';
import { testRotationJson } from '../../../support/rotations-double.ts';
import { type Responder, startStubService } from '../../../support/stub-service.ts';

async function started(respond: Responder) {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
  const cwd = homeFor(service);
  const run = (argv: string[], options?: CommandLineOptions) =>
    commandLine(['authority', ...argv, ...at(service)], { cwd, ...options });
  const asked = () => service.requests.map(({ method, path, body }) => [method, path, body.toString()]);
  return { run, asked };
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

describe('privyseal authority rotate', () => {
  it('says where a rotation is, and who stands in the way of the next step', async () => {
    const { run, asked } = await started(() => ({ body: testRotationJson }));
    const shown = lines((await run(['rotate', 'status', 'dev-root'])).stdout);
    expect(shown.slice(0, 3)).toEqual(['Authority     dev-root', 'From          dev-root', 'To            dev-root.2']);
    expect(shown.slice(-3)).toEqual([
      'Next          trusted',
      'In its way    rootTrusted, the targets of every product have reported the new root:',
      '                dev/demo: 1 of 2 targets (web-1)',
    ]);
    expect(asked()).toEqual([['GET', '/v1/authorities/dev-root/rotation', '']]);
  });

  it('tells of an end that was cut short, which asking again completes', async () => {
    const ended = { ...testRotationJson, state: 'retired', next: null, obstacles: [], oldKeyDestroyedAt: null };
    const { run } = await started(() => ({ body: ended }));
    const { stdout } = await run(['rotate', 'status', 'dev-root']);
    expect(stdout).toContain('Old key       still there: `privyseal authority rotate advance dev-root`');
  });

  it('starts with the key that is wanted, and takes a step with the reason that is written', async () => {
    const { run, asked } = await started(({ path }) => ({
      status: path.endsWith('/rotation') ? 201 : 200,
      body: testRotationJson,
    }));
    expect((await run(['rotate', 'start', 'dev-root', '--vault', 'hsm', '--vault-key', 'root-2'])).code).toBe(0);
    const force = 'two targets are being scrapped';
    const advanced = await run(['rotate', 'advance', 'dev-root', '--force', force, '--rotate-by', '2031-01-01']);
    expect(advanced.code).toBe(0);
    expect((await run(['rotate', 'abandon', 'dev-root'])).code).toBe(0);
    expect(asked()).toEqual([
      ['POST', '/v1/authorities/dev-root/rotation', '{"vault":"hsm","key":"root-2"}'],
      [
        'POST',
        '/v1/authorities/dev-root/rotation/advance',
        JSON.stringify({ force, rotateBy: '2031-01-01T00:00:00Z' }),
      ],
      ['POST', '/v1/authorities/dev-root/rotation/abandon', '{}'],
    ]);
  });

  it('says of a step that is refused how to go on', async () => {
    const type = 'https://privyseal.dev/problems/conflict';
    const detail = 'certificatesMoved: dev/demo: 1 certificate(s)';
    const reasons = [{ code: 'rotationConditionNotMet', field: 'certificatesMoved', message: detail }];
    const body = { type, title: 'conflict', status: 409, detail, instance: 'x-1', reasons };
    const { run } = await started(() => ({ status: 409, mediaType: 'application/problem+json', body }));
    const { code, stderr } = await run(['rotate', 'advance', 'dev-root']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('`authority rotate status`')]);
    expect(stderr).toContain('--force');
  });

  it('asks a person first, and changes nothing at a no', async () => {
    const { run, asked } = await started(() => ({ body: testRotationJson }));
    const declined = await run(['rotate', 'advance', 'dev-root'], { columns: 120, input: 'n\n' });
    expect(declined.code).not.toBe(0);
    expect(asked().map(([method]) => method)).toEqual(['GET']);
  });
});

describe('privyseal authority compromise', () => {
  const outcome = {
    replaced: [{ from: 'dev-issuing', to: 'dev-issuing.2' }],
    revoked: ['01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0'],
    revocableElsewhere: [{ serial: '1000', issuer: 'corp-external-root' }],
    products: [{ product: 'dev/demo', certificates: 3 }],
    operators: [],
    campaigns: [],
    waiting: ['corp-issuing.2'],
    unfinished: [] as { generation: string; reason: string }[],
  };

  it('only says what it would come to in a dry run', async () => {
    const { run, asked } = await started(() => ({ body: outcome }));
    const args = ['compromise', 'dev-issuing', '--reason', 'found in a log', '--vault', 'file', '--dry-run'];
    const shown = lines((await run(args)).stdout);
    expect(shown[0]).toBe('What would be replaced     dev-issuing by dev-issuing.2');
    expect(shown.slice(-2)).toEqual([
      'To be revoked elsewhere    1000 by corp-external-root',
      expect.stringContaining('corp-issuing.2: `authority show NAME --csr`'),
    ]);
    expect(asked()).toEqual([
      ['POST', '/v1/authorities/dev-issuing/compromise', '{"reason":"found in a log","vault":"file","dryRun":true}'],
    ]);
  });

  it('says what a vault that is away keeps from being replaced, that it goes on by itself, and ends with 11', async () => {
    const unfinished = [{ generation: 'dev-issuing.2', reason: 'The vault bao cannot do this now: it is sealed.' }];
    const { run } = await started(() => ({ body: { ...outcome, waiting: [], unfinished } }));
    const { code, stdout } = await run(['compromise', 'dev-issuing', '--reason', 'found in a log']);
    expect(code).toBe(11);
    expect(stdout).toMatch(/^What is to be replaced +dev-issuing by dev-issuing.2$/m);
    expect(stdout).toMatch(/^Not replaced yet +dev-issuing.2: The vault bao cannot do this now: it is sealed.$/m);
    expect(stdout).toContain('this goes on by itself');
    expect(stdout).toContain('authority show dev-issuing');
  });

  it('says how everybody gets in again after that of `system`', async () => {
    const { run } = await started(() => ({ body: { ...outcome, operators: ['admin'] } }));
    const { stdout } = await run(['compromise', 'system', '--reason', 'found in a log']);
    expect(stdout).toMatch(/Operators to renew +admin/);
    for (const what of ['trust/system.pem', 'operator renew', 'operator recover']) expect(stdout).toContain(what);
  });

  it('wants to be told what is known', async () => {
    const { run, asked } = await started(() => ({ body: outcome }));
    expect((await run(['compromise', 'dev-issuing'])).stderr).toContain('--reason');
    expect(asked()).toEqual([]);
  });
});
