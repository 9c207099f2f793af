import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyPem, makeCsr, makeLocalKey } from '../../src/client/local-key.ts';
import { assertCanonicalDer } from '../../src/domain/der/canonical.ts';
import { decodePem } from '../../src/domain/der/pem.ts';
import { parseCsr, verifyCsr } from '../../src/domain/x509/csr.ts';
import type { GeneralName } from '../../src/domain/x509/general-name.ts';
import { oids } from '../../src/domain/x509/oids.ts';
import { itWith, run } from '../support/judges.ts';

const names: readonly GeneralName[] = [
  { type: 'dns', value: 'demo.dev.internal' },
  { type: 'dns', value: '*.demo.dev.internal' },
  { type: 'ip', value: '10.1.2.3' },
  { type: 'ip', value: '2001:db8::1' },
  { type: 'uri', value: 'spiffe://dev/demo' },
  { type: 'email', value: 'ops@dev.internal' },
];

// Larger RSA keys take the same path and seconds to make.
const quickKeyTypes = ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'] as const;

describe.each(quickKeyTypes)('a request with an %s key', (keyType) => {
  it('is canonical, proves possession and asks for the names in their order', async () => {
    const key = await makeLocalKey(keyType);
    const csrDer = decodePem(makeCsr(key, names), 'CERTIFICATE REQUEST');
    assertCanonicalDer(csrDer);
    const csr = parseCsr(csrDer, () => false);
    await expect(verifyCsr(csr)).resolves.toBeUndefined();
    expect(csr.names).toEqual(names);
    expect(csr.subject.attributes).toEqual([{ oid: oids.commonName, value: 'demo.dev.internal' }]);
    expect(csr.publicKey.keyType).toBe(keyType);
  });

  itWith('openssl', 'is accepted by openssl with the same names', async () => {
    const csrPem = makeCsr(await makeLocalKey(keyType), names);
    const { code, stdout, stderr } = await run('openssl', ['req', '-verify', '-noout', '-text'], { input: csrPem });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/verify OK/)]);
    expect(stdout.toString()).toContain(
      'DNS:demo.dev.internal, DNS:*.demo.dev.internal, IP Address:10.1.2.3, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe://dev/demo, email:ops@dev.internal',
    );
  });
});

const long = `${'x'.repeat(60)}.dev.internal`;

it.each<[string, readonly GeneralName[], readonly string[]]>([
  [
    'the first DNS name that a CN can hold',
    [{ type: 'ip', value: '10.1.2.3' }, { type: 'dns', value: long }, names[0]!],
    [names[0]!.value],
  ],
  ['an e-mail address where there is no DNS name', [names[4]!, names[5]!], ['ops@dev.internal']],
  ['nothing where no name fits', [{ type: 'dns', value: long }, names[2]!], []],
])('a request has for its CN %s', async (_what, asked, commonNames) => {
  const csrDer = decodePem(makeCsr(await makeLocalKey('ec-p256'), asked), 'CERTIFICATE REQUEST');
  expect(parseCsr(csrDer, () => false).subject.attributes.map(({ value }) => value)).toEqual(commonNames);
});

describe('a local key', () => {
  it('is stored as PKCS#8 and is the one that was certified', async () => {
    const key = await makeLocalKey('ec-p256');
    const pem = keyPem(key);
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const stored = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
    expect(stored.equals(key.spkiDer)).toBe(true);
  });
});
