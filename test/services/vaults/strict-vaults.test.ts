/** A vault that makes and removes no keys for the service: an authority in it rotates to its end all the same. */
import { expect, it, onTestFinished } from 'vitest';
import { systemRandomness } from '../../../src/adapters/system-randomness.ts';
import { openFileVault } from '../../../src/adapters/vault-file/vault-file.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService } from '../../support/service-builder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const denied = () => Promise.reject(new CaError('signerUnavailable', 'The vault strict refuses that.'));

/** A vault of its own keys, which only its owner makes and removes. */
async function strictVault() {
  const directory = `${temporaryFolder().path}/vault`;
  const keys = await openFileVault({ directory, passphrase: 'of the owner', randomness: systemRandomness });
  const destroyKey = async (name: string) => (await keys.key(name)) && denied();
  return { owner: keys, vault: changedVault(keys, { name: 'strict', createKey: denied, destroyKey }) };
}

it('keeps the key of its last responder in the home, and names the key that its owner has to remove', async () => {
  const { owner, vault } = await strictVault();
  for (const name of ['first', 'second']) await owner.createKey(name, 'ec-p256');
  const service = await firstRunService({ home: temporaryFolder().path, furtherVaults: [vault] });
  onTestFinished(() => service.close());
  const { services } = service;
  const step = () => services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill, and nobody is there' });
  const rotateTo = async (key: string): Promise<void> => {
    await services.startRotation(admin, 'dev-issuing', { vault: 'strict', key });
    await step();
    await service.housekeep();
    for (const _ of ['issuing', 'retiring']) await step();
  };
  await rotateTo('first');
  await step();
  const csrDer = makeKeyRequest().csrDer;
  const submitted = await services.submitRequest(await demoToken(service), { csrDer });
  if (submitted.kind !== 'certificate') throw new Error('no certificate came');
  await rotateTo('second');
  const refused = (await rejectionOf(step())) as CaError;
  expect([refused.code, refused.message]).toEqual([
    'signerUnavailable',
    expect.stringMatching(/key first .*strict.*Remove/),
  ]);
  expect((await rejectionOf(step())) as CaError).toMatchObject({ code: 'signerUnavailable' });
  await owner.destroyKey('first');
  expect((await step()).oldKeyDestroyedAt).not.toBeNull();
  // One for each of the two generations that were retired, however often their ends were asked for.
  const made = (await service.vault.listKeys()).filter(({ name }) => name.startsWith('dev-issuing.ocsp.'));
  expect(made).toHaveLength(2);

  const responders = (await service.inventory.generations()).map(({ number, responder }) => [number, responder?.vault]);
  expect(responders).toContainEqual([2, 'file']);
  const { subject, spkiDer } = parseCertificate(submitted.view.chainDer[0]!);
  const asked = encodeOcspRequest([
    encodeCertId({ subjectDer: subject.der, key: { spkiDer } }, submitted.view.record.serial),
  ]);
  expect((await services.answerOcsp('dev-issuing.2', asked)).successful).toBe(true);
});

it('may be gone from the settings once what was in it is retired', async () => {
  const home = temporaryFolder().path;
  const { owner, vault } = await strictVault();
  await owner.createKey('first', 'ec-p256');
  const first = await firstRunService({ home, furtherVaults: [vault] });
  const rotate = async (wanted: { vault: string; key?: string }): Promise<void> => {
    await first.services.startRotation(admin, 'dev-issuing', wanted);
    for (const _ of ['trusted', 'issuing', 'retiring']) {
      await first.housekeep();
      await first.services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill, and nobody is there' });
    }
    if (wanted.vault === 'file') await owner.destroyKey('first');
    await first.services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill, and nobody is there' });
  };
  await rotate({ vault: 'strict', key: 'first' });
  const csrDer = makeKeyRequest().csrDer;
  await first.services.submitRequest(await demoToken(first), { csrDer });
  await rotate({ vault: 'file' });
  await first.close();
  const service = await openService({ home });
  onTestFinished(() => service.close());
  await service.housekeep();
  const kept = (await service.services.listAuthorities()).map(({ id }) => id);
  expect(kept).toEqual(expect.arrayContaining(['dev-issuing.2', 'dev-issuing.3']));
  expect((await service.services.crl('dev-issuing.2')).der.length).toBeGreaterThan(0);
});

it('keeps nothing from starting with an environment that it could not be given, which another vault can be', async () => {
  const home = temporaryFolder().path;
  const { vault } = await strictVault();
  const first = await firstRunService({ home, furtherVaults: [vault] });
  const wanted = { name: 'prod', hierarchy: 'two-tier' } as const;
  expect(await codeOf(first.services.createEnvironment(admin, { ...wanted, vault: 'strict' }))).toBe(
    'signerUnavailable',
  );
  await first.close();
  const service = await openService({ home });
  onTestFinished(() => service.close());
  expect(await service.ensureFirstRun()).toBe(false);
  const { authorities } = await service.services.createEnvironment(admin, { ...wanted, vault: 'file' });
  expect(authorities.map(({ certificateSerial }) => certificateSerial)).not.toContain(null);
});

it('is left behind by a compromise, with whatever is in it out of reach', async () => {
  const { owner, vault } = await strictVault();
  await owner.createKey('first', 'ec-p256');
  let isStolen = false;
  const gone = changedVault(vault, {
    signer: async (name, algorithm) => {
      const signer = await vault.signer(name, algorithm);
      return { ...signer, sign: (tbs) => (isStolen ? denied() : signer.sign(tbs)) };
    },
  });
  const service = await firstRunService({ home: temporaryFolder().path, furtherVaults: [gone] });
  onTestFinished(() => service.close());
  const { services } = service;
  await services.startRotation(admin, 'dev-issuing', { vault: 'strict', key: 'first' });
  for (const _ of ['trusted', 'issuing', 'retiring', 'retired']) {
    await service.housekeep();
    await services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill, and nobody is there' });
  }
  isStolen = true;
  const given = { reason: 'the device was stolen' };
  const nowhere = services.declareCompromise(admin, 'dev-issuing', { ...given, vault: 'nowhere' });
  expect(await codeOf(nowhere)).toBe('notFound');
  const { replaced } = await services.declareCompromise(admin, 'dev-issuing', { ...given, vault: 'file' });
  expect(replaced).toEqual([{ from: 'dev-issuing.2', to: 'dev-issuing.3' }]);
  const csrDer = makeKeyRequest().csrDer;
  const submitted = await services.submitRequest(await demoToken(service), { csrDer });
  expect(submitted).toMatchObject({ kind: 'certificate', view: { issuer: 'dev-issuing.3' } });
});

it('is left behind by a compromise, too, with a key that was made there for a rotation', async () => {
  const { owner, vault } = await strictVault();
  await owner.createKey('next', 'ec-p256');
  const service = await firstRunService({ home: temporaryFolder().path, furtherVaults: [vault] });
  onTestFinished(() => service.close());
  const { services } = service;
  await services.startRotation(admin, 'dev-issuing', { vault: 'strict', key: 'next' });
  const given = { reason: 'the device was stolen', vault: 'file' };
  const replaced = [{ from: 'dev-issuing', to: 'dev-issuing.3' }];
  expect(await services.planCompromise('dev-issuing', given)).toMatchObject({ replaced });
  expect(await services.declareCompromise(admin, 'dev-issuing', given)).toMatchObject({ replaced });
  expect((await services.authority('dev-issuing')).authority).toMatchObject({ vault: 'file', generation: 3 });
});
