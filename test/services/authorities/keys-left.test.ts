/** A vault that lets only its own operators remove keys: status names what is left there, until it is gone and recorded as that. */
import { afterEach, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
let service: TestService;
/** The one that only its own operators remove, or all. */
let kept: string | undefined;
afterEach(() => service.close());

async function open(): Promise<void> {
  kept = 'all';
  const wrapVault = (vault: Vault): Vault =>
    changedVault(vault, {
      async destroyKey(name) {
        if (kept === 'all' || kept === name) throw new CaError('signerUnavailable', 'The policy does not allow this.');
        await vault.destroyKey(name);
      },
    });
  service = await firstRunService({ home: newHome(), wrapVault });
}

const start = () => service.services.startRotation(admin, 'dev-issuing', {});
const reminders = async (): Promise<string> => (await service.services.status()).reminders.join('\n');

async function advance(): Promise<void> {
  await service.housekeep();
  await service.services.advanceRotation(admin, 'dev-issuing', { reason: 'nobody is there' });
}

async function retire(): Promise<void> {
  for (let state = ''; state !== 'retiring'; ) {
    await advance();
    state = (await service.services.readRotation('dev-issuing')).rotation.state;
  }
  await advance();
}

it('the key of a retired generation is named until it is destroyed', async () => {
  await open();
  await start();
  expect(await rejectionOf(retire())).toMatchObject({
    code: 'signerUnavailable',
    message: expect.stringMatching(
      /^dev-issuing is retired; what is left is to be completed\. The key .* could not be/,
    ),
  });
  expect(await reminders()).toMatch(/key dev-issuing\.\w+ of dev-issuing is still in the vault file.*remove it there/);
  kept = undefined;
  await advance();
  expect(await reminders()).toBe('');
});

it('the key of a generation that was given up is named, and destroyed when the rotation after it ends', async () => {
  await open();
  await start();
  expect(await codeOf(service.services.abandonRotation(admin, 'dev-issuing'))).toBe('signerUnavailable');
  await start();
  expect(await reminders()).toMatch(/of dev-issuing\.2 is still in the vault file, although it is given up/);
  kept = undefined;
  await retire();
  expect(await reminders()).toBe('');
});

it('the key of a generation that was given up is destroyed without another rotation, too', async () => {
  await open();
  await start();
  expect(await rejectionOf(service.services.abandonRotation(admin, 'dev-issuing'))).toMatchObject({
    code: 'signerUnavailable',
    message: expect.stringMatching(/^The rotation of dev-issuing is abandoned\. The key .* could not be destroyed: /),
  });
  kept = undefined;
  await advance();
  expect(await reminders()).toBe('');
  // There is nothing more to do.
  expect(await codeOf(advance())).toBe('conflict');
});

it('whoever is to remove the key of a retired generation is not told to while its last list is not signed', async () => {
  await open();
  await start();
  const wasHeld = service.vault.key;
  for (const _step of ['trusted', 'issuing', 'retiring']) await advance();
  service.vault.key = () => Promise.reject(new CaError('signerUnavailable', 'The vault is away.'));
  expect(await codeOf(advance())).toBe('signerUnavailable');
  service.vault.key = wasHeld;
  expect(await reminders()).toContain('signs its last list and removes it');
  expect(await reminders()).not.toContain('remove it there');
});

it('one that has to stay does not keep the others', async () => {
  await open();
  for (let rotations = 0; rotations < 3; rotations += 1) {
    await start();
    expect(await codeOf(service.services.abandonRotation(admin, 'dev-issuing'))).toBe('signerUnavailable');
  }
  const left = (await service.inventory.generations()).filter(({ phase }) => phase === 'abandoned');
  kept = left[1]!.vaultKey;
  expect(await rejectionOf(advance())).toMatchObject({ message: expect.stringContaining(kept) });
  expect((await reminders()).match(/The key dev-issuing\.\w+/g)).toEqual([`The key ${kept}`]);
});
