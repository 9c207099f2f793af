import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseSubjectPublicKey, verifySignature } from '#src/domain/x509/public-key.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import type { Signer, Vault } from '#src/ports/vault.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { type SoftwareToken, softwareToken, softwareTokens } from '../../support/software-token.ts';
import { closing } from './closing.ts';
import { type FaultyToken, faultyToken } from './faulty-module.ts';

const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];

interface Ready {
  readonly token: SoftwareToken;
  readonly faulty: FaultyToken;
  readonly vault: Vault;
  readonly signer: Signer;
}

async function ready(): Promise<Ready> {
  const token = await softwareToken();
  const faulty = await faultyToken(token);
  const vault = closing(await faulty.open());
  await vault.createKey('root', 'ec-p256');
  return { token, faulty, vault, signer: await vault.signer('root', algorithm) };
}

/** How many of so many signatures at once verify; all of them, or the first error. */
async function good({ key, sign }: Signer, count: number): Promise<number> {
  const publicKey = parseSubjectPublicKey(key.publicKeyDer);
  const verified = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const tbs = Buffer.from(`tbs ${index}`);
      return verifySignature({ tbs, signature: await sign(tbs), algorithm, publicKey });
    }),
  );
  return verified.filter(Boolean).length;
}

const signsAgain = (signer: Signer): Promise<number> =>
  eventually(
    () => good(signer, 3),
    (verified) => verified === 3,
  );

const refusedWith = (signer: Signer, wanted: string): Promise<string> =>
  eventually(
    () => codeOf(signer.sign(Buffer.from('tbs'))),
    (code) => code === wanted,
  );

/** Takes the token itself out, or all that the module knows of tokens; puts it back when called. */
function takeOut({ folder }: SoftwareToken, what: 'token' | 'store'): () => void {
  const tokens = join(folder, 'tokens');
  const [token = ''] = readdirSync(tokens);
  const taken = what === 'token' ? join(tokens, token) : tokens;
  const elsewhere = join(folder, 'elsewhere');
  renameSync(taken, elsewhere);
  return () => renameSync(elsewhere, taken);
}

describeWith([...softwareTokens, 'gcc'], 'a token that fails', () => {
  it.each([
    ['of the vendor’s own', 'Sign 0x80000042'],
    ['that every session is closed', 'SignInit 0xb3'],
    ['that nobody is logged in', 'SignInit 0x101'],
  ])(
    'with the error %s is away, and signs again when it is back',
    async (_, rule) => {
      const { faulty, signer } = await ready();
      faulty.rules(rule);
      expect(await codeOf(signer.sign(Buffer.from('tbs')))).toBe('signerUnavailable');
      expect(await codeOf(signer.sign(Buffer.from('tbs')))).toBe('signerUnavailable');
      faulty.rules();
      await signsAgain(signer);
    },
    60_000,
  );

  it('by crashing once costs no signature', async () => {
    const { faulty, signer } = await ready();
    faulty.rules('Sign crash 0x0');
    const signing = good(signer, 50);
    setTimeout(() => faulty.rules(), 50);
    // The crash and the rule's end race: what was asked twice is answered, what was too unlucky is away for a moment.
    await signing.catch((error: { code?: string }) => expect(error.code).toBe('signerUnavailable'));
    await signsAgain(signer);
  }, 60_000);
});

describeWith([...softwareTokens, 'gcc'], 'a token with few sessions', () => {
  it('signs everything with those that it has', async () => {
    const { faulty, signer } = await ready();
    faulty.rules('Sessions most 0x3');
    expect(await good(signer, 200)).toBe(200);
  }, 60_000);

  it('that has none left is busy, not broken', async () => {
    const { faulty, signer } = await ready();
    faulty.rules('Sessions most 0x1');
    expect(await rejectionOf(signer.sign(Buffer.from('tbs')))).toMatchObject({
      code: 'signerUnavailable',
      retryAfterSeconds: 1,
    });
    faulty.rules();
    expect(await good(signer, 3)).toBe(3);
  }, 60_000);
});

describeWith(softwareTokens, 'a token that is taken out', () => {
  it.each(['token', 'store'] as const)(
    'is away until it is put back, and then signs with the same key (%s)',
    async (what) => {
      const token = await softwareToken();
      const vault = closing(await token.open());
      await vault.createKey('root', 'ec-p256');
      const signer = await vault.signer('root', algorithm);
      expect(await good(signer, 1)).toBe(1);
      const putBack = takeOut(token, what);
      await refusedWith(signer, 'signerUnavailable');
      expect(await codeOf(vault.listKeys())).toBe('signerUnavailable');
      putBack();
      await signsAgain(signer);
      expect(await vault.listKeys()).toEqual([signer.key]);
    },
    60_000,
  );

  it.each(['token', 'store'] as const)(
    'before the start opens a vault that waits for it (%s)',
    async (what) => {
      const token = await softwareToken();
      const key = await closing(await token.open()).createKey('root', 'ec-p256');
      const putBack = takeOut(token, what);
      const vault = closing(await token.open());
      expect(await codeOf(vault.signer('root', algorithm))).toBe('signerUnavailable');
      putBack();
      const found = await eventually(
        () => vault.key('root'),
        () => true,
      );
      expect(found).toEqual(key);
    },
    60_000,
  );
});

describeWith(softwareTokens, 'a key that another program destroys', () => {
  it('is not known any more', async () => {
    const token = await softwareToken();
    const [one, other] = [closing(await token.open()), closing(await token.open())];
    await one.createKey('root', 'ec-p256');
    const signer = await one.signer('root', algorithm);
    expect(await good(signer, 1)).toBe(1);
    await other.destroyKey('root');
    expect(await refusedWith(signer, 'notFound')).toBe('notFound');
    // The name comes back, the key does not.
    await other.createKey('root', 'ec-p256');
    expect(await codeOf(signer.sign(Buffer.from('tbs')))).toBe('notFound');
  }, 60_000);
});
