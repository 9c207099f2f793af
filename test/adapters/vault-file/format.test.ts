import { argon2Sync, createDecipheriv, createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultCost, deriveKey, isAcceptable } from '#src/adapters/vault-file/key-derivation.ts';
import { fileVault, passphrase } from './vault-under-test.ts';

/** Opens a file as docs/keys.md describes it, with nothing of ours. */
function openByHand(text: string, secret: string): Buffer {
  const { sha256: _, sealed, ...bound } = JSON.parse(text);
  const { name, memoryKiB: memory, passes, parallelism, salt } = bound.kdf;
  const nonce = Buffer.from(salt, 'base64');
  const key = argon2Sync(name, { message: secret, nonce, memory, passes, parallelism, tagLength: 32 });
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'base64'));
  decipher.setAAD(Buffer.from(JSON.stringify({ ...bound, cipher: sealed.cipher })));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  return Buffer.concat([decipher.update(sealed.ciphertext, 'base64'), decipher.final()]);
}

describe('a key file', () => {
  it('can be opened by hand as docs/keys.md says', async () => {
    const store = fileVault();
    const { publicKeyDer } = await (await store.open()).createKey('root', 'ec-p384');
    const pkcs8 = openByHand(store.read('root.key.json').toString(), passphrase);
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    expect(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).toEqual(publicKeyDer);
    expect(openByHand(store.read('vault.json').toString(), passphrase).toString()).toBe('privyseal vault');
  });

  it('says in the clear what it is, and no more', async () => {
    const store = fileVault();
    const { publicKeyDer } = await (await store.open()).createKey('root', 'ed25519');
    const json = JSON.parse(store.read('root.key.json').toString());
    expect(Object.keys(json)).toEqual(['format', 'name', 'type', 'publicKey', 'kdf', 'sealed', 'sha256']);
    expect(json).toMatchObject({ format: 'privyseal-key/1', name: 'root', type: 'ed25519' });
    expect(Buffer.from(json.publicKey, 'base64')).toEqual(publicKeyDer);
  });

  it('takes a passphrase of any characters as its UTF-8 octets', async () => {
    const store = fileVault();
    const odd = 'Schlüssel \u{1F511}\t"\\\n';
    await (await store.open({ passphrase: odd })).createKey('root', 'ec-p256');
    expect(openByHand(store.read('root.key.json').toString(), odd).length).toBeGreaterThan(100);
  });
});

describe('the derivation', () => {
  it('is argon2id, version 0x13, as the reference implementation computes it', async () => {
    const salt = Buffer.from('somesalt');
    const key = await deriveKey('password', { name: 'argon2id', memoryKiB: 65_536, passes: 2, parallelism: 1, salt });
    const known = '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7';
    expect(key.export().toString('hex')).toBe(known);
  });

  it('costs by default what RFC 9106 recommends where memory is dear', () => {
    expect(defaultCost).toEqual({ memoryKiB: 65_536, passes: 3, parallelism: 4 });
    expect(isAcceptable({ name: 'argon2id', ...defaultCost, salt: Buffer.alloc(16) })).toBe(true);
  });
});
