import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OperatorJson } from '../../../../src/api/operator.ts';
import { makeCertificateJson, makeProblem } from '../../../support/certificate-json.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../../support/command-line.ts';
import { buildCsr, commonName } from '../../../support/csr-builder.ts';
import { makeSigningKey } from '../../../support/signing-key.ts';
import { type Responder, startStubService } from '../../../support/stub-service.ts';

const makeOperator = (override: Partial<OperatorJson> = {}): OperatorJson => ({
  name: 'alice',
  role: 'operator',
  createdAt: '2026-11-01T07:00:00.000Z',
  certificates: [
    {
      serial: '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
      notBefore: '2026-11-01T06:59:00Z',
      notAfter: '2027-11-01T07:00:00Z',
      requestedBy: 'operator:admin',
    },
  ],
  ...override,
});

async function started(respond: Responder) {
  const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
  const cwd = homeFor(service);
  const run = (argv: string[], options?: CommandLineOptions) =>
    commandLine([...argv, ...at(service)], { cwd, ...options });
  return { service, cwd, run };
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

describe('privyseal operator list and show', () => {
  it('show who there is, as what, and until when', async () => {
    const items = [makeOperator(), makeOperator({ name: 'bob', role: 'auditor', certificates: [] })];
    const { run } = await started(() => ({ body: { items, nextCursor: null } }));
    expect(lines((await run(['operator', 'list'])).stdout)).toEqual([
      'OPERATOR  ROLE      CERTIFICATES  EXPIRES      ADDED',
      'alice     operator  1             in 345 days  20 days ago',
      'bob       auditor   0             -            20 days ago',
    ]);
  });

  it('show the certificates of one, and who asked for them', async () => {
    const { run, service } = await started(() => ({ body: makeOperator() }));
    expect(lines((await run(['operator', 'show', 'alice'])).stdout)).toEqual([
      'Operator      alice',
      'Role          operator',
      'Added         2026-11-01 07:00:00 UTC',
      'Certificates  01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0, expires in 345 days, asked for by operator:admin',
    ]);
    expect(service.requests.map(({ method, path }) => [method, path])).toEqual([['GET', '/v1/operators/alice']]);
  });

  it('make what the service says safe for the terminal', async () => {
    const { run } = await started(() => ({ body: makeOperator({ name: 'a\u001b[31m' }) }));
    expect((await run(['operator', 'show', 'x'])).stdout).toContain('a\\u{1b}[31m');
  });
});

describe('privyseal operator role and remove', () => {
  it('send what they say', async () => {
    const { run, service } = await started(({ method }) =>
      method === 'DELETE' ? { body: { name: 'alice', revokedCertificates: ['ab'] } } : { body: makeOperator() },
    );
    expect((await run(['operator', 'role', 'alice', 'auditor'])).code).toBe(0);
    const removed = await run(['operator', 'remove', 'alice']);
    expect([removed.code, lines(removed.stdout)]).toEqual([0, ['Removed  alice', 'Revoked  ab']]);
    expect(service.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PUT', '/v1/operators/alice', '{"role":"auditor"}'],
      ['DELETE', '/v1/operators/alice', ''],
    ]);
  });

  it('ask a person first, and take no for an answer', async () => {
    const { run, service } = await started(() => ({ body: makeOperator() }));
    const { code, stderr } = await run(['operator', 'remove', 'alice'], { columns: 80, input: 'n\n' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('Remove alice (operator, 1 valid certificate)')]);
    expect(service.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('refuse an unknown role before anything is sent', async () => {
    const { run, service } = await started(() => ({ body: makeOperator() }));
    expect((await run(['operator', 'role', 'alice', 'root'])).code).toBe(2);
    expect((await run(['operator', 'add', 'alice', '--role', 'root'])).code).toBe(2);
    expect((await run(['operator', 'add', '../alice', '--role', 'admin'])).code).toBe(2);
    expect(service.requests).toEqual([]);
  });

  it('tell that the last admin stays', async () => {
    const type = 'https://privyseal.dev/problems/lastAdmin';
    const problem = { status: 409, mediaType: 'application/problem+json', body: makeProblem({ type, status: 409 }) };
    const { run } = await started(() => problem);
    const { code, stderr } = await run(['operator', 'remove', 'alice']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('lastAdmin')]);
  });
});

describe('privyseal operator add', () => {
  it('leaves no file when the certificate is not for the key that was made', async () => {
    const foreign = readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8');
    const issued = makeCertificateJson({ certificate: foreign });
    const { run, cwd } = await started(() => ({ status: 201, body: { ...makeOperator(), issued } }));
    const { code, stderr } = await run(['operator', 'add', 'alice', '--role', 'operator']);
    expect([code, stderr]).toEqual([9, expect.stringContaining('answerNotOurs')]);
    expect(existsSync(join(cwd, 'alice'))).toBe(false);
  });

  it('asks nobody when a file would be overwritten', async () => {
    const { run, cwd, service } = await started(() => ({ body: makeOperator() }));
    mkdirSync(join(cwd, 'alice'));
    writeFileSync(join(cwd, 'alice/operator.key'), 'mine');
    expect((await run(['operator', 'add', 'alice', '--role', 'operator'])).code).toBe(8);
    expect([readFileSync(join(cwd, 'alice/operator.key'), 'utf8'), service.requests]).toEqual(['mine', []]);
  });

  it('sends a CSR file as it is, read as strictly as the service reads it', async () => {
    const { run, cwd, service } = await started(() => ({ status: 403, body: 'no' }));
    const csrDer = buildCsr({ key: makeSigningKey(), subject: commonName('bob'), attributes: [] });
    writeFileSync(join(cwd, 'bob.csr'), csrDer);
    writeFileSync(join(cwd, 'cut.csr'), csrDer.subarray(0, 40));
    const cut = await run(['operator', 'add', 'bob', '--role', 'auditor', '--csr', 'cut.csr']);
    expect([cut.code, cut.stderr]).toEqual([3, expect.stringMatching(/badCSR: .*cut\.csr/)]);
    expect(service.requests).toEqual([]);
    await run(['operator', 'add', 'bob', '--role', 'auditor', '--csr', 'bob.csr', '--lifetime', '90d']);
    const sent = JSON.parse(service.requests[0]!.body) as { csr: string };
    expect(sent).toMatchObject({ name: 'bob', role: 'auditor', lifetimeSeconds: 90 * 86_400 });
    expect(sent.csr).toContain('-----BEGIN CERTIFICATE REQUEST-----');
    const missing = await run(['operator', 'add', 'bob', '--role', 'auditor', '--csr', 'none.csr']);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('fileMissing')]);
  });
});

describe('privyseal operator renew', () => {
  it('asks in the name of the certificate that it shows', async () => {
    const { run, service } = await started(() => ({ status: 403, body: 'no' }));
    await run(['operator', 'renew', '--out', 'next']);
    // The stub's client certificate is for CN=admin.
    expect(service.requests.map(({ method, path }) => [method, path])).toEqual([
      ['POST', '/v1/operators/admin/certificates'],
    ]);
    expect(service.requests[0]!.headers).toHaveProperty('idempotency-key');
  });
});
