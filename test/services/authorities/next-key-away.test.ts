/** The key of the next generation does not sign: no step makes anybody rely on it, and the key before it is kept. */
import { afterEach, expect, it } from 'vitest';
import { systemRandomness } from '../../../src/adapters/system-randomness.ts';
import { openFileVault } from '../../../src/adapters/vault-file/vault-file.ts';
import { CaError } from '../../../src/domain/errors.ts';
import type { RotationState } from '../../../src/domain/records/authority-rotation.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
let service: TestService;
let isAway = false;
afterEach(() => service.close());

/** Another vault, named `hsm`, which signs nothing while it is away. */
async function device(directory: string): Promise<Vault> {
  const cost = { memoryKiB: 1024, passes: 1, parallelism: 1 };
  const vault = await openFileVault({ directory, passphrase: 'a test', randomness: systemRandomness, cost });
  return changedVault(vault, {
    name: 'hsm',
    async signer(name, algorithm) {
      const signer = await vault.signer(name, algorithm);
      const away = (): Promise<never> => Promise.reject(new CaError('signerUnavailable', 'The token is not there.'));
      return { ...signer, sign: (tbs) => (isAway ? away() : signer.sign(tbs)) };
    },
  });
}

const reason = 'only a test of what is forced';
const stateOf = async (name: string) => (await service.services.readRotation(name)).rotation.state;

/** The service while the rotation of an authority into the device has come so far. */
async function rotated(name: string, state: RotationState): Promise<void> {
  const home = newHome();
  isAway = false;
  service = await firstRunService({ home, furtherVaults: [await device(`${home}-hsm`)] });
  await issuer();
  await service.services.startRotation(admin, name, { vault: 'hsm' });
  while ((await stateOf(name)) !== state) {
    await service.housekeep();
    await service.services.advanceRotation(admin, name, { reason });
  }
}

async function issuer(): Promise<string> {
  const submitted = await service.services.submitRequest(await demoToken(service), {
    csrDer: makeKeyRequest().csrDer,
  });
  return submitted.kind === 'certificate' ? submitted.view.issuer : submitted.kind;
}

const advance = (name: string, input: { reason?: string } = {}) => service.services.advanceRotation(admin, name, input);

it('nothing is issued by a key that does not sign, until it does again', async () => {
  await rotated('dev-issuing', 'trusted');
  await service.housekeep();
  isAway = true;
  expect(await rejectionOf(advance('dev-issuing'))).toMatchObject({
    code: 'conflict',
    reasons: [
      expect.objectContaining({
        field: 'keySigns',
        message: expect.stringMatching(/dev-issuing\.2: its key does not sign: The token is not there\..*abandon/),
      }),
    ],
  });
  expect((await service.services.readRotation('dev-issuing')).obstacles).toMatchObject([{ condition: 'keySigns' }]);
  expect(await issuer()).toBe('dev-issuing');
  isAway = false;
  expect((await advance('dev-issuing')).rotation.state).toBe('issuing');
  expect(await issuer()).toBe('dev-issuing.2');
});

it.each(['dev-issuing', 'dev-root', 'system'])(
  'the old key of %s is not destroyed while the new one does not sign',
  async (name) => {
    await rotated(name, 'retiring');
    isAway = true;
    const refused = await rejectionOf(advance(name));
    expect(refused).toMatchObject({ code: 'conflict' });
    // The key before it is used no more: nothing is left to go back to.
    expect((refused as CaError).reasons).toContainEqual(
      expect.objectContaining({ field: 'keySigns', message: expect.stringContaining('replace the authority') }),
    );
    expect((await service.services.readRotation(name)).oldKeyDestroyedAt).toBe(null);
    isAway = false;
    await advance(name, { reason });
    expect((await service.services.readRotation(name)).oldKeyDestroyedAt).not.toBe(null);
  },
);

it('who forces such a step has it in the audit log', async () => {
  await rotated('dev-issuing', 'trusted');
  isAway = true;
  await advance('dev-issuing', { reason });
  const events = await service.inventory.auditEvents(0, 10_000);
  const last = events.findLast(({ kind }) => kind === 'authority.rotationAdvanced');
  expect(last?.details).toMatchObject({ to: 'issuing', reason, forced: expect.stringContaining('keySigns') });
});
