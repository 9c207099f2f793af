/** The contract of ports/vault.ts as a suite; every adapter of the port runs it on vaults of its own. */
import { constants, createPublicKey, verify as cryptoVerify } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeyType, keyFamily } from '#src/domain/x509/key-type.ts';
import {
  defaultSignatureAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from '#src/domain/x509/signature-algorithm.ts';
import type { Vault } from '#src/ports/vault.ts';
import { eventually } from '../support/eventually.ts';
import { itWith, run } from '../support/judges.ts';
import { codeOf, rejectionOf } from '../support/rejection.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { faultContract, type VaultFault } from './vault/faults.ts';
import { judgeVault } from './vault/judged.ts';

export interface VaultUnderTest {
  /** Empty, and of this test alone. */
  readonly vault: Vault;
  /** The same store opened again, as after a restart. */
  reopen(): Promise<Vault>;
  /** What no error may show: passphrases, PINs, tokens; at least one. */
  readonly secrets: readonly string[];
  /** Everything that was logged; absent where an adapter logs nothing. */
  logged?(): string;
  /** The backend's own operator makes a new version of the key, or what comes nearest; absent where there is no such thing. */
  rotate?(name: string): Promise<void>;
  /** From now on the backend refuses to sign with this key, until what is returned is called; absent where nothing could. */
  forbid?(name: string): Promise<() => Promise<void>>;
  dispose(): Promise<void>;
}

export interface VaultContractOptions {
  /** The key types that the backend has. */
  readonly keyTypes: readonly KeyType[];
  /** What can come over its backend; none where there is none but this process. */
  readonly faults?: readonly VaultFault[];
  /** What of `VaultUnderTest` there is beyond what every vault has. */
  readonly has?: { readonly rotation?: boolean; readonly permissions?: boolean };
}

const tbs = Buffer.from('to be signed: the exact octets of a tbsCertificate');

/** All algorithms that fit a key of this type. */
const algorithmsFor = (type: KeyType): SignatureAlgorithm[] =>
  Object.values(signatureAlgorithms).filter((algorithm) => algorithm.keyFamily === keyFamily(type));

function verifies(spkiDer: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  if (algorithm.pssSaltLength === undefined) return cryptoVerify(algorithm.hash, tbs, key, signature);
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.pssSaltLength };
  return cryptoVerify(algorithm.hash, tbs, pss, signature);
}

