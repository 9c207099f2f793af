import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ProductJson } from '../../../src/api/product.ts';
import type { ProfileJson } from '../../../src/api/profile.ts';
import type { NewTokenJson } from '../../../src/api/token.ts';
import { makeProblem } from '../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../support/command-line.ts';
import { type ReceivedRequest, type Responder, startStubService } from '../../support/stub-service.ts';

async function started(respond: Responder) {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
  const cwd = homeFor(service);
  const run = (argv: string[], options?: CommandLineOptions) =>
    commandLine([...argv, ...at(service)], { cwd, ...options });
  return { service, run, cwd };
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);
const sent = (request: ReceivedRequest | undefined): [string, unknown] => [
  `${request?.method} ${request?.path}`,
  request?.body ? JSON.parse(request.body) : undefined,
];

const product: ProductJson = {
  id: 'dev/product-a',
  environment: 'dev',
  name: 'product-a',
  version: 3,
  nameRules: [
    { kind: 'exact', value: 'dev.product-a.dev' },
    { kind: 'subdomain', value: 'product-a.dev' },
    { kind: 'wildcard', value: 'product-a.dev' },
  ],
  profiles: ['peer', 'server'],
  contacts: ['team-a@example.org'],
  alerts: 'all',
  createdAt: '2026-11-21T06:00:00.000Z',
  removedAt: null,
};

const profile: ProfileJson = {
  environment: 'dev',
  name: 'kafka',
  version: 2,
  authority: 'dev-issuing',
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: ['serverAuth', 'clientAuth'],
  lifetimeSeconds: { minimum: 3600, default: 604_800, maximum: 2_592_000 },
  backdateSeconds: 60,
  subject: { commonName: 'firstName' },
  names: { types: ['dns'], wildcards: false, maximum: 20 },
  keys: { kinds: ['ec-p256'], rsaMinimumBits: 2048 },
  approvals: 0,
  rotation: { newKey: 'required', overlapSeconds: 604_800, revokePredecessor: false },
};

const token: NewTokenJson = {
  id: '0123456789abcdef',
  product: 'dev/product-a',
  profiles: ['peer', 'server'],
  status: 'live',
  usesLeft: 10,
  expiresAt: '2026-11-22T07:00:00.000Z',
  createdAt: '2026-11-21T07:00:00.000Z',
  createdBy: 'operator:admin',
  token: 'pst_0123456789abcdef_secret',
};

const refusing: Responder = () => ({ status: 409, mediaType: 'application/problem+json', body: makeProblem() });

