import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCertificate } from '#src/domain/x509/open-certificate.ts';
import { makeTestCertificate, testNow } from '../../support/test-hierarchy.ts';

const made = { now: testNow, keyUsage: ['digitalSignature'] } as const;
const other = makeTestCertificate({ ...made, commonName: 'other' });
const certificate = makeTestCertificate({ ...made, commonName: 'own', comment: `\n${other.pem}` });

describe('a certificate that is opened', () => {
  it('is the one given, also when it holds the PEM of another one', () => {
    expect(openCertificate(certificate.der).subject).toBe('CN=own');
    expect(openCertificate(certificate.pem).raw.equals(certificate.der)).toBe(true);
  });

  it('must be one', () => {
    for (const content of ['', 'no certificate', new Uint8Array(), new Uint8Array([0x30, 0])]) {
      expect(() => openCertificate(content)).toThrow();
    }
  });

  it('is opened nowhere else', () => {
    const src = resolve(import.meta.dirname, '../../../src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const opening = files.filter((name) => /new X509Certificate\b/.test(readFileSync(join(src, name), 'utf8')));
    expect(opening).toEqual(['domain/x509/open-certificate.ts']);
  });
});
