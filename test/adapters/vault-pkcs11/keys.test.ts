import { describe, expect, it } from 'vitest';
import { cka, ckm } from '#src/adapters/vault-pkcs11/cryptoki-numbers.ts';
import { signingWay } from '#src/adapters/vault-pkcs11/signing-ways.ts';
import { parseSubjectPublicKey, verifySignature } from '#src/domain/x509/public-key.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import type { Signer } from '#src/ports/vault.ts';
import { describeWith } from '../../support/judges.ts';
import { codeOf } from '../../support/rejection.ts';
import { softwareModule, softwareToken, softwareTokens } from '../../support/software-token.ts';
import { closing } from './closing.ts';
import { faultyToken } from './faulty-module.ts';
import { asOwner } from './token-owner.ts';

const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];
const tbs = Buffer.from('to be signed');

async function signsWell({ key, algorithm, sign }: Signer): Promise<boolean> {
  const publicKey = parseSubjectPublicKey(key.publicKeyDer);
  return verifySignature({ tbs, signature: await sign(tbs), algorithm, publicKey });
}

describeWith(softwareTokens, 'a key that the vault made', () => {
  it('was made in the token, can be read by nobody, and signs but does nothing else', async () => {
    const token = await softwareToken();
    const vault = closing(await token.open());
    await vault.createKey('root', 'ec-p256');
    await asOwner(token, async ({ flag, cryptoki, session }) => {
      const [local, alwaysSensitive, neverExtractable] = [0x163, 0x165, 0x164];
      for (const on of [cka.sensitive, cka.sign, cka.private, cka.token, local, alwaysSensitive, neverExtractable]) {
        expect(flag('root', on), `attribute ${on}`).toBe(true);
      }
      for (const off of [cka.extractable, cka.decrypt, cka.unwrap, cka.derive]) {
        expect(flag('root', off), `attribute ${off}`).toBe(false);
      }
      const value = 0x11;
      expect(() => flag('root', value)).toThrow('CKR_ATTRIBUTE_SENSITIVE');
      expect(cryptoki.C_GetSessionInfo(session).state).toBe(3);
    });
  });
});

describeWith(softwareTokens, 'a key that the token’s owner made', () => {
  it('signs like any other', async () => {
    const token = await softwareToken();
    await asOwner(token, ({ makeKey }) => makeKey('made-by-hand', []));
    const vault = closing(await token.open());
    expect((await vault.listKeys()).map(({ name }) => name)).toEqual(['made-by-hand']);
    expect(await signsWell(await vault.signer('made-by-hand', algorithm))).toBe(true);
  });

  it('is refused when it can leave the token', async () => {
    const token = await softwareToken();
    await asOwner(token, async ({ makeKey }) => {
      await makeKey('extractable', [{ type: cka.extractable, value: true }]);
      await makeKey('readable', [{ type: cka.sensitive, value: false }]);
    });
    const vault = closing(await token.open());
    expect(await codeOf(vault.signer('extractable', algorithm))).toBe('policyRefused');
    expect(await codeOf(vault.signer('readable', algorithm))).toBe('policyRefused');
  });

  it('is not guessed where two have one name', async () => {
    const token = await softwareToken();
    await asOwner(token, async ({ makeKey }) => {
      await makeKey('twice', [], Buffer.from('one'));
      await makeKey('twice', [], Buffer.from('two'));
    });
    const vault = closing(await token.open());
    expect(await codeOf(vault.signer('twice', algorithm))).toBe('signerUnavailable');
  });

  it('outlives another of the same name: which of them was meant nobody knows', async () => {
    const token = await softwareToken();
    const vault = closing(await token.open());
    await vault.createKey('twice', 'ec-p256');
    await asOwner(token, ({ makeKey }) => makeKey('twice', [], Buffer.from('of another')));
    expect(await codeOf(vault.destroyKey('twice'))).toBe('signerUnavailable');
    await asOwner(token, async ({ count }) => expect(count('twice')).toEqual({ private: 2, public: 2 }));
  });

  it('is whole and in use after a key with the same CKA_ID was destroyed', async () => {
    const token = await softwareToken();
    const id = Buffer.from('shared');
    await asOwner(token, async ({ makeKey }) => {
      await makeKey('first', [], id);
      await makeKey('second', [], id);
    });
    const vault = closing(await token.open());
    for (const name of ['first', 'second']) expect(await signsWell(await vault.signer(name, algorithm))).toBe(true);
    await vault.destroyKey('second');
    expect((await vault.listKeys()).map(({ name }) => name)).toEqual(['first']);
    expect(await signsWell(await vault.signer('first', algorithm))).toBe(true);
    await asOwner(token, async ({ count }) => {
      expect([count('first'), count('second')]).toEqual([
        { private: 1, public: 1 },
        { private: 0, public: 0 },
      ]);
    });
  });

  it('keeps a public half that may be its own when one with the same CKA_ID is destroyed', async () => {
    const token = await softwareToken();
    const id = Buffer.from('shared');
    await asOwner(token, async ({ makeKey, relabelPublic }) => {
      await makeKey('first', [], id);
      await makeKey('second', [], id);
      relabelPublic('first', 'neither');
      relabelPublic('second', 'neither');
    });
    const vault = closing(await token.open());
    // Which public half is whose cannot be told, so that neither is a key.
    expect(await vault.listKeys()).toEqual([]);
    expect(await codeOf(vault.destroyKey('second'))).toBe('notFound');
    await asOwner(token, async ({ count }) =>
      expect([count('neither').public, count('second').private]).toEqual([2, 1]),
    );
  });

  it('is not seen under a name that no authority could give it', async () => {
    const token = await softwareToken();
    await asOwner(token, ({ makeKey }) => makeKey('Müller’s key', []));
    const vault = closing(await token.open());
    expect(await vault.listKeys()).toEqual([]);
    expect(await codeOf(vault.key('Müller’s key'))).toBe('notFound');
  });
});

