/** The service with its authorities' keys in an HSM (SoftHSM2): openssl judges what it issues, while the token fails and comes back. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type IssuedCertificate, issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { describeWith, run } from '../support/judges.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { type RunningService, serviceExit, startService, temporaryFolder } from '../support/running-service.ts';
import { makeSoftwareToken, type SoftwareToken, softwareModule, softwareTokens } from '../support/software-token.ts';

describeWith([...softwareTokens, 'openssl'], 'a service whose authorities have their keys in an HSM', () => {
  let token: SoftwareToken;
  let service: RunningService;
  let folder: string;
  let env: Readonly<Record<string, string>>;
  const file = (name: string): string => join(folder, name);

  const settingsFor = (label: string): string =>
    `vault: hsm
vaults:
  - name: hsm
    kind: pkcs11
    module: ${softwareModule}
    tokenLabel: ${label}
    pinFile: ${token.pinFile}
`;

  beforeAll(async () => {
    folder = temporaryFolder();
    token = await makeSoftwareToken();
    writeFileSync(file('privyseal.yaml'), settingsFor(token.label));
    env = { ...token.env, PRIVYSEAL_CONFIG: file('privyseal.yaml') };
    service = await startService({ env, readyWithinMs: 90_000 });
  }, 120_000);

  afterAll(async () => {
    await service?.dispose();
    token?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const openssl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('openssl', args);
    return `exit ${code}\n${stdout}${stderr}`;
  };

  const verify = (leaf: IssuedCertificate, ...args: string[]): Promise<string> =>
    openssl(
      ...['verify', '-x509_strict', '-CAfile', service.path('trust/dev.pem'), '-untrusted', leaf.files.full],
      ...[...args, leaf.files.certificate],
    );

  async function fetchCrls(): Promise<string> {
    let pem = '';
    for (const authority of ['dev-issuing', 'dev-root']) {
      const { status, body } = await service.distribution(`/crl/${authority}.crl`);
      expect(status).toBe(200);
      pem += (await run('openssl', ['crl', '-inform', 'DER'], { input: body })).stdout.toString();
    }
    writeFileSync(file('crls.pem'), pem);
    return openssl('crl', '-in', file('crls.pem'), '-noout', '-text', '-CAfile', file('issuing.pem'));
  }

  /** What the responder says of it; everything, where openssl does not believe the responder. */
  async function ocsp(leaf: IssuedCertificate): Promise<string> {
    const url = `${service.urls.distribution}/ocsp/dev-issuing`;
    const said = await openssl(
      ...['ocsp', '-issuer', file('issuing.pem'), '-url', url, '-CAfile', service.path('trust/dev.pem')],
      ...['-verify_other', file('issuing.pem'), '-cert', leaf.files.certificate],
    );
    const [, state] = new RegExp(`^${leaf.files.certificate}: (\\w+)$`, 'm').exec(said) ?? [];
    return said.includes('Response verify OK') ? (state ?? said) : said;
  }

  /** One submission: its status, whatever it is. */
  async function submit(): Promise<number> {
    const { status } = await service.public('/v1/certificates', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ csr: makeKeyRequest().csrPem }),
    });
    return status;
  }

  const issuesAgain = (): Promise<number> => eventually(submit, (status) => status === 201);

  const readiness = async (): Promise<{ status: number; parts: string }> => {
    const { status, body } = await service.distribution('/readyz');
    return { status, parts: body.toString() };
  };

  /** Processes that the service has started for modules: their command lines, by number. */
  function tokenProcesses(): Map<number, string> {
    const found = readdirSync('/proc').flatMap((name): [number, string][] => {
      try {
        const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
        if (Number(parent) !== service.child.pid) return [];
        return [[Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8')]];
      } catch {
        return [];
      }
    });
    return new Map(found.filter(([, command]) => command.includes('token-process')));
  }

  it('has none of them in its home', () => {
    const files = readdirSync(service.path('vault'));
    expect(files.filter((name) => /^(dev|system)-?/.test(name))).toEqual([]);
  });

  it('issues what openssl verifies, with a list and OCSP answers, before and after a revocation', async () => {
    const leaf = await issueCertificate(service, folder);
    const { body } = await service.distribution('/aia/dev-issuing.cer');
    writeFileSync(file('issuing.pem'), (await run('openssl', ['x509', '-inform', 'DER'], { input: body })).stdout);
    expect(await fetchCrls()).toContain('verify OK');
    expect(await verify(leaf, '-CRLfile', file('crls.pem'), '-crl_check_all')).toMatch(/^exit 0/);
    expect(await ocsp(leaf)).toBe('good');
    await revokeCertificate(service, leaf.serial, 'keyCompromise');
    expect(await ocsp(leaf)).toBe('revoked');
    const serial = leaf.serial.toUpperCase();
    expect(await eventually(fetchCrls, (list) => list.includes(serial))).toContain('verify OK');
    expect(await verify(leaf, '-CRLfile', file('crls.pem'), '-crl_check_all')).toContain('certificate revoked');
  }, 120_000);

  it('shows the PIN to nobody', () => {
    const processes = tokenProcesses();
    expect(processes.size).toBe(1);
    for (const [pid, command] of processes) {
      const seen = command + readFileSync(`/proc/${pid}/environ`, 'utf8') + service.output();
      expect(seen.includes(token.pin)).toBe(false);
    }
  });

  it('goes on issuing when the module’s process is killed under load', async () => {
    const submissions = Array.from({ length: 60 }, async (_, index) => {
      if (index === 20) for (const pid of tokenProcesses().keys()) process.kill(pid, 'SIGKILL');
      return submit();
    });
    const statuses = new Set(await Promise.all(submissions));
    expect([...statuses].filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(await issuesAgain()).toBe(201);
  }, 120_000);

  it('answers 503 at once while the token is out, serves what is signed, and resumes by itself', async () => {
    const leaf = await issueCertificate(service, folder, { name: 'before' });
    expect(await ocsp(leaf)).toBe('good');
    const tokens = join(token.folder, 'tokens');
    renameSync(tokens, join(token.folder, 'elsewhere'));
    await eventually(submit, (status) => status === 503);
    const away = await eventually(readiness, ({ status }) => status === 503);
    expect(away.parts).toContain('vault hsm');
    expect((await service.distribution('/crl/dev-issuing.crl')).status).toBe(200);
    expect((await service.public(`/v1/certificates/${leaf.serial}`)).status).toBe(200);
    renameSync(join(token.folder, 'elsewhere'), tokens);
    expect(await issuesAgain()).toBe(201);
    await eventually(readiness, ({ status }) => status === 200);
  }, 120_000);

  it('signs with the same keys after a restart, and leaves no process of the module behind', async () => {
    const [pid] = tokenProcesses().keys();
    await service.stop();
    expect(() => process.kill(pid!, 0)).toThrow();
    const { home, ports } = service;
    service = await startService({ home, ports, env, readyWithinMs: 90_000 });
    const leaf = await issueCertificate(service, folder, { name: 'after' });
    expect(await verify(leaf)).toMatch(/^exit 0/);
    expect(service.output().includes(token.pin)).toBe(false);
  }, 120_000);

  it('does not start on a wrong PIN, and says so without it', async () => {
    await service.stop();
    writeFileSync(file('wrong-pin'), 'not-the-pin', { mode: 0o600 });
    writeFileSync(file('wrong.yaml'), settingsFor(token.label).replace(token.pinFile, file('wrong-pin')));
    const { home, ports } = service;
    const wrong = { ...env, PRIVYSEAL_CONFIG: file('wrong.yaml') };
    const exit = await serviceExit({ home, ports, env: wrong }, 60_000);
    expect(exit.code).not.toBe(0);
    expect(exit.output).toContain('refused the PIN');
    expect(exit.output).not.toContain('not-the-pin');
  }, 120_000);
});
