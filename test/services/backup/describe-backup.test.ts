/** What a backup says of its authorities: one without their keys is refused, and no list is asked of those that sign none any more. */
import { expect, it } from 'vitest';
import { describeBackup } from '../../../src/services/backup/describe-backup.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';

it('names every key that a backup would lack, and none of other vaults, or that nothing needs', () => {
  const authority = (name: string, vault = 'file') => ({
    ...{ name, vault, vaultKey: `${name}.1`, isKeyNeeded: true, isRetired: false },
    ...{ certificateDer: new Uint8Array(), crlNumber: null },
  });
  const authorities = [authority('system'), authority('dev-root'), authority('dev-issuing'), authority('prod', 'bao')];
  const compromised = { ...authority('lost'), isKeyNeeded: false };
  const facts = {
    schema: '0001',
    audit: { seq: 1, hash: '' },
    checkpoint: null,
    authorities: [...authorities, compromised],
  };
  const held = { name: 'vault/system.1.key.json', size: 1, sha256: '', content: async function* () {} };
  const surroundings = {
    ...{ version: '1', now: 0, crlUrl: () => null, vaults: ['bao'] },
    keyPart: (key: string) => `vault/${key}.key.json`,
  };
  expect(() => describeBackup(facts, [held], surroundings)).toThrow(
    expect.objectContaining({
      code: 'keyFileDamaged',
      message: expect.stringContaining(
        'no key of dev-root (vault/dev-root.1.key.json), dev-issuing (vault/dev-issuing.1.key.json), so',
      ),
    }),
  );
});

it('asks for the list of whoever may sign one: not of a retired one whose vault the settings name no more', () => {
  const certificateDer = makeTestHierarchy().root.der;
  const authority = (name: string, vault: string, isRetired: boolean) => ({
    ...{ name, vault, isRetired, isKeyNeeded: false },
    ...{ vaultKey: name, certificateDer, crlNumber: 1 },
  });
  const facts = {
    ...{ schema: '0001', audit: { seq: 1, hash: '' }, checkpoint: null },
    authorities: [
      authority('compromised', 'hsm', false),
      authority('retired', 'bao', true),
      authority('retired-here', 'file', true),
      authority('gone', 'hsm', true),
    ],
  };
  const surroundings = { version: '1', now: 0, crlUrl: () => null, vaults: ['bao'], keyPart: () => '' };
  const { authorities } = describeBackup(facts, [], surroundings);
  expect(authorities.map(({ name }) => name)).toEqual(['compromised', 'retired', 'retired-here']);
});
