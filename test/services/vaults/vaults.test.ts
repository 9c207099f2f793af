/** Vaults as operators see them: which there are, and what a check of their keys finds. */
import { expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, openService } from '../../support/service-builder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

type Sign = (name: string, sign: () => Promise<Uint8Array>, tbs: Uint8Array) => Promise<Uint8Array>;

/** The services after a first run; from then on `sign` decides what each key's signatures are. */
async function withSigning(sign: Sign = (_name, really) => really()) {
  let inForce: Sign = (_name, really) => really();
  const wrapVault = (vault: Vault): Vault =>
    changedVault(vault, {
      async signer(name, algorithm) {
        const signer = await vault.signer(name, algorithm);
        return { ...signer, sign: (tbs) => inForce(name, () => signer.sign(tbs), tbs) };
      },
    });
  const service = await openService({ home: temporaryFolder().path, wrapVault });
  onTestFinished(() => service.close());
  await service.ensureFirstRun();
  inForce = sign;
  return service;
}

const newest = async ({ inventory }: Awaited<ReturnType<typeof withSigning>>) => {
  const { newest: last } = (await inventory.auditEnds())!;
  return (await inventory.auditEvents(last.seq - 1, 1))[0];
};

it('lists the vaults with the authorities whose keys they hold', async () => {
  const { services } = await withSigning();
  expect(await services.listVaults()).toEqual([
    {
      ...{ name: 'file', configured: true, fault: null, takesNewAuthorities: true },
      authorities: ['dev-issuing', 'dev-root', 'system'],
    },
  ]);
});

/** Beside that of the home; holds no key, and is away while `isAway` says so. */
async function withVaultBeside(isAway: () => boolean, problem: () => string | undefined = () => undefined) {
  const sealed = new CaError('signerUnavailable', 'The vault bao cannot do this now: it is sealed; unseal it.');
  const bao: Vault = {
    ...{ name: 'bao', problem, close: async () => undefined },
    listKeys: async () => (isAway() ? Promise.reject(sealed) : []),
    createKey: () => Promise.reject(sealed),
    key: () => Promise.reject(sealed),
    signer: () => Promise.reject(sealed),
    destroyKey: () => Promise.reject(sealed),
  };
  const service = await openService({ home: temporaryFolder().path, furtherVaults: [bao] });
  onTestFinished(() => service.close());
  await service.ensureFirstRun();
  return { service, fault: { code: sealed.code, message: sealed.message } };
}

const listed = async ({ services }: Awaited<ReturnType<typeof withSigning>>, wanted: string) =>
  (await services.listVaults()).find(({ name }) => name === wanted);

it('says of a vault that is away what is wrong, though nobody has signed with it since', async () => {
  let isAway = true;
  const { service, fault } = await withVaultBeside(() => isAway);
  expect(await listed(service, 'bao')).toMatchObject({ configured: true, authorities: [], fault });
  expect(await listed(service, 'file')).toMatchObject({ fault: null });
  isAway = false;
  expect(await listed(service, 'bao')).toMatchObject({ fault: null });
});

it('says what a vault that answers knows against itself', async () => {
  const { service } = await withVaultBeside(
    () => false,
    () => 'its policy does not allow this',
  );
  expect(await listed(service, 'bao')).toMatchObject({
    fault: { code: 'signerUnavailable', message: 'The vault bao does not sign: its policy does not allow this.' },
  });
});

it('says of an environment whose vault is away that it was begun, and how it is completed', async () => {
  const { service, fault } = await withVaultBeside(() => true);
  const adding = service.services.createEnvironment(admin, { name: 'prod', hierarchy: 'two-tier', vault: 'bao' });
  const begun = 'The environment prod was begun, and is completed by adding it again, or by the next start.';
  expect(await rejectionOf(adding)).toMatchObject({ code: fault.code, message: `${fault.message} ${begun}` });
  expect(await service.services.readEnvironment('prod')).toMatchObject({ authorities: [] });
});

it('names a key that a vault lost', async () => {
  const service = await withSigning();
  const { name } = (await service.vault.listKeys()).find((key) => key.name.startsWith('dev-root'))!;
  await service.vault.destroyKey(name);
  expect(await listed(service, 'file')).toMatchObject({
    fault: { code: 'notFound', message: `The vault file does not hold ${name}, the key of dev-root.` },
  });
});

it('finds a vault away that holds no key of an authority, and audits that', async () => {
  const { service, fault } = await withVaultBeside(() => true);
  expect(await service.services.checkVault(admin, 'bao')).toMatchObject({ name: 'bao', keys: [], fault });
  expect(await newest(service)).toMatchObject({ code: 'signerUnavailable', details: { keys: 0, failed: 0 } });
});

it('verifies a probe of every authority, measures it, and audits the check', async () => {
  const service = await withSigning();
  const { name, keys } = await service.services.checkVault(admin, 'file');
  expect([name, keys.map(({ authority }) => authority)]).toEqual(['file', ['dev-issuing', 'dev-root', 'system']]);
  for (const key of keys) expect(key).toMatchObject({ fault: null, keyType: 'ec-p256', latencyMs: expect.any(Number) });
  expect(await newest(service)).toMatchObject({
    kind: 'vault.checked',
    actor: 'operator:admin',
    object: 'vault:file',
    details: { keys: 3, failed: 0 },
  });
});

it('checks the key of a coming generation beside the one in force', async () => {
  const service = await withSigning();
  await service.services.startRotation(admin, 'dev-issuing', {});
  const { keys } = await service.services.checkVault(admin, 'file');
  const checked = keys.filter(({ authority }) => authority === 'dev-issuing');
  expect(checked.map(({ generation, fault }) => [generation, fault])).toEqual([
    [1, null],
    [2, null],
  ]);
});

it('signs nothing that could be taken for a certificate, a list or an answer', async () => {
  const signed: Uint8Array[] = [];
  const service = await withSigning((_name, sign, tbs) => {
    signed.push(tbs);
    return sign();
  });
  await service.services.checkVault(admin, 'file');
  expect(signed.length).toBeGreaterThan(0);
  // Everything that an authority signs begins with the tag of a SEQUENCE, 0x30.
  expect(signed.filter(([first]) => first === 0x30)).toEqual([]);
});

it('names each key that does not sign, and goes on with the others', async () => {
  const service = await withSigning((name, sign) =>
    name.startsWith('dev-root') ? Promise.reject(new CaError('signerUnavailable', 'The token is gone.')) : sign(),
  );
  const { keys } = await service.services.checkVault(admin, 'file');
  expect(keys.map(({ authority, fault }) => [authority, fault])).toEqual([
    ['dev-issuing', null],
    ['dev-root', { code: 'signerUnavailable', message: 'The token is gone.' }],
    ['system', null],
  ]);
  expect(await newest(service)).toMatchObject({ code: 'signerUnavailable', details: { keys: 3, failed: 1 } });
});

it('finds a signature that does not verify', async () => {
  const service = await withSigning(async (name, sign) => {
    const signature = await sign();
    if (name.startsWith('system')) signature[signature.length - 1]! ^= 1;
    return signature;
  });
  const { keys } = await service.services.checkVault(admin, 'file');
  expect(keys.filter(({ fault }) => fault).map(({ authority, fault }) => [authority, fault?.code])).toEqual([
    ['system', 'signerUnavailable'],
  ]);
});

it('does not know a vault that nobody named', async () => {
  const { services } = await withSigning();
  expect(await codeOf(services.checkVault(admin, 'other'))).toBe('notFound');
});