describe('privyseal product', () => {
  it('adds a product as it is written, and shows it', async () => {
    const { service, run } = await started(() => ({ status: 201, body: product }));
    const argv = ['product', 'add', 'dev/product-a', '--name', 'dev.product-a.dev', '--name', '*.product-a.dev'];
    const { code, stdout } = await run([...argv, '--contact', 'team-a@example.org']);
    expect(code).toBe(0);
    expect(sent(service.requests[0])).toEqual([
      'POST /v1/products',
      {
        environment: 'dev',
        name: 'product-a',
        nameRules: ['dev.product-a.dev', '*.product-a.dev'],
        contacts: ['team-a@example.org'],
      },
    ]);
    expect(lines(stdout)).toEqual([
      'Product   dev/product-a',
      'Version   3, made 2026-11-21 06:00:00 UTC (1 hour ago)',
      'Names     dev.product-a.dev',
      '          .product-a.dev',
      '          *.product-a.dev (itself)',
      'Profiles  peer, server',
      'Contacts  team-a@example.org',
      'Alerts    all',
    ]);
  });

  it('changes what is given and keeps the rest, from the version it read', async () => {
    const { service, run } = await started(() => ({ body: product }));
    await run(['product', 'update', 'dev/product-a', '--alerts', 'none', '--profile', 'server', '--profile', 'client']);
    expect(service.requests.map(({ method }) => method)).toEqual(['GET', 'PUT']);
    expect(sent(service.requests[1])).toEqual([
      'PUT /v1/products/dev/product-a',
      {
        version: 3,
        nameRules: product.nameRules,
        profiles: ['server', 'client'],
        contacts: product.contacts,
        alerts: 'none',
      },
    ]);
    expect((await run(['product', 'update', 'dev/product-a'])).code).toBe(2);
  });

  it('adds and removes single names and profiles, and keeps the others', async () => {
    const { service, run } = await started(() => ({ body: product }));
    const update = ['product', 'update', 'dev/product-a'];
    await run([...update, '--add-name', 'api.product-a.dev', '--remove-name', 'Dev.product-a.dev']);
    await run([...update, '--remove-name', '*.product-a.dev', '--add-profile', 'client', '--add-profile', 'peer']);
    const [exact, ...below] = product.nameRules;
    expect([1, 3].map((index) => sent(service.requests[index])[1])).toMatchObject([
      { version: 3, nameRules: [...below, 'api.product-a.dev'], profiles: product.profiles },
      { version: 3, nameRules: [exact], profiles: ['peer', 'server', 'client'] },
    ]);
  });

  it('says which names a change takes away, whose certificates nobody can rotate from then on', async () => {
    const after = { ...product, version: 4, nameRules: product.nameRules.slice(0, 1) };
    const { run } = await started(({ method }) => ({ body: method === 'PUT' ? after : product }));
    const { stdout } = await run(['product', 'update', 'dev/product-a', '--name', 'dev.product-a.dev']);
    expect(lines(stdout).slice(-2)).toEqual(['No longer  .product-a.dev', '           *.product-a.dev (itself)']);
  });

  it('sends nothing where a name to remove is not there, or a list is both replaced and added to', async () => {
    const { service, run } = await started(() => ({ body: product }));
    const missing = await run(['product', 'update', 'dev/product-a', '--remove-name', 'other.dev']);
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringContaining('It has dev.product-a.dev, .product-a.dev'),
    ]);
    const both = await run(['product', 'update', 'dev/product-a', '--name', 'a.dev', '--add-name', 'b.dev']);
    expect([both.code, service.requests.map(({ method }) => method)]).toEqual([2, ['GET']]);
  });

  it('shows an earlier version', async () => {
    const { service, run } = await started(() => ({ body: product }));
    expect(JSON.parse((await run(['product', 'show', 'dev/product-a', '--at', '1', '--json'])).stdout)).toEqual(
      product,
    );
    expect(service.requests[0]!.path).toBe('/v1/products/dev/product-a?version=1');
  });

  it('lists all pages as one table', async () => {
    const { service, run } = await started(({ path }) => ({
      body: { items: [product], nextCursor: path.includes('cursor=') ? null : 'bmV4dA' },
    }));
    const { stdout } = await run(['product', 'list', '--environment', 'dev']);
    expect(lines(stdout)).toHaveLength(3);
    expect(lines(stdout)[1]).toMatch(/^dev\/product-a {2}3 +dev\.product-a\.dev \.product-a\.dev/);
    expect(service.requests.map(({ path }) => path)).toEqual([
      '/v1/products?environment=dev&limit=1000',
      '/v1/products?environment=dev&limit=1000&cursor=bmV4dA',
    ]);
  });

  it('asks before it removes, and tells the last version', async () => {
    const { service, run } = await started(({ method }) =>
      method === 'DELETE' ? { status: 204, body: '' } : { body: product },
    );
    expect((await run(['product', 'remove', 'dev/product-a'], { columns: 80, input: 'n\n' })).code).toBe(1);
    expect(service.requests).toEqual([]);
    const { code, stdout } = await run(['product', 'remove', 'dev/product-a', '--yes']);
    expect([code, stdout]).toEqual([0, 'Removed  dev/product-a, at version 3\n']);
    expect(service.requests.map(({ method }) => method)).toEqual(['DELETE', 'GET']);
  });

  it('ends with 3 and every reason where the service refuses', async () => {
    const { run } = await started(refusing);
    const { code, stderr } = await run(['product', 'remove', 'dev/product-a', '--yes']);
    expect(code).toBe(3);
    expect(stderr.match(/^ {2}- /gm)).toHaveLength(2);
  });

  it.each(['product-a', 'dev/a/b', '/a', 'dev/', ''])('takes %j for no id', async (id) => {
    const { service, run } = await started(refusing);
    expect((await run(['product', 'show', id])).code).toBe(2);
    expect(service.requests).toEqual([]);
  });
});

