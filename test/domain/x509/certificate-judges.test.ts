import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { type SignatureAlgorithmName, signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { unarguedFindings } from '../../support/argued-findings.ts';
import { itWith, run } from '../../support/judges.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTestCertificate, makeTestHierarchy, type TestHierarchy, testNow } from '../../support/test-hierarchy.ts';

/** Every key an authority may have with every algorithm it may sign with; larger RSA keys differ only in their bytes. */
const authorities: readonly (readonly [KeyType, SignatureAlgorithmName])[] = [
  ['ec-p256', 'ecdsa-with-SHA256'],
  ['ec-p384', 'ecdsa-with-SHA384'],
  ['ec-p521', 'ecdsa-with-SHA512'],
  ['ed25519', 'ed25519'],
  ['rsa-2048', 'sha256WithRSAEncryption'],
  ['rsa-2048', 'sha384WithRSAEncryption'],
  ['rsa-2048', 'sha512WithRSAEncryption'],
  ['rsa-2048', 'rsassa-pss-sha256'],
  ['rsa-2048', 'rsassa-pss-sha384'],
  ['rsa-2048', 'rsassa-pss-sha512'],
];

describe.each(authorities)('a hierarchy of %s keys that sign %s', (keyType, name) => {
  let hierarchy: TestHierarchy;
  beforeAll(() => {
    hierarchy = makeTestHierarchy({ keyType, signatureAlgorithm: signatureAlgorithms[name] });
  });

  it('is verified by node:crypto', () => {
    const { root, issuing, leaf, ocspResponder } = hierarchy;
    const certificate = ({ der }: { der: Uint8Array }) => new X509Certificate(der);
    expect(certificate(root).verify(certificate(root).publicKey)).toBe(true);
    expect(certificate(issuing).verify(certificate(root).publicKey)).toBe(true);
    expect(certificate(issuing).checkIssued(certificate(root))).toBe(true);
    expect(certificate(leaf).verify(certificate(issuing).publicKey)).toBe(true);
    expect(certificate(ocspResponder).checkIssued(certificate(issuing))).toBe(true);
    expect(certificate(leaf).serialNumber.toLowerCase()).toBe(leaf.serial);
  });

  itWith('openssl', 'is accepted by openssl for its purposes and its host name', async () => {
    const { root, issuing, leaf } = hierarchy;
    const folder = temporaryFolder();
    const trust = [
      '-CAfile',
      folder.write('root.pem', root.pem),
      '-untrusted',
      folder.write('issuing.pem', issuing.pem),
    ];
    const leafFile = folder.write('leaf.pem', leaf.pem);
    for (const check of [
      ['-purpose', 'sslserver', '-verify_hostname', 'demo.dev.internal'],
      ['-purpose', 'sslclient'],
    ]) {
      const options = ['-x509_strict', '-check_ss_sig', '-attime', `${testNow}`, ...trust, ...check];
      const verified = await run('openssl', ['verify', ...options, leafFile]);
      expect(verified).toMatchObject({ code: 0, stdout: Buffer.from(`${leafFile}: OK\n`) });
    }
    const otherHost = ['verify', '-attime', `${testNow}`, ...trust, '-verify_hostname', 'other.dev.internal', leafFile];
    expect((await run('openssl', otherHost)).code).not.toBe(0);
  });

  itWith('pkilint', 'has no finding of pkilint that nothing argues', async () => {
    const documents = Object.values(hierarchy).map(({ der }) => ({ kind: 'certificate' as const, bytes: der }));
    expect(await unarguedFindings(documents)).toEqual([[], [], [], []]);
  });
});

describe('a leaf', () => {
  const { issuing, leaf } = makeTestHierarchy();

  itWith('openssl', 'reads the same in openssl', async () => {
    const { stdout } = await run('openssl', ['x509', '-noout', '-text', '-nameopt', 'RFC2253'], { input: leaf.pem });
    const text = stdout
      .toString()
      .replace(/[ \t]+/g, ' ')
      .replace(/ ?\n ?/g, '\n');
    const colons = (hex: string) => hex.match(/../g)!.join(':');
    const identifier = (bytes: Uint8Array) => colons(Buffer.from(bytes).toString('hex').toUpperCase());
    expect(text).toContain('Version: 3 (0x2)\n');
    expect(text).toContain(`Serial Number:\n${colons(leaf.serial)}\n`);
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256\nIssuer: CN=Test Issuing\n');
    expect(text).toContain('Not Before: Oct 31 23:00:00 2026 GMT\nNot After : Nov 30 23:00:00 2026 GMT\n');
    expect(text).toContain('Subject: CN=demo.dev.internal\n');
    expect(text).toContain('X509v3 Basic Constraints: critical\nCA:FALSE\n');
    expect(text).toContain('X509v3 Key Usage: critical\nDigital Signature\n');
    expect(text).toContain('TLS Web Server Authentication, TLS Web Client Authentication\n');
    expect(text).toContain('X509v3 Subject Alternative Name:\nDNS:demo.dev.internal\n');
    expect(text).toContain(`X509v3 Subject Key Identifier:\n${identifier(leaf.subjectKeyIdentifier)}\n`);
    expect(text).toContain(`X509v3 Authority Key Identifier:\n${identifier(issuing.subjectKeyIdentifier)}\n`);
    expect(text).toContain('Full Name:\nURI:http://ca.dev.internal:8080/crl/test.crl\n');
    expect(text).toContain('OCSP - URI:http://ca.dev.internal:8080/ocsp/test\n');
    expect(text).toContain('CA Issuers - URI:http://ca.dev.internal:8080/aia/test.cer\n');
  });

  itWith('openssl', 'that lives past 2049 reads the same in openssl', async () => {
    const { pem } = makeTestCertificate({
      now: testNow,
      issuer: issuing,
      commonName: 'late',
      keyUsage: ['digitalSignature'],
      override: { notBefore: Date.UTC(2049, 11, 31, 23, 59, 59) / 1000, notAfter: Date.UTC(2050, 0, 1) / 1000 },
    });
    const { stdout } = await run('openssl', ['x509', '-noout', '-dates'], { input: pem });
    expect(stdout.toString()).toBe('notBefore=Dec 31 23:59:59 2049 GMT\nnotAfter=Jan  1 00:00:00 2050 GMT\n');
  });

  itWith('openssl', 'reads its nocheck in openssl', async () => {
    const { ocspResponder } = makeTestHierarchy();
    const { stdout } = await run('openssl', ['x509', '-noout', '-text'], { input: ocspResponder.pem });
    expect(stdout.toString()).toMatch(/OCSP No Check:\s/);
    expect(stdout.toString()).toContain('OCSP Signing');
  });

  itWith('pkilint', 'of every shape has no finding of pkilint that nothing argues', async () => {
    const shape = {
      now: testNow,
      issuer: issuing,
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['clientAuth'],
    } as const;
    const shapes = [
      makeTestCertificate({ ...shape, names: [{ type: 'dns', value: 'demo.dev.internal' }] }),
      makeTestCertificate({
        ...shape,
        commonName: '*.dev.internal',
        names: [{ type: 'dns', value: '*.dev.internal' }],
      }),
      makeTestCertificate({
        ...shape,
        names: [
          { type: 'ip', value: '10.0.0.1' },
          { type: 'ip', value: 'fd00::1' },
        ],
      }),
      makeTestCertificate({ ...shape, names: [{ type: 'uri', value: 'spiffe://dev.internal/demo' }] }),
      makeTestCertificate({ ...shape, names: [{ type: 'email', value: 'ops@example.org' }] }),
      makeTestCertificate({ ...shape, commonName: 'an operator' }),
      makeTestCertificate({
        ...shape,
        baseUrl: 'http://localhost:8080',
        commonName: 'localhost',
        names: [{ type: 'dns', value: 'localhost' }],
      }),
      makeTestCertificate({
        ...shape,
        key: makeSigningKey('rsa-2048'),
        commonName: 'demo.dev.internal',
        names: [{ type: 'dns', value: 'demo.dev.internal' }],
        keyUsage: ['digitalSignature', 'keyEncipherment'],
        extKeyUsage: ['serverAuth', 'clientAuth'],
        days: 9000,
      }),
    ];
    const findings = await unarguedFindings(shapes.map(({ der }) => ({ kind: 'certificate' as const, bytes: der })));
    expect(findings).toEqual(shapes.map(() => []));
  });
});
