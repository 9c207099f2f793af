import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuthorityDetailJson } from '../../../../src/api/authority.ts';
import type { AuthorityJson } from '../../../../src/api/service.ts';
import { makeProblem } from '../../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../../support/command-line.ts';
import { type Responder, startStubService } from '../../../support/stub-service.ts';

const makeCertificate = (override: Partial<AuthorityJson> = {}): AuthorityJson => ({
  name: 'dev-issuing',
  authority: 'dev-issuing',
  generation: 1,
  phase: 'inForce',
  role: 'issuing',
  environment: 'dev',
  parent: 'dev-root',
  keyType: 'ec-p256',
  signatureAlgorithm: 'ecdsa-with-SHA256',
  subject: 'CN=Privyseal dev issuing,O=Privyseal',
  serial: '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
  sha256: 'ab'.repeat(32),
  notBefore: '2026-11-01T06:59:00Z',
  notAfter: '2031-11-01T07:00:00Z',
  certificate: '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n',
  ...override,
});

const makeDetail = (override: Partial<AuthorityDetailJson> = {}): AuthorityDetailJson => ({
  name: 'dev-issuing',
  role: 'issuing',
  environment: 'dev',
  parent: 'dev-root',
  state: 'active',
  vault: 'file',
  vaultKey: 'dev-issuing.0011aabb',
  keyType: 'ec-p256',
  signatureAlgorithm: 'ecdsa-with-SHA256',
  createdAt: '2026-11-01T07:00:00.000Z',
  csr: null,
  stopped: null,
  coming: null,
  certificate: makeCertificate(),
  ...override,
});

async function started(respond: Responder, rejectUnauthorized = true) {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized } });
  const cwd = homeFor(service);
  const run = (argv: string[], options?: CommandLineOptions) =>
    commandLine(['authority', ...argv, ...at(service)], { cwd, ...options });
  return { service, cwd, run };
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

describe('privyseal authority list', () => {
  it('shows who there is, and how to recognise their certificates', async () => {
    const { run } = await started(() => ({ body: { items: [makeCertificate()], nextCursor: null } }), false);
    expect(lines((await run(['list'])).stdout)).toEqual([
      'AUTHORITY    ROLE     PHASE    PARENT    KEY      EXPIRES     SHA-256',
      `dev-issuing  issuing  inForce  dev-root  ec-p256  in 5 years  ${'ab'.repeat(32)}`,
    ]);
  });
});

describe('privyseal authority show', () => {
  it('shows where the key is and what is in force', async () => {
    const { run, service } = await started(() => ({ body: makeDetail() }));
    const { code, stdout } = await run(['show', 'dev-issuing', '--pem']);
    expect(code).toBe(0);
    expect(stdout).toContain('ec-p256, dev-issuing.0011aabb in the vault file');
    expect(stdout).toContain('BEGIN CERTIFICATE');
    expect(service.requests.map(({ method, path }) => [method, path])).toEqual([
      ['GET', '/v1/authorities/dev-issuing'],
    ]);
  });

  it('says of one without certificate that it waits', async () => {
    const { run } = await started(() => ({ body: makeDetail({ state: 'waiting', certificate: null }) }));
    const shown = lines((await run(['show', 'dev-issuing'])).stdout);
    expect(shown).toContain('State        waiting');
    expect(shown.some((line) => line.startsWith('Expires'))).toBe(false);
  });

  it('makes what the service says safe for the terminal', async () => {
    const { run } = await started(() => ({ body: makeDetail({ vaultKey: 'a\u001b[31m' }) }));
    expect((await run(['show', 'x'])).stdout).toContain('a\\u{1b}[31m');
  });
});