describe('privyseal profile', () => {
  it('adds the profile of a file', async () => {
    const { service, run, cwd } = await started(() => ({ status: 201, body: profile }));
    writeFileSync(
      join(cwd, 'kafka.yaml'),
      'environment: dev\nname: kafka # for brokers\nkeyUsage: [digitalSignature]\n',
    );
    const { stdout } = await run(['profile', 'add', '-f', 'kafka.yaml']);
    expect(sent(service.requests[0])).toEqual([
      'POST /v1/profiles',
      { environment: 'dev', name: 'kafka', keyUsage: ['digitalSignature'] },
    ]);
    expect(stdout).toBe('Added  dev/kafka, version 2\n');
  });

  it('shows one as the file by which it can be changed', async () => {
    const { service, run, cwd } = await started(() => ({ body: profile }));
    const { stdout } = await run(['profile', 'show', 'dev/kafka']);
    expect(parse(stdout)).toEqual(profile);
    writeFileSync(join(cwd, 'kafka.yaml'), stdout);
    await run(['profile', 'update', '-f', 'kafka.yaml']);
    const { environment: _environment, name: _name, ...change } = profile;
    expect(sent(service.requests[1])).toEqual(['PUT /v1/profiles/dev/kafka', change]);
  });

  it('says on a terminal what its list left out to fit', async () => {
    const { run } = await started(() => ({ body: { items: [profile], nextCursor: null } }));
    const { stderr } = await run(['profile', 'list'], { columns: 50 });
    expect(stderr).toMatch(/^To fit, .*left out: .*authority/);
    expect((await run(['profile', 'list'])).stderr).toBe('');
  });

  it('adds the profile of a file that was shown of another, whose version is that one’s', async () => {
    const { service, run, cwd } = await started(() => ({ status: 201, body: profile }));
    writeFileSync(join(cwd, 'shown.yaml'), JSON.stringify(profile));
    await run(['profile', 'add', '-f', 'shown.yaml']);
    const { version: _version, ...added } = profile;
    expect(sent(service.requests[0])).toEqual(['POST /v1/profiles', added]);
  });

  it('says when nothing had to be changed', async () => {
    const { run, cwd } = await started(() => ({ body: profile }));
    writeFileSync(join(cwd, 'same.yaml'), JSON.stringify(profile));
    const { stdout } = await run(['profile', 'update', '-f', 'same.yaml']);
    expect(stdout).toContain('Unchanged  dev/kafka, version 2');
  });

  it('changes the profile as it is now where the file names no version', async () => {
    const { service, run, cwd } = await started(() => ({ body: profile }));
    writeFileSync(join(cwd, 'kafka.json'), JSON.stringify({ environment: 'dev', name: 'kafka', backdateSeconds: 0 }));
    await run(['profile', 'update', '-f', 'kafka.json']);
    expect(service.requests.map(({ method }) => method)).toEqual(['GET', 'PUT']);
    expect(sent(service.requests[1])[1]).toEqual({ version: 2, backdateSeconds: 0 });
  });

  it.each([
    ['no YAML', 'a: [1', 2],
    ['no profile', '- a', 2],
    ['an alias that grows', 'a: &a [1]\nb: *a\n', 2],
    ['a field twice', 'name: a\nname: b\n', 2],
  ])('does not send a file that is %s', async (_what, text, exitCode) => {
    const { service, run, cwd } = await started(refusing);
    writeFileSync(join(cwd, 'bad.yaml'), text);
    expect((await run(['profile', 'add', '-f', 'bad.yaml'])).code).toBe(exitCode);
    expect((await run(['profile', 'add', '-f', 'none.yaml'])).code).toBe(2);
    expect(service.requests).toEqual([]);
  });

  it('needs to be told which profile is changed', async () => {
    const { run, cwd } = await started(refusing);
    writeFileSync(join(cwd, 'bad.yaml'), 'name: kafka\n');
    expect((await run(['profile', 'update', '-f', 'bad.yaml'])).code).toBe(2);
  });

  it('lists profiles', async () => {
    const { run } = await started(() => ({ body: { items: [profile], nextCursor: null } }));
    expect(lines((await run(['profile', 'list'])).stdout)).toEqual([
      'PROFILE    VERSION  FOR                    NAMES  LIFETIME  AT MOST  AUTHORITY',
      'dev/kafka  2        serverAuth clientAuth  dns    7 days    30 days  dev-issuing',
    ]);
  });
});

