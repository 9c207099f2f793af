import { describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { contextTag, tag } from '../../../src/domain/der/tag.ts';
import { encodeCertificatesOnly } from '../../../src/domain/keystore/pkcs7.ts';
import { itWith, run } from '../../support/judges.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';

const { leaf, issuing, root } = makeTestHierarchy();
const chain = [leaf, issuing, root];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The content of `certificates [0]`, walking down ContentInfo and SignedData. */
function certificatesOf(pkcs7: Uint8Array): string[] {
  const contentInfo = new DerReader(pkcs7).enterSequence();
  contentInfo.expect(tag.oid);
  const signedData = contentInfo.enter(contextTag(0, true)).enterSequence();
  for (const field of [tag.integer, tag.set, tag.sequence]) signedData.expect(field);
  const certificates = signedData.enter(contextTag(0, true));
  const found: string[] = [];
  while (!certificates.atEnd) found.push(hex(certificates.whole(certificates.next())));
  return found;
}

describe('PKCS#7 with certificates only', () => {
  it('holds the very bytes of the certificates in their order', () => {
    expect(certificatesOf(encodeCertificatesOnly(chain.map(({ der }) => der)))).toEqual(
      chain.map(({ der }) => hex(der)),
    );
  });

  it('holds certificates of every key', () => {
    for (const keyType of ['rsa-2048', 'ed25519', 'ec-p521'] as const) {
      const other = makeTestHierarchy({ keyType });
      expect(certificatesOf(encodeCertificatesOnly([other.issuing.der]))).toEqual([hex(other.issuing.der)]);
    }
  });

  it('takes nothing that is not one certificate', () => {
    expect(() => encodeCertificatesOnly([Buffer.concat([leaf.der, leaf.der])])).toThrow();
    expect(() => encodeCertificatesOnly([leaf.der.subarray(0, -1)])).toThrow();
  });

  itWith('openssl', 'is printed by openssl, in DER and in PEM', async () => {
    const der = encodeCertificatesOnly(chain.map(({ der: certificate }) => certificate));
    const print = ['pkcs7', '-print_certs', '-inform'];
    for (const [form, input] of [
      ['DER', der],
      ['PEM', encodePem('PKCS7', der)],
    ] as const) {
      const { code, stdout } = await run('openssl', [...print, form], { input });
      expect(code).toBe(0);
      const blocks = stdout.toString().match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/g);
      expect(blocks).toEqual(chain.map(({ pem }) => pem));
    }
  });
});
