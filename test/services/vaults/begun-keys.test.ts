/** A key that was begun for a purpose is taken by whoever asks next, unless somebody has it or its vault does not. */
import { describe, expect, it } from 'vitest';
import { systemRandomness } from '../../../src/adapters/system-randomness.ts';
import { CaError, type CaErrorCode } from '../../../src/domain/errors.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { createFreshKey } from '../../../src/services/vaults/fresh-key.ts';
import { codeOf } from '../../support/rejection.ts';

describe('a key that was begun', () => {
  const begun = 'audit.0badcafe';
  type Named = Awaited<ReturnType<Inventory['generations']>>[number];
  const generation = { vault: 'file', vaultKey: 'other', responder: null } as unknown as Named;

  /** What is made where `begun` was noted for the same purpose, and the vault answers for it so. */
  async function made(answer: () => Promise<unknown>, named: object = {}): Promise<string> {
    const settings = new Map([['freshKey:file:audit:ec-p256', JSON.stringify({ name: begun, since: '' })]]);
    const inventory = {
      setting: async (key: string) => settings.get(key),
      setSetting: async (key: string, value: string) => void settings.set(key, value),
      authorities: async () => [],
      generations: async () => [],
      auditKey: async () => undefined,
      ...named,
    } as unknown as Inventory;
    const vault = { name: 'file', key: answer, createKey: async (name: string) => ({ name, type: 'ec-p256' }) };
    const vaults = new Map([['file', vault as unknown as Vault]]);
    const wanted = { vault: 'file', purpose: 'audit', keyType: 'ec-p256' } as const;
    return (await createFreshKey({ inventory, vaults, randomness: systemRandomness }, wanted)).name;
  }
  const isThere = async () => ({ name: begun, type: 'ec-p256' });
  const rejecting = (code: CaErrorCode) => async () => Promise.reject(new CaError(code, 'No.'));

  it('is taken where nothing names it, and one of that name elsewhere is another', async () => {
    expect(await made(isThere)).toBe(begun);
    const elsewhere = { auditKey: async () => ({ vault: 'hsm', vaultKey: begun }) };
    expect(await made(isThere, elsewhere)).toBe(begun);
  });

  it.each([
    ['an authority', { authorities: async () => [{ vault: 'file', vaultKey: begun }] }],
    ['a generation', { generations: async () => [generation, { ...generation, vaultKey: begun }] }],
    [
      'an OCSP responder',
      { generations: async () => [{ ...generation, responder: { vault: 'file', vaultKey: begun } }] },
    ],
    ['the audit log', { auditKey: async () => ({ vault: 'file', vaultKey: begun }) }],
  ])('is not taken where %s has it', async (_whose, named) => {
    expect(await made(isThere, named)).toMatch(/^audit\.(?!0badcafe)[0-9a-f]{8}$/);
  });

  it.each(['notFound', 'policyRefused'] as const)('is not taken where the vault says %s', async (code) => {
    expect(await made(rejecting(code))).not.toBe(begun);
  });

  it('of another type is not taken', async () => {
    expect(await made(async () => ({ name: begun, type: 'rsa-4096' }))).not.toBe(begun);
  });

  it('is not given up for another while its vault is away', async () => {
    expect(await codeOf(made(rejecting('signerUnavailable')))).toBe('signerUnavailable');
  });
});
