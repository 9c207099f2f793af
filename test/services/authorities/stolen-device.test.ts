/** A device with keys of authorities was stolen: they are replaced elsewhere, and the service goes on without its vault. */
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
  } finally {
    await service.close();
  }
});
