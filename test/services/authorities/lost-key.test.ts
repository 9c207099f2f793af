/** A vault that does not hold a key any more: everything else goes on, and the authority can be replaced. */
import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { copyDatabase, readCopy } from '../../../src/adapters/inventory-sqlite/copies/copy-database.ts';
import { CaError } from '../../../src/domain/errors.ts';
import type { SignatureAlgorithm } from '../../../src/domain/x509/signature-algorithm.ts';
import type { Signer, Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
afterEach(() => service.close());

const issue = async (): Promise<string> => {
  const submitted = await service.services.submitRequest(await demoToken(service), {
    csrDer: makeKeyRequest().csrDer,
  });
  return submitted.kind === 'certificate' ? submitted.view.issuer : submitted.kind;
};

const unready = async (): Promise<string[]> =>
  (await service.services.readiness()).filter(({ ready }) => !ready).map(({ name }) => name);

/** The service of a home whose file of the key of dev-issuing is somewhere else. */
async function withoutKey(home: string): Promise<{ putBack: () => void }> {
  service = await firstRunService({ home });
  await service.close();
  const file = readdirSync(join(home, 'vault')).find((name) => name.startsWith('dev-issuing')) ?? '';
  const away = join(home, file);
  renameSync(join(home, 'vault', file), away);
  service = await openService({ home });
  await service.ensureFirstRun();
  return { putBack: () => renameSync(away, join(home, 'vault', file)) };
}

it('an authority without its key issues nothing, and keeps nobody else from going on', async () => {
  await withoutKey(folder('lost'));
  await service.housekeep();
  const recorded = () =>
    service.inventory.searchCertificates({ authority: 'dev-issuing', sort: 'requestedAt', limit: 100, now: 0 });
  const before = await recorded();
  await expect(issue()).rejects.toMatchObject({
    code: 'signerUnavailable',
    message: expect.stringContaining('`authority compromise dev-issuing`'),
  });
  // Not even a serial: what cannot be signed is not begun.
  expect(await recorded()).toEqual(before);
  expect(await unready()).toEqual(['vault', 'crls']);
  expect((await service.services.crl('dev-root')).der.length).toBeGreaterThan(100);
  const names = (await service.services.listAuthorities()).map(({ id }) => id);
  expect(names).toEqual(expect.arrayContaining(['system', 'dev-root', 'dev-issuing']));
});

it('an authority without its key has no list where it never had one, and the others have theirs', async () => {
  await withoutKey(folder('unlisted'));
  await service.housekeep();
  expect(await codeOf(service.services.crl('dev-issuing'))).toBe('signerUnavailable');
  expect(await service.services.latestCrl('dev-issuing')).toBeUndefined();
  expect(await service.services.latestCrl('dev-root')).toEqual(await service.services.crl('dev-root'));
  expect(await codeOf(service.services.latestCrl('nobody'))).toBe('notFound');
});

it('an authority without its key is replaced by a compromise, and the service is ready again', async () => {
  await withoutKey(folder('replaced'));
  await service.services.declareCompromise(admin, 'dev-issuing', { reason: 'the key was lost' });
  service.pass(2);
  await service.housekeep();
  expect(await issue()).toBe('dev-issuing.2');
  expect(await unready()).toEqual([]);
});

it('once an authority without its key was replaced, backups can be made again', async () => {
  const home = folder('backed-up');
  await withoutKey(home);
  const without = async (): Promise<string[]> => {
    const copy = join(home, `copy-${randomUUID()}.db`);
    await copyDatabase(join(home, 'privyseal.db'), copy, () => {});
    const keys = (await service.vault.listKeys()).map(({ name }) => name);
    const { authorities } = readCopy(copy);
    expect(authorities.map(({ name }) => name)).toContain('dev-issuing');
    return authorities
      .filter(({ vaultKey, isKeyNeeded }) => isKeyNeeded && !keys.includes(vaultKey))
      .map(({ name }) => name);
  };
  expect(await without()).toEqual(['dev-issuing']);
  await service.services.declareCompromise(admin, 'dev-issuing', { reason: 'the key was lost' });
  expect(await without()).toEqual([]);
});

it.each<[string, (vault: Vault, algorithm: SignatureAlgorithm) => Promise<Signer>]>([
  ['whose key was exchanged', (vault, algorithm) => vault.signer('exchanged', algorithm)],
  ['whose key its vault refuses', () => Promise.reject(new CaError('policyRefused', 'This key is of no use.'))],
])('an authority %s keeps nobody else from going on, and is replaced by a compromise', async (what, signerInstead) => {
  const home = folder(what);
  const first = await firstRunService({ home });
  const { vaultKey } = (await first.services.authority('dev-issuing')).authority;
  await first.vault.createKey('exchanged', 'ec-p256');
  await first.close();
  const wrapVault = (vault: Vault): Vault =>
    changedVault(vault, {
      signer: (name, algorithm) =>
        name === vaultKey ? signerInstead(vault, algorithm) : vault.signer(name, algorithm),
    });
  service = await openService({ home, wrapVault });
  await service.ensureFirstRun();
  await service.housekeep();
  expect(await codeOf(issue())).toBe('signerUnavailable');
  expect(await unready()).toContain('vault');
  expect((await service.services.crl('dev-root')).der.length).toBeGreaterThan(100);
  await service.services.declareCompromise(admin, 'dev-issuing', { reason: 'the key was exchanged' });
  expect(await issue()).toBe('dev-issuing.2');
});

it('without the key of the next generation, nobody is told to replace the one that works', async () => {
  const home = folder('next');
  service = await firstRunService({ home });
  await service.services.startRotation(admin, 'dev-issuing', {});
  const coming = (await service.inventory.generations()).find(({ phase }) => phase === 'coming');
  await service.close();
  renameSync(join(home, 'vault', `${coming?.vaultKey}.key.json`), join(home, 'away'));
  service = await openService({ home });
  await service.ensureFirstRun();
  await service.housekeep();
  const said = (await service.services.readiness()).map((part) => ('reason' in part ? part.reason : '')).join();
  expect(said).toContain('`authority rotate abandon dev-issuing`');
  expect(said).not.toContain('authority compromise');
  await service.services.abandonRotation(admin, 'dev-issuing');
  service.pass(2);
  await service.housekeep();
  expect(await unready()).toEqual([]);
});

it('nobody without the key of system is told to replace it, which takes a service', async () => {
  const home = folder('system');
  await (await firstRunService({ home })).close();
  const file = readdirSync(join(home, 'vault')).find((name) => name.startsWith('system')) ?? '';
  renameSync(join(home, 'vault', file), join(home, file));
  service = await openService({ home });
  const put = 'the key of system. Put it back from a backup of the vault and start again.';
  const told = expect.stringContaining(
    `${put} The service has its own TLS certificate from system, whose key this is.`,
  );
  await expect(service.issueServerCertificate()).rejects.toMatchObject({ code: 'signerUnavailable', message: told });
});

it('a key that was put back is used from the next start on', async () => {
  const home = folder('put-back');
  const { putBack } = await withoutKey(home);
  await service.close();
  putBack();
  service = await openService({ home });
  await service.ensureFirstRun();
  expect(await issue()).toBe('dev-issuing');
});
