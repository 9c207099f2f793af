import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CertificateJson } from '../../../../src/api/certificate.ts';
import { decodePem } from '../../../../src/domain/der/pem.ts';
import { parseCsr } from '../../../../src/domain/x509/csr.ts';
import type { GeneralName } from '../../../../src/domain/x509/general-name.ts';
import { makeCertificateJson, makeProblem } from '../../../support/certificate-json.ts';
import { at, commandLine, homeFor } from '../../../support/command-line.ts';
import { describeWith, run } from '../../../support/judges.ts';
import { makePending, requestId } from '../../../support/request-json.ts';
import { makeSigningKey } from '../../../support/signing-key.ts';
import { type Responder, type StubService, startStubService } from '../../../support/stub-service.ts';
import { makeTestCertificate, makeTestHierarchy, type TestHierarchy } from '../../../support/test-hierarchy.ts';

const nowMs = Date.now();
const now = Math.floor(nowMs / 1000);
const hierarchy = makeTestHierarchy({ now });

interface Issuing {
  readonly signedBy?: TestHierarchy;
  /** Replaces what the request asked for. */
  readonly spkiDer?: Uint8Array;
  readonly names?: readonly GeneralName[];
  readonly isRootSigned?: boolean;
  /** Both if absent. */
  readonly usages?: readonly ('serverAuth' | 'clientAuth')[];
}

/** Issues for the CSR of the request, as the service would. */
function issue(body: string, { signedBy = hierarchy, isRootSigned, ...override }: Issuing): CertificateJson {
  const csr = parseCsr(decodePem(JSON.parse(body).csr, 'CERTIFICATE REQUEST'), () => false);
  const key = { ...makeSigningKey(), spkiDer: override.spkiDer ?? csr.publicKey.spkiDer };
  const names = override.names ?? csr.names;
  const leaf = makeTestCertificate({
    now,
    issuer: isRootSigned ? signedBy.root : signedBy.issuing,
    commonName: 'demo.dev.internal',
    key,
    names,
    keyUsage: ['digitalSignature'],
    extKeyUsage: override.usages ?? ['serverAuth', 'clientAuth'],
  });
  return makeCertificateJson({
    serial: leaf.serial,
    names: names.map((name) => name.value),
    notAfter: new Date((now + 29.5 * 86_400) * 1000).toISOString(),
    certificate: leaf.pem,
    chain: isRootSigned ? [] : [signedBy.issuing.pem],
  });
}

const issuing =
  (options: Issuing = {}): Responder =>
  ({ path, body }) =>
    path.startsWith('/v1/trust-bundles/')
      ? { mediaType: 'application/pem-certificate-chain', body: hierarchy.root.pem }
      : { status: 201, body: issue(body, options) };

const request = (service: StubService, cwd: string, ...args: string[]) =>
  commandLine(['request', 'demo.dev.internal', ...args, ...at(service)], { cwd, now: nowMs });

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).toSorted();

const waiting = () => ({ status: 202, body: makePending({ expiresAt: new Date(nowMs + 60_000).toISOString() }) });
const problemType = 'https://privyseal.dev/problems/';
const stopping = { type: `${problemType}stopping`, status: 503 };
const conflict = { type: `${problemType}conflict`, status: 409 };

