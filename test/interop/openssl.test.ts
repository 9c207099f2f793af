/** openssl judges what the running service issues: chain, purposes, host names, CRL and OCSP, before and after revocation. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type IssuedCertificate, issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { describeWith, itWith, run } from '../support/judges.ts';
import { demoName } from '../support/key-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';

interface Variant {
  readonly sentence: string;
  readonly env: Readonly<Record<string, string>>;
  readonly root: string;
  readonly issuing: string;
}

const variants: readonly Variant[] = [
  { sentence: 'a two-tier hierarchy with P-256', env: {}, root: 'dev-root', issuing: 'dev-issuing' },
  {
    sentence: 'hierarchy root with RSA and PSS',
    env: { PRIVYSEAL_HIERARCHY: 'root', PRIVYSEAL_AUTHORITY_KEY_TYPE: 'rsa-2048', PRIVYSEAL_RSA_PADDING: 'pss' },
    root: 'dev-root',
    issuing: 'dev-root',
  },
  {
    sentence: 'a two-tier hierarchy with Ed25519',
    env: { PRIVYSEAL_AUTHORITY_KEY_TYPE: 'ed25519' },
    root: 'dev-root',
    issuing: 'dev-issuing',
  },
];

for (const { sentence, env, root, issuing } of variants) {
  describeWith('openssl', `openssl, for ${sentence},`, () => {
    let service: RunningService;
    let folder: string;
    let leaf: IssuedCertificate;
    const file = (name: string): string => join(folder, name);

    /** Runs openssl and gives exit code and both outputs as one text. */
    const openssl = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run('openssl', args);
      return `exit ${code}\n${stdout}${stderr}`;
    };

    const verify = (...args: string[]): Promise<string> =>
      openssl('verify', '-CAfile', service.path('trust/dev.pem'), '-untrusted', leaf.files.full, ...args);

    /** Fetches the CRLs of the chain into one PEM file and gives the text of the issuing authority's. */
    const fetchCrls = async (): Promise<string> => {
      let pem = '';
      for (const authority of new Set([issuing, root])) {
        const { status, body } = await service.distribution(`/crl/${authority}.crl`);
        expect(status).toBe(200);
        pem += (await run('openssl', ['crl', '-inform', 'DER'], { input: body })).stdout.toString();
      }
      writeFileSync(file('crls.pem'), pem);
      return openssl('crl', '-in', file('crls.pem'), '-noout', '-text', '-CAfile', file('issuing.pem'));
    };

    const ocsp = (...args: string[]): Promise<string> =>
      openssl(
        ...['ocsp', '-issuer', file('issuing.pem'), '-url', `${service.urls.distribution}/ocsp/${issuing}`],
        ...['-CAfile', service.path('trust/dev.pem'), '-verify_other', file('issuing.pem'), ...args],
      );

    beforeAll(async () => {
      folder = temporaryFolder();
      service = await startService({ env });
      leaf = await issueCertificate(service, folder, { profile: 'peer' });
      const { body } = await service.distribution(`/aia/${issuing}.cer`);
      const pem = await run('openssl', ['x509', '-inform', 'DER'], { input: body });
      writeFileSync(file('issuing.pem'), pem.stdout);
    });

    afterAll(async () => {
      await service?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    itWith('openssl', 'verifies the chain for both purposes and the host name', async () => {
      const { certificate } = leaf.files;
      for (const purpose of ['sslserver', 'sslclient']) {
        expect(await verify('-x509_strict', '-purpose', purpose, '-verify_hostname', demoName, certificate)).toMatch(
          /^exit 0/,
        );
      }
      expect(await verify('-verify_hostname', 'other.dev.internal', certificate)).toContain('hostname mismatch');
    });

    itWith('openssl', 'refuses a server certificate as a client, and the other way round', async () => {
      const server = await issueCertificate(service, folder, { profile: 'server', name: 'server' });
      const client = await issueCertificate(service, folder, { profile: 'client', name: 'client' });
      expect(await verify('-purpose', 'sslserver', server.files.certificate)).toMatch(/^exit 0/);
      expect(await verify('-purpose', 'sslclient', server.files.certificate)).toMatch(/^exit 2/);
      expect(await verify('-purpose', 'sslclient', client.files.certificate)).toMatch(/^exit 0/);
      expect(await verify('-purpose', 'sslserver', client.files.certificate)).toMatch(/^exit 2/);
    });

    itWith('openssl', 'verifies certificates for every kind of subject key', async () => {
      for (const keyType of ['ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'] as const) {
        const other = await issueCertificate(service, folder, { keyType, name: keyType });
        expect([keyType, await verify(other.files.certificate)]).toEqual([keyType, expect.stringMatching(/^exit 0/)]);
      }
    });

    itWith('openssl', 'agrees on the state before and after a revocation', async () => {
      const { certificate } = leaf.files;
      const serial = leaf.serial.toUpperCase();
      expect(await fetchCrls()).not.toContain(serial);
      expect(await verify('-CRLfile', file('crls.pem'), '-crl_check_all', certificate)).toMatch(/^exit 0/);
      const good = await ocsp('-cert', certificate);
      expect(good).toContain('Response verify OK');
      expect(good).toContain(`${certificate}: good`);

      await revokeCertificate(service, leaf.serial, 'keyCompromise');

      const revoked = await ocsp('-cert', certificate);
      expect(revoked).toContain('Response verify OK');
      expect(revoked).toContain(`${certificate}: revoked`);
      expect(revoked).toContain('keyCompromise');
      await expect.poll(fetchCrls, { timeout: 5_000, interval: 200 }).toContain(serial);
      const list = await fetchCrls();
      expect(list).toContain('verify OK');
      expect(list).toContain('Key Compromise');
      expect(await verify('-CRLfile', file('crls.pem'), '-crl_check_all', certificate)).toContain(
        'certificate revoked',
      );
    });

    itWith('openssl', 'gets its nonce back, SHA-256 CertIDs, and several answers at once', async () => {
      const [one, two] = [
        await issueCertificate(service, folder, { name: 'one' }),
        await issueCertificate(service, folder, { name: 'two' }),
      ];
      const answer = await ocsp('-sha256', '-cert', one.files.certificate, '-cert', two.files.certificate);
      expect(answer).toContain('Response verify OK');
      expect(answer).not.toContain('no nonce');
      expect(answer).toContain(`${one.files.certificate}: good`);
      expect(answer).toContain(`${two.files.certificate}: good`);
      const unknown = await ocsp('-serial', '0x0123456789abcdef0123456789abcdef01234567');
      expect(unknown).toMatch(/: unknown/);
    });

    itWith('openssl', 'verifies the service’s own TLS chain against trust/system.pem', async () => {
      const { stdout } = await run('openssl', [
        ...['s_client', '-connect', `localhost:${service.ports.public}`, '-CAfile', service.path('trust/system.pem')],
        ...['-verify_return_error', '-verify_hostname', 'localhost'],
      ]);
      expect(stdout.toString()).toContain('Verify return code: 0 (ok)');
    });
  });
}
