/** Contexts: what is stored, how safely, and what goes before what when a verb looks for its service. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeStatus } from '../../../support/certificate-json.ts';
import { at, type CommandLineResult, commandLine, homeFor } from '../../../support/command-line.ts';
import { type StubService, startStubService } from '../../../support/stub-service.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

let cwd: string;
let file: string;
let env: NodeJS.ProcessEnv;
const run = (...argv: string[]): Promise<CommandLineResult> => commandLine(argv, { cwd, env });
const stored = (): unknown => parse(readFileSync(file, 'utf8'));
const where = ['--url', 'https://ca.example:8443', '--admin-url', 'https://ca.example:9443'];

beforeEach(() => {
  cwd = temporaryFolder().path;
  env = { XDG_CONFIG_HOME: join(cwd, 'config') };
  file = join(cwd, 'config/privyseal/contexts.yaml');
  for (const name of ['me.crt', 'me.key', 'system.pem'])
    writeFileSync(join(cwd, name), 'secret bytes', { mode: 0o600 });
});

describe('context add', () => {
  it('stores where the service is and the absolute paths of files, for the user alone', async () => {
    const added = await run(
      'context',
      'add',
      'prod',
      ...where,
      '--cert',
      'me.crt',
      '--key',
      'me.key',
      '--ca',
      'system.pem',
    );
    expect(added).toEqual({ code: 0, stdout: `Written  ${file}\nIn use   prod\n`, stderr: '' });
    expect(stored()).toEqual({
      current: 'prod',
      contexts: {
        prod: {
          url: 'https://ca.example:8443',
          adminUrl: 'https://ca.example:9443',
          ca: join(cwd, 'system.pem'),
          cert: join(cwd, 'me.crt'),
          key: join(cwd, 'me.key'),
        },
      },
    });
    expect(readFileSync(file, 'utf8')).not.toContain('secret bytes');
    const modes = [file, join(cwd, 'config/privyseal')].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o600, 0o700]);
    expect(readdirSync(join(cwd, 'config/privyseal'))).toEqual(['contexts.yaml']);
  });

  it('lies in ~/.config without XDG_CONFIG_HOME, or with a relative one', async () => {
    env = { HOME: cwd, XDG_CONFIG_HOME: 'relative' };
    await run('context', 'add', 'prod', ...where);
    expect(existsSync(join(cwd, '.config/privyseal/contexts.yaml'))).toBe(true);
  });

  it.each([
    ['nothing of a place', ['prod'], 2, 'usage'],
    ['half of a pair', ['prod', ...where, '--cert', 'me.crt'], 2, 'usage'],
    ['a file that is not there', ['prod', ...where, '--ca', 'none.pem'], 2, 'credentialMissing'],
    ['a name that is none', ['../prod', ...where], 2, 'usage'],
    ['an address that is none', ['prod', '--url', 'http://ca.example'], 2, 'usage'],
  ])('refuses %s', async (_what, argv, code, error) => {
    const refused = await run('context', 'add', ...argv, '--json');
    expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([code, error]);
    expect(existsSync(file)).toBe(false);
  });

  it('overwrites one of the same name only with --replace', async () => {
    await run('context', 'add', 'prod', ...where);
    const refused = await run('context', 'add', 'prod', '--url', 'https://other.example:8443', '--json');
    expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([8, 'contextExists']);
    expect((await run('context', 'add', 'prod', '--url', 'https://other.example:8443', '--replace')).code).toBe(0);
    expect(stored()).toEqual({ current: 'prod', contexts: { prod: { url: 'https://other.example:8443' } } });
  });

  it('says when a key may be read by others', async () => {
    chmodSync(join(cwd, 'me.key'), 0o644);
    const { code, stderr } = await run('context', 'add', 'prod', ...where, '--cert', 'me.crt', '--key', 'me.key');
    expect([code, stderr.includes('chmod 600')]).toEqual([0, true]);
  });
});

describe('the other verbs of contexts', () => {
  beforeEach(async () => {
    await run('context', 'add', 'prod', ...where);
    await run('context', 'add', 'dev', '--url', 'https://dev.example:8443');
  });

  it('list them, and mark the one in use', async () => {
    const { stdout } = await run('context', 'list');
    expect(stdout.split('\n').slice(0, -1)).toEqual([
      '   NAME  PUBLIC                    ADMIN',
      '   dev   https://dev.example:8443  -',
      '*  prod  https://ca.example:8443   https://ca.example:9443',
    ]);
    const { items } = JSON.parse((await run('context', 'list', '--json')).stdout);
    expect(items.map(({ name, current }: { name: string; current: boolean }) => [name, current])).toEqual([
      ['dev', false],
      ['prod', true],
    ]);
  });

  it('use and show one', async () => {
    expect((await run('context', 'use', 'dev')).code).toBe(0);
    expect((await run('context', 'show')).stdout).toBe('Context  dev, in use\nurl      https://dev.example:8443\n');
    expect(JSON.parse((await run('context', 'show', 'prod', '--json')).stdout)).toMatchObject({ current: false });
    expect((await run('context', 'use', 'nope', '--json')).code).toBe(2);
  });

  it('remove one, which ends its use', async () => {
    expect((await run('context', 'remove', 'prod')).code).toBe(0);
    expect(stored()).toEqual({ contexts: { dev: { url: 'https://dev.example:8443' } } });
    expect((await run('context', 'show')).code).toBe(2);
    const asked = await commandLine(['context', 'remove', 'dev'], { cwd, env, columns: 80, input: 'n\n' });
    expect([asked.code, Object.keys((stored() as { contexts: object }).contexts)]).toEqual([1, ['dev']]);
  });
});

describe('a file of contexts', () => {
  beforeEach(() => run('context', 'add', 'prod', ...where));

  it.each([
    ['that others may read', () => chmodSync(file, 0o640), 'fileOpenToOthers'],
    ['that others may write', () => chmodSync(file, 0o602), 'fileOpenToOthers'],
    ['in a folder that others may write', () => chmodSync(join(cwd, 'config/privyseal'), 0o770), 'fileOpenToOthers'],
    ['that is no YAML', () => writeFileSync(file, 'contexts: ['), 'fileUnreadable'],
    ['of another shape', () => writeFileSync(file, 'contexts: [1]'), 'fileUnreadable'],
    ['with a field that is unknown', () => writeFileSync(file, 'contexts: {a: {token: x}}'), 'fileUnreadable'],
    ['with a name that is none', () => writeFileSync(file, 'contexts: {"../a": {}}'), 'fileUnreadable'],
    [
      'with an address that is none',
      () => writeFileSync(file, 'contexts: {a: {url: "localhost:8443"}}'),
      'fileUnreadable',
    ],
    [
      'with an address that is not of https',
      () => writeFileSync(file, 'contexts: {a: {adminUrl: "http://x"}}'),
      'fileUnreadable',
    ],
    [
      'with a path that depends on the folder',
      () => writeFileSync(file, 'contexts: {a: {ca: system.pem}}'),
      'fileUnreadable',
    ],
    ['with a value that is no text', () => writeFileSync(file, 'contexts: {a: {url: 7}}'), 'fileUnreadable'],
  ])('%s is refused', async (_what, spoil, error) => {
    spoil();
    const refused = await run('context', 'list', '--json');
    expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([1, error]);
  });

  it('stays as it was when its folder cannot be written', async () => {
    mkdirSync(join(cwd, 'blocked'));
    writeFileSync(join(cwd, 'blocked/privyseal'), 'a file where the folder should be');
    env = { XDG_CONFIG_HOME: join(cwd, 'blocked') };
    const refused = await run('context', 'add', 'prod', ...where, '--json');
    expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([1, 'folderUnwritable']);
  });
});

describe('a verb', () => {
  let service: StubService;
  let home: string;
  const files = ['ca', 'cert', 'key'] as const;
  const paths = { ca: 'trust/system.pem', cert: 'admin/admin.crt', key: 'admin/admin.key' };

  beforeEach(async () => {
    service = await startStubService(() => ({ body: makeStatus() }), {
      tls: { requestCert: true, rejectUnauthorized: true },
    });
    home = join(homeFor(service), 'data');
    const credentials = files.flatMap((name) => [`--${name}`, join(home, paths[name])]);
    await run('context', 'add', 'stub', ...at(service), ...credentials);
    await run(
      'context',
      'add',
      'nowhere',
      '--url',
      'https://localhost:1',
      '--admin-url',
      'https://localhost:1',
      '--home',
      home,
    );
  });

  it('works in the context in use', async () => {
    expect((await run('status')).code).toBe(0);
    await run('context', 'use', 'nowhere');
    expect((await run('status')).code).toBe(4);
  });

  it('works in the one of --context, of PRIVYSEAL_CONTEXT, in use: in this order', async () => {
    expect((await run('status', '--context', 'nowhere')).code).toBe(4);
    env.PRIVYSEAL_CONTEXT = 'nowhere';
    expect((await run('status')).code).toBe(4);
    expect((await run('status', '--context', 'stub')).code).toBe(0);
    expect((await run('status', '--context', 'no-such')).code).toBe(2);
  });

  it('believes the command line before the context', async () => {
    const [, , , adminUrl = ''] = at(service);
    expect((await run('status', '--context', 'nowhere', '--admin-url', adminUrl)).code).toBe(0);
    expect((await run('status', '--context', 'stub', '--ca', 'me.crt')).code).not.toBe(0);
  });

  it('leaves the context in use aside when a place is said in another way', async () => {
    await run('context', 'use', 'nowhere');
    expect((await run('status', ...at(service), '--home', home)).code).toBe(0);
    env.PRIVYSEAL_HOME = home;
    env.PRIVYSEAL_ADMIN_PORT = new URL(at(service)[3]!).port;
    expect((await run('status')).code).toBe(0);
  });

  it('for products shows a token before the certificate of a context', async () => {
    const credentials: string[] = [];
    const seen = await startStubService(
      ({ headers, clientDer }) => {
        credentials.push(headers.authorization ?? (clientDer ? 'certificate' : 'nothing'));
        return { body: {}, status: 500 };
      },
      { tls: { requestCert: true, rejectUnauthorized: false } },
    );
    const ofSeen = join(homeFor(seen), 'data');
    const pair = ['--cert', join(ofSeen, paths.cert), '--key', join(ofSeen, paths.key)];
    await run('context', 'add', 'both', ...at(seen), '--ca', join(ofSeen, paths.ca), ...pair);
    await run('request', 'a.example', '--context', 'both');
    env.PRIVYSEAL_TOKEN = 'pst_mine';
    await run('request', 'a.example', '--context', 'both');
    await run('request', 'a.example', '--context', 'both', ...pair);
    expect(credentials).toEqual(['certificate', 'Bearer pst_mine', 'certificate']);
  });
});
