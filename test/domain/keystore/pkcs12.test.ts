import { createPrivateKey, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeKeyStore, encodeTrustStore } from '../../../src/domain/keystore/pkcs12.ts';
import { pkcs12Mac } from '../../../src/domain/keystore/pkcs12-kdf.ts';
import { itWith, run } from '../../support/judges.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';

const { leaf, issuing, root } = makeTestHierarchy();
const file = suiteFolder();
const privateKeyDer = leaf.key.privateKey.export({ type: 'pkcs8', format: 'der' });
const password = 'correct horse 1!';

const keyStore = (words = password): Uint8Array =>
  encodeKeyStore({
    privateKeyDer,
    chainDer: [leaf.der, issuing.der],
    alias: 'demo',
    password: words,
    macSalt: randomBytes(16),
    keySalt: randomBytes(16),
    keyIv: randomBytes(16),
  });

const trusted = [
  { alias: 'root a', der: root.der },
  { alias: 'issuing', der: issuing.der },
];
const trustStore = (words = password, macSalt = Buffer.alloc(16, 1)): Uint8Array =>
  encodeTrustStore(trusted, { password: words, macSalt });

beforeAll(() => {
  writeFileSync(file('key.p12'), keyStore());
  writeFileSync(file('trust.p12'), trustStore());
  writeFileSync(file('password'), password, { mode: 0o600 });
});

describe('a PKCS#12 store', () => {
  it('is the same for the same content and salt, and of another salt another', () => {
    expect(trustStore()).toEqual(trustStore());
    expect(trustStore(password, Buffer.alloc(16, 2))).not.toEqual(trustStore());
  });

  it('holds no octet of the private key in clear', () => {
    const { d } = leaf.key.privateKey.export({ format: 'jwk' });
    expect(Buffer.from(keyStore()).includes(Buffer.from(d!, 'base64url'))).toBe(false);
  });

  it('takes only passwords that every program spells alike', () => {
    for (const words of ['', 'short', 'pässword', 'tab\there', 'x'.repeat(129)]) {
      expect(() => trustStore(words)).toThrow(RangeError);
    }
  });

  it('authenticates its content: another password, salt or octet is another MAC', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (content, at) => {
        const salt = Buffer.alloc(8, 3);
        const mac = pkcs12Mac(content, 'password', { salt, iterations: 2 });
        const changed = Uint8Array.from(content);
        changed[at % content.length]! ^= 1;
        const others = [
          pkcs12Mac(changed, 'password', { salt, iterations: 2 }),
          pkcs12Mac(content, 'passwore', { salt, iterations: 2 }),
          pkcs12Mac(content, 'password', { salt: Buffer.alloc(8, 4), iterations: 2 }),
          pkcs12Mac(content, 'password', { salt, iterations: 3 }),
        ];
        expect(mac).toHaveLength(32);
        for (const other of others) expect(other).not.toEqual(mac);
      }),
    );
  });

  itWith('openssl', 'is opened by openssl, which finds the key and the chain', async () => {
    const read = ['pkcs12', '-in', file('key.p12'), '-passin', `file:${file('password')}`, '-nodes'];
    const { code, stdout, stderr } = await run('openssl', [...read, '-info']);
    expect(code).toBe(0);
    expect(stderr).toContain('PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256');
    expect(stderr).toContain('MAC: sha256, Iteration 10000');
    expect(stdout.toString().match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(createPrivateKey(stdout).equals(leaf.key.privateKey)).toBe(true);
  });

  itWith('openssl', 'is refused by openssl with another password', async () => {
    writeFileSync(file('wrong'), 'correct horse 2!');
    const { code } = await run('openssl', ['pkcs12', '-in', file('key.p12'), '-passin', `file:${file('wrong')}`]);
    expect(code).not.toBe(0);
  });

  itWith('keytool', 'is listed by Java: the key with its chain, the roots as trusted', async () => {
    const list = async (name: string): Promise<string> => {
      const store = ['-keystore', file(name), '-storetype', 'PKCS12', '-storepass:file', file('password')];
      const { code, stdout } = await run('keytool', ['-list', '-v', ...store], { timeoutMs: 60_000 });
      expect([code, stdout.toString()]).toEqual([0, expect.any(String)]);
      return stdout.toString();
    };
    const keys = await list('key.p12');
    expect(keys).toContain('Alias name: demo');
    expect(keys).toContain('Entry type: PrivateKeyEntry');
    expect(keys).toContain('Certificate chain length: 2');
    const roots = await list('trust.p12');
    expect(roots.match(/Entry type: trustedCertEntry/g)).toHaveLength(2);
    expect(roots).toContain('Alias name: root a');
  });
});
