import { createPrivateKey } from 'node:crypto';
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateKey } from '#src/adapters/vault-file/generate-key.ts';
import { deriveKey } from '#src/adapters/vault-file/key-derivation.ts';
import { parseSealedFile, unseal } from '#src/adapters/vault-file/sealed-file.ts';
import { signWithKey, signWithKeySync } from '#src/adapters/vault-file/sign-with-key.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import { print } from '../../contracts/vault.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { type FileVaultUnderTest, fileVault, passphrase } from './vault-under-test.ts';

/** Every spelling in which the private part of `root` could leak, straight from its file. */
async function spellings(store: FileVaultUnderTest): Promise<string[]> {
  const file = parseSealedFile(store.read('root.key.json').toString(), ['format', 'name', 'type', 'publicKey'])!;
  const pkcs8 = unseal(file, await deriveKey(passphrase, file.kdf))!;
  const { d = '' } = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  const scalar = Buffer.from(d, 'base64url');
  const octets = [pkcs8, scalar, Buffer.from(passphrase)];
  const decimal = [...scalar].join(', ');
  const spaced = scalar.toString('hex').replace(/(..)(?!$)/g, '$1 ');
  return [
    ...octets.flatMap((each) => [each.toString('hex'), each.toString('base64'), each.toString('base64url')]),
    ...[d, decimal, spaced, spaced.slice(0, 40), passphrase, 'PRIVATE KEY'],
  ];
}

describe('private keys and the passphrase', () => {
  it('show in nothing that a log could get hold of', async () => {
    const store = fileVault();
    const vault = await store.open();
    const key = await vault.createKey('root', 'ec-p256');
    const signer = await vault.signer('root', signatureAlgorithms['ecdsa-with-SHA256']);
    const secrets = await spellings(store);
    const seen: unknown[] = [vault, key, signer, await vault.listKeys(), await signer.sign(Buffer.from('tbs'))];
    seen.push(await rejectionOf(store.open({ passphrase: `${passphrase}!` })));
    store.put('root.key.json', store.read('root.key.json').subarray(0, 300));
    seen.push(await rejectionOf(store.open()));
    rmSync(store.directory, { recursive: true });
    seen.push(await rejectionOf(vault.createKey('next', 'ec-p256')));
    seen.push(await rejectionOf(vault.destroyKey('root')));
    seen.push(await rejectionOf(signer.sign(42 as unknown as Uint8Array)));
    const printed = seen.map(print).join('\n');
    for (const secret of secrets) expect(printed.includes(secret), 'a secret is shown').toBe(false);
  });

  it('would be found by that search', async () => {
    const store = fileVault();
    await (await store.open()).createKey('root', 'ec-p256');
    const [pkcs8Hex = ''] = await spellings(store);
    const leak = new Error('failed', { cause: { key: Buffer.from(pkcs8Hex, 'hex').toString('base64') } });
    const printed = print(leak);
    expect((await spellings(store)).some((secret) => printed.includes(secret))).toBe(true);
  });
});

describe('a signature that does not verify', () => {
  it.each(['rsa-2048', 'ed25519', 'ec-p256'] as const)('of a damaged %s key leaves for nobody', async (type) => {
    const [one, other] = [await generateKey[type](), await generateKey[type]()];
    const damaged = { privateKey: one.privateKey, publicKey: other.publicKey };
    const algorithm = {
      'rsa-2048': signatureAlgorithms['rsassa-pss-sha256'],
      ed25519: signatureAlgorithms.ed25519,
      'ec-p256': signatureAlgorithms['ecdsa-with-SHA256'],
    }[type];
    const tbs = Buffer.from('tbs');
    expect(await codeOf(signWithKey(damaged, algorithm, tbs))).toBe('signerUnavailable');
    expect(() => signWithKeySync(damaged, algorithm, tbs)).toThrow(
      expect.objectContaining({ code: 'signerUnavailable' }),
    );
  });

  it('is not made when the octets change while they are signed', async () => {
    const tbs = Buffer.alloc(1_000_000);
    const signing = signWithKey(await generateKey.ed25519(), signatureAlgorithms.ed25519, tbs);
    tbs[0] = 1;
    expect(await codeOf(signing)).toBe('signerUnavailable');
  });
});

describe('a store that cannot be written', () => {
  it('makes no key, says so, and signs on', async () => {
    const store = fileVault();
    const vault = await store.open();
    await vault.createKey('root', 'ec-p256');
    rmSync(store.directory, { recursive: true });
    expect(await codeOf(vault.createKey('next', 'ec-p256'))).toBe('signerUnavailable');
    expect((await vault.listKeys()).map((key) => key.name)).toEqual(['root']);
    const signer = await vault.signer('root', signatureAlgorithms['ecdsa-with-SHA256']);
    await expect(signer.sign(Buffer.from('tbs'))).resolves.toBeInstanceOf(Uint8Array);
  });
});