describe('privyseal token', () => {
  it('makes a token and shows it once', async () => {
    const { service, run } = await started(() => ({ status: 201, body: token }));
    const { stdout } = await run(['token', 'add', 'dev/product-a', '--uses', '10', '--expires', '24h']);
    expect(sent(service.requests[0])).toEqual([
      'POST /v1/tokens',
      { product: 'dev/product-a', uses: 10, lifetimeSeconds: 86_400 },
    ]);
    expect(lines(stdout)).toEqual([
      'Id        0123456789abcdef',
      'Product   dev/product-a',
      'Profiles  peer, server',
      'Good for  10 certificates',
      'Expires   2026-11-22 07:00:00 UTC (in 1 day)',
      'Token     pst_0123456789abcdef_secret',
    ]);
  });

  it('writes it into a file that only its owner reads, and shows it nowhere', async () => {
    const { run, cwd } = await started(() => ({ status: 201, body: token }));
    const argv = ['token', 'add', 'dev/product-a', '--out', 'a.token'];
    const { stdout, stderr } = await run(argv);
    const file = join(cwd, 'a.token');
    expect(readFileSync(file, 'utf8')).toBe(`${token.token}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(stdout + stderr).not.toContain(token.token);
    const again = await run([...argv, '--json']);
    expect([again.code, again.stdout]).toEqual([8, '']);
    const json = await run([...argv.slice(0, -1), 'b.token', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ id: token.id, file: join(cwd, 'b.token') });
    expect(json.stdout).not.toContain(token.token);
  });

  it('leaves no file and asks for no token when one of the two cannot be', async () => {
    const { service, run, cwd } = await started(refusing);
    expect((await run(['token', 'add', 'dev/product-a', '--out', 'a.token'])).code).toBe(3);
    expect(() => statSync(join(cwd, 'a.token'))).toThrow();
    expect((await run(['token', 'add', 'dev/product-a', '--out', 'none/a.token'])).code).toBe(1);
    expect(service.requests).toHaveLength(1);
  });

  it('takes a number of uses or none at all', async () => {
    const { service, run } = await started(() => ({ status: 201, body: token }));
    await run(['token', 'add', 'dev/product-a', '--uses', 'unlimited', '--profile', 'server']);
    expect(sent(service.requests[0])[1]).toMatchObject({ uses: null, profiles: ['server'] });
    for (const uses of ['0', '-1', 'many']) {
      expect((await run(['token', 'add', 'dev/product-a', '--uses', uses])).code).toBe(2);
    }
  });

  it('lists tokens by product, and removes one after asking', async () => {
    const { token: _secret, ...shown } = token;
    const other = { ...shown, id: 'ffff', product: 'dev/a', usesLeft: null, status: 'expired' };
    const { service, run } = await started(({ method }) =>
      method === 'DELETE' ? { status: 204, body: '' } : { body: { items: [shown, other], nextCursor: null } },
    );
    expect(lines((await run(['token', 'list'])).stdout)).toEqual([
      'ID                PRODUCT        PROFILES     STATUS   USES LEFT  EXPIRES   MADE BY',
      'ffff              dev/a          peer server  expired  unlimited  in 1 day  operator:admin',
      '0123456789abcdef  dev/product-a  peer server  live     10         in 1 day  operator:admin',
    ]);
    expect((await run(['token', 'remove', token.id], { columns: 80, input: '\n' })).code).toBe(1);
    expect((await run(['token', 'remove', token.id], { columns: 80, input: 'y\n' })).code).toBe(0);
    expect(service.requests.at(-1)!.path).toBe(`/v1/tokens/${token.id}`);
  });
});

it('every verb of the registry shows an example in its help', async () => {
  const verbs = {
    product: ['add', 'update', 'list', 'show', 'remove'],
    profile: ['add', 'update', 'list', 'show'],
    token: ['add', 'list', 'remove'],
  };
  for (const [noun, names] of Object.entries(verbs)) {
    for (const name of names) {
      const { code, stdout } = await commandLine([noun, name, '--help']);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`$ privyseal ${noun}`)]);
    }
  }
});