describe('privyseal request', () => {
  it('writes key, certificate, chain and trust, and says how to use them', async () => {
    const service = await startStubService(issuing());
    const cwd = homeFor(service);
    const { code, stdout, stderr } = await request(
      service,
      cwd,
      'www.dev.internal',
      '--lifetime',
      '24h',
      '--profile',
      'peer',
    );
    expect([code, stderr]).toEqual([0, '']);
    const folder = join(cwd, 'demo.dev.internal');
    expect(filesIn(folder)).toEqual(['cert.pem', 'chain.pem', 'fullchain.pem', 'key.pem', 'trust.pem']);
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
    expect(read(folder, 'fullchain.pem')).toBe(read(folder, 'cert.pem') + read(folder, 'chain.pem'));
    const publicKey = createPublicKey(createPrivateKey(read(folder, 'key.pem')));
    expect(new X509Certificate(read(folder, 'cert.pem')).publicKey.equals(publicKey)).toBe(true);
    expect(stdout).toContain(`Expires      in 29 days`);
    expect(stdout).toContain(
      `  openssl verify -CAfile ${folder}/trust.pem -untrusted ${folder}/chain.pem ${folder}/cert.pem\n`,
    );
    const submitted = service.requests[0]!;
    expect(submitted.headers.authorization).toBe('Bearer pst_demo');
    expect(JSON.parse(submitted.body)).toMatchObject({ profile: 'peer', lifetimeSeconds: 86_400 });
    expect(
      parseCsr(decodePem(JSON.parse(submitted.body).csr, 'CERTIFICATE REQUEST'), () => false).names.map(
        (name) => name.value,
      ),
    ).toEqual(['demo.dev.internal', 'www.dev.internal']);
  });

  it('has no chain.pem, nor speaks of one, when a root signs directly', async () => {
    const service = await startStubService(issuing({ isRootSigned: true }));
    const cwd = homeFor(service);
    const { code, stdout } = await request(service, cwd);
    expect(code).toBe(0);
    expect(filesIn(join(cwd, 'demo.dev.internal'))).toEqual(['cert.pem', 'fullchain.pem', 'key.pem', 'trust.pem']);
    expect(stdout).not.toContain('/chain.pem');
  });

  it.each<[Issuing['usages'], readonly string[]]>([
    [undefined, ['Call a service with it', 'Serve it with nginx']],
    [['serverAuth'], ['Serve it with nginx']],
    [['clientAuth'], ['Call a service with it']],
  ])('says how to use a certificate for %j as what it is for', async (usages, lines) => {
    const service = await startStubService(issuing(usages && { usages }));
    const { stdout } = await request(service, homeFor(service));
    expect(stdout.match(/^(Call|Serve) .*$/gm)).toEqual(lines);
  });

  it('takes the token from the environment or a file, never from the command line', async () => {
    const service = await startStubService(issuing());
    const cwd = homeFor(service);
    writeFileSync(join(cwd, 'token'), ' pst_file \n');
    const argv = ['request', 'demo.dev.internal', ...at(service)];
    await commandLine([...argv, '--out', 'a'], { cwd, now: nowMs, env: { PRIVYSEAL_TOKEN: 'pst_env' } });
    await commandLine([...argv, '--out', 'b', '--token-file', 'token'], { cwd, now: nowMs });
    const submitted = service.requests.filter(({ method }) => method === 'POST');
    expect(submitted.map(({ headers }) => headers.authorization)).toEqual(['Bearer pst_env', 'Bearer pst_file']);
    expect((await commandLine([...argv, '--token', 'pst_x'], { cwd })).code).toBe(2);
  });

  it('checks against the trust file of the home where there is one', async () => {
    const service = await startStubService(issuing());
    const cwd = homeFor(service);
    writeFileSync(join(cwd, 'data/trust/dev.pem'), hierarchy.root.pem);
    expect((await request(service, cwd)).code).toBe(0);
    expect(service.requests.map(({ path }) => path)).toEqual(['/v1/certificates']);
    writeFileSync(join(cwd, 'data/trust/dev.pem'), makeTestHierarchy({ now }).root.pem);
    const refused = await request(service, cwd, '--out', 'second');
    expect(refused.code).toBe(9);
    expect(refused.stderr).toContain(join(cwd, 'data/trust/dev.pem'));
  });

  it.each<[string, Issuing, string]>([
    ['is for another key', { spkiDer: makeSigningKey().spkiDer }, 'answerNotOurs'],
    ['lacks a name', { names: [{ type: 'dns', value: 'other.dev.internal' }] }, 'answerNotOurs'],
    ['is signed by another authority', { signedBy: makeTestHierarchy({ now }) }, 'answerNotTrusted'],
  ])('leaves nothing behind when the answer %s', async (_what, options, errorCode) => {
    const service = await startStubService(issuing(options));
    const cwd = homeFor(service);
    const before = filesIn(cwd);
    const { code, stderr } = await request(service, cwd, '--json');
    expect(code).toBe(9);
    expect(JSON.parse(stderr).error.code).toBe(errorCode);
    expect(filesIn(cwd)).toEqual(before);
  });

  it('leaves nothing behind when the service refuses, and lists every reason', async () => {
    const service = await startStubService(() => ({
      status: 400,
      mediaType: 'application/problem+json',
      body: makeProblem(),
    }));
    const cwd = homeFor(service);
    const before = filesIn(cwd);
    expect(await request(service, cwd)).toEqual({
      code: 3,
      stdout: '',
      stderr: [
        'privyseal: rejectedIdentifier: Refused for 2 reasons.',
        '  - nameNotAllowed: csr.subjectAltName[0] `a.example`: dev/demo may not hold it.',
        '  - tooManyNames: At most 100 names.',
        '  The service’s log has this under req-7.',
        '',
      ].join('\n'),
    });
    expect(filesIn(cwd)).toEqual(before);
  });

  it('does not ask the service when a file would be overwritten', async () => {
    const service = await startStubService(issuing());
    const cwd = homeFor(service);
    mkdirSync(join(cwd, 'demo.dev.internal'));
    writeFileSync(join(cwd, 'demo.dev.internal/chain.pem'), 'precious');
    const { code, stderr } = await request(service, cwd);
    expect(code).toBe(8);
    expect(stderr).toContain(join(cwd, 'demo.dev.internal/chain.pem'));
    expect(service.requests).toEqual([]);
    expect(filesIn(join(cwd, 'demo.dev.internal'))).toEqual(['chain.pem']);
  });

  it('does not ask the service when the folder cannot be written', async () => {
    const service = await startStubService(issuing());
    const cwd = homeFor(service);
    const { code } = await request(service, cwd, '--out', 'no/such/folder');
    expect(code).toBe(1);
    expect(service.requests).toEqual([]);
  });

  it.each([
    ['not a name', ['request', 'exa mple']],
    ['no name', ['request']],
    ['a lifetime without a unit', ['request', 'a.dev.internal', '--lifetime', '24']],
    ['a kind of key there is not', ['request', 'a.dev.internal', '--key-type', 'dsa']],
    ['an address without TLS', ['request', 'a.dev.internal', '--url', 'http://localhost:8443']],
    ['a verb there is not', ['frobnicate']],
    ['half a client certificate', ['request', 'a.dev.internal', '--cert', 'x']],
  ])('is a usage error with %s', async (_what, argv) => {
    expect((await commandLine(argv)).code).toBe(2);
  });

  it('says of a name that none can have what to do about it', async () => {
    const said = async (name: string) => (await commandLine(['request', name])).stderr;
    expect(await said('m\u00fcnchen.dev.internal')).toContain('Use an ASCII name.');
    expect(await said('web_1.dev.internal')).toContain('Use a hyphen.');
  });

  it('says how to come back for the files where approval is needed, and keeps the key', async () => {
    const service = await startStubService(() => ({ status: 202, body: makePending() }));
    const cwd = homeFor(service);
    const { code, stdout } = await request(service, cwd);
    const folder = join(cwd, 'demo.dev.internal');
    expect([code, filesIn(folder)]).toEqual([11, ['key.pem', 'request.json']]);
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(read(folder, 'request.json'))).toMatchObject({ id: requestId, names: ['demo.dev.internal'] });
    expect(stdout).toMatch(/^Waits for +approval, 1 of 2 given$/m);
    expect(stdout).toContain(`request --continue ${folder} --wait\n`);
    expect((await request(service, cwd)).code).toBe(8);
  });

  it('says so in a command that can be pasted: the same service, the same token', async () => {
    const service = await startStubService(() => ({ status: 202, body: makePending() }));
    const cwd = homeFor(service);
    writeFileSync(join(cwd, 'my token'), 'pst_mine\n', { mode: 0o600 });
    const { stdout } = await request(service, cwd, '--token-file', 'my token', '--out', 'a place');
    const [, pasted = ''] = /^ {2}npx privyseal (.*--continue .*')$/m.exec(stdout) ?? [];
    const argv = pasted.match(/'[^']*'|\S+/g)!.map((word) => word.replaceAll("'", ''));
    expect((await commandLine(argv, { cwd, now: nowMs })).code).toBe(11);
    expect(service.requests.at(-1)).toMatchObject({
      path: expect.stringContaining(requestId),
      headers: { authorization: 'Bearer pst_mine' },
    });
  });

  it('comes back for the certificate as often as need be, and completes the set', async () => {
    let approved = false;
    const service = await startStubService((asked) => {
      if (asked.path.startsWith('/v1/requests/') && approved) return { body: issue(service.requests[0]!.body, {}) };
      return asked.path.startsWith('/v1/trust') ? issuing()(asked, undefined as never) : waiting();
    });
    const cwd = homeFor(service);
    await request(service, cwd);
    const folder = join(cwd, 'demo.dev.internal');
    const resume = () =>
      commandLine(['request', '--continue', 'demo.dev.internal', ...at(service)], { cwd, now: nowMs });
    expect((await resume()).code).toBe(11);
    expect(service.requests.at(-1)!.path).toBe(`/v1/requests/${requestId}?wait=0`);
    approved = true;
    const { code, stdout } = await resume();
    expect([code, filesIn(folder)]).toEqual([0, ['cert.pem', 'chain.pem', 'fullchain.pem', 'key.pem', 'trust.pem']]);
    expect(stdout).toContain('openssl verify');
    const publicKey = createPublicKey(createPrivateKey(read(folder, 'key.pem')));
    expect(new X509Certificate(read(folder, 'cert.pem')).publicKey.equals(publicKey)).toBe(true);
    expect((await resume()).code).toBe(2);
  });

  it('ends what a run had all but ended when it was killed, and takes no other certificate for its own', async () => {
    let issued: CertificateJson | undefined;
    const service = await startStubService((asked) => {
      if (asked.path.startsWith('/v1/trust')) return issuing()(asked, undefined as never);
      if (asked.method === 'POST') return waiting();
      issued ??= issue(service.requests[0]!.body, {});
      return { body: issued };
    });
    const cwd = homeFor(service);
    await request(service, cwd);
    const folder = join(cwd, 'demo.dev.internal');
    const kept = read(folder, 'request.json');
    const again = () =>
      commandLine(['request', '--continue', 'demo.dev.internal', '--json', ...at(service)], { cwd, now: nowMs });
    const first = await again();
    writeFileSync(join(folder, 'request.json'), kept);
    expect(await again()).toEqual(first);
    expect(filesIn(folder)).toEqual(['cert.pem', 'chain.pem', 'fullchain.pem', 'key.pem', 'trust.pem']);
    writeFileSync(join(folder, 'request.json'), kept);
    writeFileSync(join(folder, 'cert.pem'), 'precious');
    expect([(await again()).code, read(folder, 'cert.pem')]).toEqual([8, 'precious']);
    expect(filesIn(folder)).toContain('request.json');
  });

  it('waits through a service that is busy, gone or answers at once, until the certificate is there', async () => {
    const answers: Responder[] = [
      waiting,
      () => ({ status: 503, mediaType: 'application/problem+json', body: makeProblem(stopping) }),
      (_asked, response) => void response.destroy(),
      waiting,
      () => ({ body: issue(service.requests[0]!.body, {}) }),
    ];
    const service = await startStubService((asked, response) => {
      if (asked.path.startsWith('/v1/trust')) return issuing()(asked, response);
      return asked.method === 'POST' ? waiting() : answers.shift()!(asked, response);
    });
    const cwd = homeFor(service);
    const { code, stderr } = await request(service, cwd, '--wait');
    expect([code, answers]).toEqual([0, []]);
    expect(stderr).toContain(`Waiting for the approval of ${requestId}.`);
    expect(service.requests[1]!.path).toBe(`/v1/requests/${requestId}?wait=25`);
    expect(filesIn(join(cwd, 'demo.dev.internal'))).toContain('cert.pem');
  });

  it('tells that it was denied, and why, and leaves the key to the person', async () => {
    const reasons = [{ code: 'requestDenied', message: 'not this name' }];
    const denied = { status: 409, mediaType: 'application/problem+json', body: makeProblem({ ...conflict, reasons }) };
    const service = await startStubService(({ method }) => (method === 'POST' ? waiting() : denied));
    const cwd = homeFor(service);
    const { code, stderr } = await request(service, cwd, '--wait');
    expect(code).toBe(3);
    expect(stderr).toContain('requestDenied: not this name');
    expect(stderr).toContain('remove it, and request anew');
    expect(filesIn(join(cwd, 'demo.dev.internal'))).toEqual(['key.pem', 'request.json']);
  });

  it('keeps the request when the certificate that came is not what was asked for', async () => {
    const other = { spkiDer: makeSigningKey().spkiDer };
    const service = await startStubService((asked) => {
      if (asked.path.startsWith('/v1/trust')) return issuing()(asked, undefined as never);
      return asked.method === 'POST' ? waiting() : { body: issue(service.requests[0]!.body, other) };
    });
    const cwd = homeFor(service);
    expect((await request(service, cwd, '--wait')).code).toBe(9);
    expect(filesIn(join(cwd, 'demo.dev.internal'))).toEqual(['key.pem', 'request.json']);
  });

  it.each([
    ['a folder in which nothing waits', ['request', '--continue', '.']],
    ['a folder that is not there', ['request', '--continue', 'none']],
    ['names beside it', ['request', 'a.dev', '--continue', '.']],
    ['a profile beside it', ['request', '--profile', 'peer', '--continue', '.']],
  ])('cannot be continued with %s', async (_what, argv) => {
    const service = await startStubService(waiting);
    expect((await commandLine([...argv, ...at(service)], { cwd: homeFor(service) })).code).toBe(2);
    expect(service.requests).toEqual([]);
  });

  it.each(['{', '{}', '{"id":"x"}', 'null'])('does not trust a request.json of %j', async (text) => {
    const service = await startStubService(waiting);
    const cwd = homeFor(service);
    await request(service, cwd);
    writeFileSync(join(cwd, 'demo.dev.internal/request.json'), text);
    const argv = ['request', '--continue', 'demo.dev.internal', ...at(service)];
    expect((await commandLine(argv, { cwd, now: nowMs })).code).toBe(1);
    expect(service.requests).toHaveLength(1);
  });

  describeWith('openssl', 'makes files', () => {
    it('that openssl verifies as the printed command says', async () => {
      const service = await startStubService(issuing());
      const cwd = homeFor(service);
      const { stdout } = await request(service, cwd);
      const command = /openssl verify .*/.exec(stdout)![0];
      const { code, stderr } = await run('openssl', command.split(' ').slice(1));
      expect([code, stderr]).toEqual([0, '']);
    });
  });
});
