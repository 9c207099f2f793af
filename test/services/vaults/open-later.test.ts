/** A key whose vault is away when its authority is read: its signer opens when the vault is back, and says so until then. */
import { expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { Signer, Vault } from '../../../src/ports/vault.ts';
import { openNowOrLater } from '../../../src/services/vaults/open-later.ts';
import { rejectionOf } from '../../support/rejection.ts';

const away = new CaError('signerUnavailable', 'The vault is sealed.');
const facts = { key: { name: 'dev-issuing.1' }, algorithm: { name: 'ecdsa-with-SHA256' } } as unknown as Signer;
const tbs = Uint8Array.of(1);

function sealable() {
  const state = { problem: undefined as string | undefined, failure: undefined as Error | undefined, opened: 0 };
  const refusal = new CaError('signerUnavailable', 'The key is disabled.');
  const signer = { ...facts, sign: async () => Uint8Array.of(2), refusal: () => refusal } as Signer;
  const open = async (): Promise<Signer> => {
    if (state.failure) throw state.failure;
    state.opened += 1;
    return signer;
  };
  const vault = { name: 'bao', problem: () => state.problem } as unknown as Vault;
  return { ...{ state, signer, refusal }, opening: () => openNowOrLater(vault, facts, open) };
}

it('is opened at once where its vault is there', async () => {
  const { opening, signer } = sealable();
  expect(await opening()).toBe(signer);
});

it('refuses while its vault is away, and is opened once by the first signatures after that', async () => {
  const { opening, state, refusal } = sealable();
  Object.assign(state, { problem: 'sealed', failure: away });
  const later = await opening();
  expect([later.key, later.algorithm, later.refusal?.()]).toEqual([facts.key, facts.algorithm, away]);
  expect(await rejectionOf(later.sign(tbs))).toBe(away);
  state.problem = undefined;
  expect([later.refusal?.(), await rejectionOf(later.sign(tbs))]).toEqual([undefined, away]);
  state.failure = undefined;
  const signatures = await Promise.all([later.sign(tbs), later.sign(tbs)]);
  expect([signatures, await later.sign(tbs), state.opened]).toEqual([
    Array(2).fill(Uint8Array.of(2)),
    Uint8Array.of(2),
    1,
  ]);
  // From then on it is the vault's own signer that knows.
  expect(later.refusal?.()).toBe(refusal);
});

it.each<[string, string | undefined, Error]>([
  ['its vault is there and does not let anybody use it', undefined, away],
  ['it is not in its vault', 'sealed', new CaError('notFound', 'There is no such key.')],
  ['the adapter fails', 'sealed', new TypeError('cannot read')],
])('is not opened later when %s', async (_, problem, failure) => {
  const { opening, state } = sealable();
  Object.assign(state, { problem, failure });
  expect(await rejectionOf(opening())).toBe(failure);
});