describeWith([...softwareTokens, 'gcc'], 'a key with CKA_ALWAYS_AUTHENTICATE', () => {
  it('gets the PIN again for each signature', async () => {
    const token = await softwareToken();
    await asOwner(token, ({ makeKey }) => makeKey('careful', [{ type: cka.alwaysAuthenticate, value: true }]));
    const faulty = await faultyToken(token);
    const vault = closing(await faulty.open());
    const signer = await vault.signer('careful', algorithm);
    expect(faulty.logins()).toBe(1);
    for (let count = 0; count < 3; count += 1) expect(await signsWell(signer)).toBe(true);
    expect(faulty.logins()).toBe(4);
    const together = await Promise.all(Array.from({ length: 20 }, () => signsWell(signer)));
    expect(together.every(Boolean)).toBe(true);
  });

  it('does not get a PIN again that it refused once', async () => {
    const token = await softwareToken();
    await asOwner(token, ({ makeKey }) => makeKey('careful', [{ type: cka.alwaysAuthenticate, value: true }]));
    const faulty = await faultyToken(token);
    const vault = closing(await faulty.open());
    const signer = await vault.signer('careful', algorithm);
    faulty.rules('Login 0xa0');
    expect(await codeOf(signer.sign(tbs))).toBe('signerUnavailable');
    const tried = faulty.logins();
    for (let count = 0; count < 3; count += 1) expect(await codeOf(signer.sign(tbs))).toBe('signerUnavailable');
    expect(faulty.logins()).toBe(tried);
  });
});

describeWith([...softwareTokens, 'gcc'], 'a token without a login', () => {
  it('signs with keys that are there for everybody, and is given no PIN', async () => {
    const token = await softwareToken();
    await asOwner(token, ({ makeKey }) => makeKey('open', [{ type: cka.private, value: false }]));
    const faulty = await faultyToken(token);
    faulty.rules('Token without 0x4');
    const vault = closing(await faulty.open({ pin: {} }));
    expect(await signsWell(await vault.signer('open', algorithm))).toBe(true);
    expect(faulty.logins()).toBe(0);
  });
});

describeWith(softwareTokens, 'a token whose sessions all read and write', () => {
  it('makes keys and signs', async () => {
    const token = await softwareToken();
    const reach = { modulePath: softwareModule, label: token.label, sessions: 1, readWriteSessions: true };
    const vault = closing(await token.open({ token: reach }));
    await vault.createKey('root', 'ec-p256');
    const signer = await vault.signer('root', algorithm);
    expect(await Promise.all([signsWell(signer), signsWell(signer), signsWell(signer)])).toEqual([true, true, true]);
  });
});

describe('the mechanism of an algorithm', () => {
  it('hashes in the token only where it cannot sign a hash', () => {
    const chosen = (name: 'ecdsa-with-SHA384' | 'rsassa-pss-sha256', mechanisms: readonly number[]) =>
      signingWay(name, new Set(mechanisms))?.mechanism.mechanism;
    expect(chosen('ecdsa-with-SHA384', [ckm.ecdsaSha384, ckm.ecdsa])).toBe(ckm.ecdsa);
    expect(chosen('ecdsa-with-SHA384', [ckm.ecdsaSha384, ckm.ecdsaSha256])).toBe(ckm.ecdsaSha384);
    expect(chosen('rsassa-pss-sha256', [ckm.sha256RsaPkcsPss])).toBe(ckm.sha256RsaPkcsPss);
    expect(chosen('ecdsa-with-SHA384', [ckm.rsaPkcs])).toBeUndefined();
  });
});

describeWith([...softwareTokens, 'gcc'], 'a token that signs no hashes', () => {
  it.each([
    ['sha384WithRSAEncryption', '0x1'],
    ['rsassa-pss-sha512', '0xd'],
  ] as const)('makes %s of the whole', async (name, without) => {
    const token = await softwareToken();
    const faulty = await faultyToken(token);
    faulty.rules(`Mechanism without ${without}`);
    const vault = closing(await faulty.open());
    await vault.createKey('root', 'rsa-2048');
    expect(await signsWell(await vault.signer('root', signatureAlgorithms[name]))).toBe(true);
  });

  it('says so where it has no mechanism at all', async () => {
    const token = await softwareToken();
    const faulty = await faultyToken(token);
    faulty.rules('Mechanism without 0x1041');
    const vault = closing(await faulty.open());
    await vault.createKey('root', 'ec-p256');
    expect(await codeOf((await vault.signer('root', algorithm)).sign(tbs))).toBe('policyRefused');
  });
});
