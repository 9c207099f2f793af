/** The part of the vault's contract that says what happens while its backend is away, and when it is back. */
import { createPublicKey, verify as cryptoVerify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KeyType } from '#src/domain/x509/key-type.ts';
import { defaultSignatureAlgorithm } from '#src/domain/x509/signature-algorithm.ts';
import { eventually } from '../../support/eventually.ts';
import { rejectionOf } from '../../support/rejection.ts';
import type { VaultUnderTest } from '../vault.ts';

/** What can come over a backend. `begin` keeps every key from signing; `end` makes it as it was, and nobody tells the vault. */
export interface VaultFault {
  readonly name: string;
  begin(made: VaultUnderTest): Promise<void>;
  end(made: VaultUnderTest): Promise<void>;
}

const tbs = Buffer.from('to be signed');

/** Ends the fault in any case: tests after a failed one find the backend as it was. */
async function during(fault: VaultFault, made: VaultUnderTest, befallen: () => Promise<void>): Promise<void> {
  await fault.begin(made);
  try {
    await befallen();
  } finally {
    await fault.end(made);
  }
}

export function faultContract(made: () => VaultUnderTest, faults: readonly VaultFault[], type: KeyType): void {
  const algorithm = defaultSignatureAlgorithm(type);

  const verifies = (publicKeyDer: Uint8Array, input: Uint8Array, signature: Uint8Array): boolean => {
    const key = createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
    return cryptoVerify(algorithm.hash, input, key, signature);
  };

  describe.each(faults)('whose backend is $name', (fault) => {
    it('refuses to sign with signerUnavailable and says why, and signs by itself once the backend is back', async () => {
      const { vault } = made();
      const { publicKeyDer } = await vault.createKey('root', type);
      const signer = await vault.signer('root', algorithm);
      await signer.sign(tbs);
      await during(fault, made(), async () => {
        const refusal = await rejectionOf(signer.sign(tbs));
        expect(refusal).toMatchObject({ code: 'signerUnavailable' });
        // From now on that is known, and nobody waits to be told.
        expect([vault.problem?.() ?? 'none is told', signer.refusal?.()?.code]).toEqual([
          expect.stringMatching(/\w/),
          'signerUnavailable',
        ]);
        expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable', retryAfterSeconds: 2 });
      });
      await eventually(
        () => signer.refusal?.() ?? 'none',
        (answer) => answer === 'none',
      );
      expect(vault.problem?.()).toBeUndefined();
      expect(verifies(publicKeyDer, tbs, await signer.sign(tbs))).toBe(true);
    });

    it('settles every signature of a crowd that it befell, each good or refused', async () => {
      const { vault } = made();
      const { publicKeyDer } = await vault.createKey('root', type);
      const signer = await vault.signer('root', algorithm);
      const inputs = Array.from({ length: 400 }, (_, index) => Buffer.from(`tbs ${index}`));
      // Settled from the start: some are refused while the fault is still beginning.
      const sign = () => Promise.allSettled(inputs.map((input) => signer.sign(input)));
      const underWay = sign();
      await during(fault, made(), async () => {
        const outcomes = [...(await underWay), ...(await sign())];
        for (const [index, outcome] of outcomes.entries()) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'signerUnavailable' });
          else expect(verifies(publicKeyDer, inputs[index % inputs.length]!, outcome.value)).toBe(true);
        }
        expect(outcomes.at(-1)).toMatchObject({ status: 'rejected' });
      });
      await eventually(
        () => signer.refusal?.() ?? 'none',
        (answer) => answer === 'none',
      );
      expect(verifies(publicKeyDer, tbs, await signer.sign(tbs))).toBe(true);
    });
  });
}
