/** Certificates for faces under real TLS: `system` with its server and operators, a product's CA, and a stranger's. */
import type { TlsMaterial } from '../../src/faces/http/face-deps.ts';
import { makeTestCertificate, type TestCertificate, type TestCertificateOptions } from './test-hierarchy.ts';

/** TLS judges by the clock of the machine. */
const now = Math.floor(Date.now() / 1000);

const authority = (commonName: string): TestCertificate =>
  makeTestCertificate({ now, commonName, basicConstraints: { ca: true }, keyUsage: ['keyCertSign', 'cRLSign'] });

export const system = authority('Test System');
export const productRoot = authority('Test Product Root');
export const strangerRoot = authority('Stranger Root');

export const clientOf = (issuer: TestCertificate, options: Partial<TestCertificateOptions> = {}): TestCertificate =>
  makeTestCertificate({
    now,
    issuer,
    commonName: 'client',
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['clientAuth'],
    ...options,
  });

export const expiredClientOf = (issuer: TestCertificate): TestCertificate =>
  clientOf(issuer, { override: { notBefore: now - 7200, notAfter: now - 3600 } });

export const withoutKeyPurposes = (issuer: TestCertificate): TestCertificate =>
  makeTestCertificate({ now, issuer, commonName: 'client', keyUsage: ['digitalSignature'] });

export const serverOf = (issuer: TestCertificate, options: Partial<TestCertificateOptions> = {}): TestCertificate =>
  makeTestCertificate({
    now,
    issuer,
    commonName: 'localhost',
    names: [{ type: 'dns', value: 'localhost' }],
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['serverAuth'],
    ...options,
  });

export const keyPem = ({ key }: TestCertificate): string =>
  key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** What a face under test serves with; `ca` is whose clients it asks for. */
export function tlsMaterial(ca: readonly TestCertificate[], server = serverOf(system)): TlsMaterial {
  return { cert: server.pem, key: keyPem(server), ca: ca.map(({ pem }) => pem) };
}

/** For `exchange` and `https.Agent`: trust `system`, and show this certificate if there is one. */
export const clientTls = (certificate?: TestCertificate) => ({
  ca: system.pem,
  ...(certificate && { cert: certificate.pem, key: keyPem(certificate) }),
});