describe('privyseal authority create', () => {
  const csr = '-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n';
  const waiting = makeDetail({ name: 'corp-issuing', state: 'waiting', parent: 'external', csr, certificate: null });

  it('prints the CSR alone, so that it can go to a file, and says what is next', async () => {
    const { run, service } = await started(() => ({ status: 201, body: waiting }));
    const argv = ['create', 'corp-issuing', '--environment', 'corp', '--csr', '--vault', 'hsm', '--vault-key', 'k1'];
    const { code, stdout, stderr } = await run(argv);
    expect([code, stdout]).toEqual([0, csr]);
    expect(stderr).toContain('authority import corp-issuing');
    expect(service.requests.map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
      ['POST', '/v1/authorities', { name: 'corp-issuing', environment: 'corp', vault: 'hsm', key: 'k1' }],
    ]);
  });

  it('gives the CSR again', async () => {
    const { run } = await started(() => ({ body: waiting }));
    expect((await run(['show', 'corp-issuing', '--csr'])).stdout).toBe(csr);
  });

  it('has none of an authority that is signed here', async () => {
    const { run } = await started(() => ({ body: makeDetail() }));
    expect(await run(['show', 'dev-issuing', '--csr'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('privyseal authority import', () => {
  const chain = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
  const fingerprint = 'ab'.repeat(32);
  const unconfirmed = {
    status: 400,
    mediaType: 'application/problem+json',
    body: makeProblem({
      type: 'https://privyseal.dev/problems/policyRefused',
      reasons: [
        { code: 'rootNotConfirmed', field: 'chain[1]', message: 'Nobody confirmed the root.', value: fingerprint },
      ],
    }),
  };

  async function importing(respond: Responder) {
    const { service, cwd, run } = await started(respond);
    writeFileSync(join(cwd, 'chain.pem'), chain);
    const sent = () => service.requests.map(({ method, path, body }) => [method, path, JSON.parse(body)]);
    return { run, sent, cwd };
  }

  it('sends the chain and the root, and shows what is in force', async () => {
    const { run, sent, cwd } = await importing(() => ({ body: makeDetail() }));
    writeFileSync(join(cwd, 'root.pem'), 'root');
    const { code, stdout } = await run(['import', 'corp-issuing', 'chain.pem', '--root', 'root.pem']);
    expect([code, stdout.includes('State        active')]).toEqual([0, true]);
    expect(sent()).toEqual([['POST', '/v1/authorities/corp-issuing/import', { chain, root: 'root' }]]);
  });

  it('takes a fingerprint as openssl prints it', async () => {
    const { run, sent } = await importing(() => ({ body: makeDetail() }));
    const printed = fingerprint.toUpperCase().match(/../g)!.join(':');
    await run(['import', 'corp-issuing', 'chain.pem', '--root-sha256', printed]);
    expect(sent()[0]![2]).toEqual({ chain, rootSha256: fingerprint });
    expect((await run(['import', 'corp-issuing', 'chain.pem', '--root-sha256', 'abcd'])).code).toBe(2);
  });

  it('asks a person about a root that nobody answered for, and sends it again', async () => {
    const answers = [unconfirmed, { body: makeDetail() }];
    const { run, sent } = await importing(() => answers.shift()!);
    const { code, stderr } = await run(['import', 'corp-issuing', 'chain.pem'], { columns: 100, input: 'y\n' });
    expect([code, stderr.includes('AB:AB'.toLowerCase())]).toEqual([0, true]);
    expect(sent().map(([, , body]) => body)).toEqual([{ chain }, { chain, rootSha256: fingerprint }]);
  });

  it('takes no for an answer, and asks nobody where nobody is', async () => {
    const { run, sent } = await importing(() => unconfirmed);
    expect((await run(['import', 'x', 'chain.pem'], { columns: 100, input: 'n\n' })).stderr).toContain('declined');
    const { code, stderr } = await run(['import', 'x', 'chain.pem']);
    expect([code, stderr.includes(fingerprint)]).toEqual([3, true]);
    expect(sent()).toHaveLength(2);
  });

  it('says which file it cannot read', async () => {
    const { run } = await importing(() => ({ body: makeDetail() }));
    const { code, stderr } = await run(['import', 'x', 'nowhere.pem']);
    expect([code, stderr.includes('nowhere.pem')]).toEqual([2, true]);
  });
});

describe('privyseal authority import-crl', () => {
  it('sends the list, and says until when it is good', async () => {
    const crl = {
      authority: 'corp-external-root',
      number: '7',
      thisUpdate: '2026-11-20T07:00:00Z',
      nextUpdate: '2027-02-20T07:00:00Z',
      octets: 300,
      sha256: 'ab'.repeat(32),
      url: 'http://ca.test/crl/corp-external-root.crl',
    };
    const { run, service, cwd } = await started(() => ({ body: crl }));
    writeFileSync(join(cwd, 'root.crl.pem'), 'a list');
    const { code, stdout } = await run(['import-crl', 'corp-external-root', 'root.crl.pem']);
    expect([code, stdout.includes('2027-02-20 07:00:00 UTC')]).toEqual([0, true]);
    expect(service.requests.map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
      ['POST', '/v1/authorities/corp-external-root/import-crl', { crl: 'a list' }],
    ]);
  });
});