export function vaultContract(
  name: string,
  makeVault: () => Promise<VaultUnderTest>,
  { keyTypes, faults = [], has = {} }: VaultContractOptions,
): void {
  describe(`${name} keeps the contract of a vault`, () => {
    let made: VaultUnderTest;
    let vault: Vault;

    beforeEach(async () => {
      made = await makeVault();
      vault = made.vault;
    });
    afterEach(() => made.dispose());

    describe.each(keyTypes)('with a key of type %s', (type) => {
      it('gives the same key from createKey, key and listKeys', async () => {
        const created = await vault.createKey('root.1', type);
        expect(created).toMatchObject({ name: 'root.1', type });
        expect(await vault.key('root.1')).toEqual(created);
        expect(await vault.listKeys()).toEqual([created]);
      });

      it('signs so that the public key verifies, with every algorithm of the family', async () => {
        const { publicKeyDer } = await vault.createKey('root.1', type);
        for (const algorithm of algorithmsFor(type)) {
          const signer = await vault.signer('root.1', algorithm);
          expect(signer.algorithm).toBe(algorithm);
          expect(verifies(publicKeyDer, algorithm, await signer.sign(tbs))).toBe(true);
        }
      });

      it('signs with the same key after it was opened again', async () => {
        const created = await vault.createKey('root.1', type);
        await vault.close();
        const again = await made.reopen();
        expect(await again.listKeys()).toEqual([created]);
        const algorithm = defaultSignatureAlgorithm(type);
        const signature = await (await again.signer('root.1', algorithm)).sign(tbs);
        expect(verifies(created.publicKeyDer, algorithm, signature)).toBe(true);
      });

      itWith('openssl', 'makes signatures that openssl verifies', async () => {
        const { publicKeyDer } = await vault.createKey('root.1', type);
        for (const algorithm of algorithmsFor(type)) {
          const signature = await (await vault.signer('root.1', algorithm)).sign(tbs);
          expect(await opensslVerifies(publicKeyDer, algorithm, signature)).toBe(true);
        }
      });

      itWith('openssl', 'makes certificates, CRLs and OCSP answers that openssl verifies', async () => {
        const { chain, crl, ocsp } = await judgeVault(vault, type);
        expect([chain, crl]).toEqual([expect.stringMatching(/^exit 0/), expect.stringMatching(/^exit 0/)]);
        expect(ocsp).toContain('Response verify OK');
        expect(ocsp).toMatch(/^(.*: )?good$/m);
      });

      it('refuses algorithms of another family', async () => {
        await vault.createKey('root.1', type);
        const others = Object.values(signatureAlgorithms).filter((each) => each.keyFamily !== keyFamily(type));
        for (const algorithm of others) {
          expect(await codeOf(vault.signer('root.1', algorithm))).toBe('policyRefused');
        }
      });
    });

    const [type = 'ec-p256'] = keyTypes;
    const algorithm = defaultSignatureAlgorithm(type);

    it('holds nothing at first', async () => {
      expect(await vault.listKeys()).toEqual([]);
    });

    it('lists keys by name', async () => {
      for (const each of ['b', 'c.2', 'a-1']) await vault.createKey(each, type);
      expect((await vault.listKeys()).map((key) => key.name)).toEqual(['a-1', 'b', 'c.2']);
    });

    it('does not know a name that it does not hold', async () => {
      await vault.createKey('root', type);
      for (const missing of ['other', '', '../root', 'ROOT']) {
        expect(await codeOf(vault.key(missing))).toBe('notFound');
        expect(await codeOf(vault.signer(missing, algorithm))).toBe('notFound');
        expect(await codeOf(vault.destroyKey(missing))).toBe('notFound');
      }
    });

    it('refuses names that its store could not hold safely', async () => {
      for (const bad of ['', '.', '..', '../x', 'a/b', 'A', 'ä', 'a b', '-x', '.x', 'x\0', 'x'.repeat(65)]) {
        expect(await codeOf(vault.createKey(bad, type))).toBe('malformed');
      }
      expect(await vault.listKeys()).toEqual([]);
    });

    it('accepts a name of 64 characters', async () => {
      await vault.createKey('x'.repeat(64), type);
      await expect(vault.key('x'.repeat(64))).resolves.toMatchObject({ type });
    });

    it('refuses a second key of one name and keeps the first', async () => {
      const first = await vault.createKey('root', type);
      expect(await codeOf(vault.createKey('root', type))).toBe('conflict');
      expect(await vault.key('root')).toEqual(first);
      const again = await made.reopen();
      expect(await again.listKeys()).toEqual([first]);
    });

    it('makes exactly one key of one name in parallel calls', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => vault.createKey('root', type)));
      const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(made).toHaveLength(1);
      expect(await vault.listKeys()).toEqual(made);
    });

    it('makes another key each time', async () => {
      const keys = [await vault.createKey('a', type), await vault.createKey('b', type)];
      expect(new Set(keys.map((key) => Buffer.from(key.publicKeyDer).toString('hex'))).size).toBe(2);
    });

    it('makes 1,000 signatures at once, each of its own octets', async () => {
      const { publicKeyDer } = await vault.createKey('root', type);
      const key = createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
      const signer = await vault.signer('root', algorithm);
      const inputs = Array.from({ length: 1000 }, (_, index) => Buffer.from(`tbs ${index}`));
      const signatures = await Promise.all(inputs.map((input) => signer.sign(input)));
      const valid = inputs.filter((input, index) => cryptoVerify(algorithm.hash, input, key, signatures[index]!));
      expect(valid).toHaveLength(1000);
    });

    it('signs nothing and a megabyte as well', async () => {
      const { publicKeyDer } = await vault.createKey('root', type);
      const key = createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
      const signer = await vault.signer('root', algorithm);
      for (const input of [Buffer.alloc(0), Buffer.alloc(1_048_576, 7)]) {
        expect(cryptoVerify(algorithm.hash, input, key, await signer.sign(input))).toBe(true);
      }
    });

    it('forgets a destroyed key, also for signers that were handed out, and lets its name be used again', async () => {
      const first = await vault.createKey('root', type);
      const signer = await vault.signer('root', algorithm);
      await vault.destroyKey('root');
      expect(await vault.listKeys()).toEqual([]);
      expect(await codeOf(vault.key('root'))).toBe('notFound');
      expect(await codeOf(signer.sign(tbs))).toBe('notFound');
      expect(await (await made.reopen()).listKeys()).toEqual([]);
      expect(await vault.createKey('root', type)).not.toEqual(first);
      // The name came back, the key did not: an old signer must not sign with the new key.
      expect(await codeOf(signer.sign(tbs))).toBe('notFound');
    });

    it.runIf(has.rotation)(
      'goes on signing with its own version of a key that was rotated behind its back',
      async () => {
        const created = await vault.createKey('root', type);
        const signer = await vault.signer('root', algorithm);
        await made.rotate!('root');
        expect(verifies(created.publicKeyDer, algorithm, await signer.sign(tbs))).toBe(true);
        const again = await made.reopen();
        expect(await again.key('root')).toEqual(created);
        const signature = await (await again.signer('root', algorithm)).sign(tbs);
        expect(verifies(created.publicKeyDer, algorithm, signature)).toBe(true);
      },
    );

    it.runIf(has.permissions)('says that its backend forbids a key, and signs again once it allows it', async () => {
      const { publicKeyDer } = await vault.createKey('root', type);
      await vault.createKey('other', type);
      const signer = await vault.signer('root', algorithm);
      const allow = await made.forbid!('root');
      expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable', retryAfterSeconds: 2 });
      expect(vault.problem?.()).toContain('root');
      // Others are not concerned.
      await (await vault.signer('other', algorithm)).sign(tbs);
      await allow();
      const signature = await eventually(
        () => signer.sign(tbs),
        () => true,
      );
      expect(verifies(publicKeyDer, algorithm, signature)).toBe(true);
      expect(vault.problem?.()).toBeUndefined();
    });

    faultContract(() => made, faults, type);

    it('does nothing more once it is closed', async () => {
      await vault.createKey('root', type);
      const signer = await vault.signer('root', algorithm);
      await vault.close();
      await vault.close();
      const calls = [
        () => vault.createKey('x', type),
        () => vault.listKeys(),
        () => vault.key('root'),
        () => vault.signer('root', algorithm),
        () => vault.destroyKey('root'),
        () => signer.sign(tbs),
      ];
      for (const call of calls) expect(await codeOf(call())).toBe('signerUnavailable');
      expect((await (await made.reopen()).listKeys()).map((key) => key.name)).toEqual(['root']);
    });

    it('shows no secret in any error, nor when it is printed', async () => {
      const key = await vault.createKey('root', type);
      const signer = await vault.signer('root', algorithm);
      const wrong = Object.values(signatureAlgorithms).find((each) => each.keyFamily !== keyFamily(type))!;
      const errors = [
        await rejectionOf(vault.createKey('root', type)),
        await rejectionOf(vault.createKey('../x', type)),
        await rejectionOf(vault.key('missing')),
        await rejectionOf(vault.signer('root', wrong)),
      ];
      await vault.close();
      errors.push(await rejectionOf(signer.sign(tbs)));
      const printed = [...errors, vault, signer, key].map((value) => print(value)).join('\n') + (made.logged?.() ?? '');
      expect(made.secrets.length).toBeGreaterThan(0);
      for (const secret of [...made.secrets, 'PRIVATE KEY']) expect(printed).not.toContain(secret);
    });
  });
}

/** Everything that a log or a console could show of a value: hidden properties, causes and stacks, and its JSON. */
export function print(value: unknown): string {
  return `${inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null, getters: true })}\n${JSON.stringify(value)}`;
}

async function opensslVerifies(
  spkiDer: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Promise<boolean> {
  const folder = temporaryFolder();
  const publicKey = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  folder.write('public.pem', publicKey.export({ format: 'pem', type: 'spki' }).toString());
  folder.write('signature', signature);
  folder.write('tbs', tbs);
  const input = ['-pubin', '-inkey', 'public.pem', '-in', 'tbs', '-sigfile', 'signature', '-rawin'];
  const digest = algorithm.hash === null ? [] : ['-digest', algorithm.hash];
  const salt = algorithm.pssSaltLength;
  const pss = ['-pkeyopt', 'rsa_padding_mode:pss', '-pkeyopt', `rsa_pss_saltlen:${salt}`];
  const args = ['pkeyutl', '-verify', ...input, ...digest, ...(salt === undefined ? [] : pss)];
  const { code, stdout } = await run('openssl', args, { cwd: folder.path });
  return code === 0 && stdout.toString().includes('Signature Verified Successfully');
}
