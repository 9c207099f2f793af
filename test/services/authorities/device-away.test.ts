/** A device with keys of authorities is away, or was stolen: they are replaced elsewhere, and the service goes on without its vault. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemRandomness } from '../../../src/adapters/system-randomness.ts';
import { openFileVault } from '../../../src/adapters/vault-file/vault-file.ts';
import { CaError } from '../../../src/domain/errors.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();

const unready = async ({ services }: TestService) => (await services.readiness()).filter(({ ready }) => !ready);

/** Another vault, named `hsm`, which signs nothing while `isAway` says so. */
async function device(directory: string, isAway: () => boolean): Promise<Vault> {
  const cost = { memoryKiB: 1024, passes: 1, parallelism: 1 };
  const vault = await openFileVault({ directory, passphrase: 'a test', randomness: systemRandomness, cost });
  const refusal = () => (isAway() ? new CaError('signerUnavailable', 'The token is not there.') : undefined);
  const orRefused = async <T>(act: () => Promise<T>): Promise<T> => {
    const refused = refusal();
    if (refused) throw refused;
    return act();
  };
  return changedVault(vault, {
    name: 'hsm',
    listKeys: () => orRefused(() => vault.listKeys()),
    async signer(name, algorithm) {
      const signer = await vault.signer(name, algorithm);
      return { ...signer, refusal, sign: (tbs) => orRefused(() => signer.sign(tbs)) };
    },
  });
}

/** The service of a home whose environment `prod` has its keys in a device, and was replaced once that was stolen. */
async function replaced(home: string): Promise<TestService> {
  let isAway = false;
  const hsm = await device(join(home, '../hsm'), () => isAway);
  const service = await firstRunService({ home, furtherVaults: [hsm] });
  await service.services.createEnvironment(admin, { name: 'prod', hierarchy: 'two-tier', vault: 'hsm' });
  await service.housekeep();
  isAway = true;
  const declared = { reason: 'the device was stolen', vault: 'file' };
  expect((await service.services.declareCompromise(admin, 'prod-root', declared)).unfinished).toEqual([]);
  return service;
}

it('the service starts without the vault of a device that was stolen, and is ready, once its authorities are replaced', async () => {
  const home = join(folder('replaced'), 'home');
  await (await replaced(home)).close();
  const service = await openService({ home });
  try {
    await service.ensureFirstRun();
    await service.housekeep();
    expect(await unready(service)).toEqual([]);
    expect((await service.services.crl('prod-root')).der.length).toBeGreaterThan(100);
    expect((await service.services.authority('prod-issuing')).id).toBe('prod-issuing.2');
  } finally {
    await service.close();
  }
});

it('the service is ready, too, when the rotations were ended while the device was away', async () => {
  const home = join(folder('retired'), 'home');
  const before = await replaced(home);
  const end = () => before.services.advanceRotation(admin, 'prod-issuing', { reason: 'the device does not come back' });
  expect(await codeOf(end())).toBe('signerUnavailable');
  expect((await before.services.readRotation('prod-issuing')).rotation.state).toBe('retired');
  await before.close();
  const service = await openService({ home });
  try {
    await service.ensureFirstRun();
    await service.housekeep();
    expect(await unready(service)).toEqual([]);
    expect((await service.services.crl('prod-issuing')).der.length).toBeGreaterThan(100);
    // Nor does it stand in the way of what is retired after it.
    await service.services.startRotation(admin, 'prod-issuing', {});
    for (const state of ['trusted', 'issuing', 'retiring', 'retired']) {
      service.pass(2);
      await service.housekeep();
      expect((await service.services.advanceRotation(admin, 'prod-issuing', {})).rotation.state).toBe(state);
    }
  } finally {
    await service.close();
  }
});

it('a key that was out of reach when its generation retired is destroyed when the next generation retires', async () => {
  const home = join(folder('left'), 'home');
  let isAway = false;
  const hsm = await device(join(home, '../hsm'), () => isAway);
  const service = await firstRunService({ home, furtherVaults: [hsm] });
  const advance = async () => (await service.services.advanceRotation(admin, 'prod-issuing', {})).rotation.state;
  const rotate = async (): Promise<void> => {
    await service.services.startRotation(admin, 'prod-issuing', { vault: 'file' });
    for (const state of ['trusted', 'issuing', 'retiring']) {
      service.pass(2);
      await service.housekeep();
      expect(await advance()).toBe(state);
    }
  };
  const left = async (): Promise<number[]> =>
    (await service.inventory.generations())
      .filter(({ authority, keyDestroyedAt }) => authority === 'prod-issuing' && keyDestroyedAt === null)
      .map(({ number }) => number);
  try {
    await service.services.createEnvironment(admin, { name: 'prod', hierarchy: 'two-tier', vault: 'hsm' });
    await rotate();
    isAway = true;
    expect(await codeOf(advance())).toBe('signerUnavailable');
    isAway = false;
    await rotate();
    expect(await left()).toEqual([1, 2, 3]);
    expect(await advance()).toBe('retired');
    expect(await left()).toEqual([3]);
    expect((await hsm.listKeys()).map(({ name }) => name.split('.').slice(0, -1).join('.'))).toEqual([
      'prod-issuing.ocsp',
      'prod-root',
    ]);
  } finally {
    await service.close();
  }
});

it('a compromise does not wait for the key of a rotation that its vault lost, but makes another', async () => {
  const service = await firstRunService({ home: join(folder('lost'), 'home') });
  try {
    await service.services.startRotation(admin, 'dev-issuing', {});
    const coming = (await service.inventory.generations()).find(({ phase }) => phase === 'coming')!;
    await service.vault.destroyKey(coming.vaultKey);
    service.directory.forget();
    const { replaced, unfinished } = await service.services.declareCompromise(admin, 'dev-root', {
      reason: 'the device was lost with all its keys',
    });
    expect(unfinished).toEqual([]);
    expect(replaced.map(({ to }) => to)).toEqual(['dev-root.2', 'dev-issuing.3']);
    expect((await service.directory.get('dev-issuing')).id).toBe('dev-issuing.3');
  } finally {
    await service.close();
  }
});
