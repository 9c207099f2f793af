/** A backup from before a compromise, and lists from after it: what was given up stays given up, and is given up to the end. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { BackupManifest } from '../../../src/domain/backup/manifest.ts';
import type { CaError } from '../../../src/domain/errors.ts';
import { chooseNewestLists } from '../../../src/services/backup/newest-lists.ts';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { buildCsr, commonName } from '../../support/csr-builder.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const reason = 'the key was found in a log';
let homes = 0;
let service: TestService;
afterEach(() => service.close());

const issue = async (): Promise<string> => {
  const { csrDer } = makeKeyRequest();
  const submitted = await service.services.submitRequest(await demoToken(service), { csrDer });
  return submitted.kind === 'certificate' ? submitted.view.issuer : submitted.kind;
};

async function manifestOf({ directory, inventory }: TestService): Promise<BackupManifest> {
  const newest = (await inventory.auditEvents(0, 10_000)).at(-1)!;
  const authorities = (await directory.generations()).map(({ id, facts }) => ({
    name: id,
    keyIdentifier: Buffer.from(facts.subjectKeyIdentifier).toString('hex'),
    crlNumber: null,
    crlUrl: null,
  }));
  return backupManifest({ authorities, audit: { seq: newest.seq, hash: newest.hash } });
}

interface Course {
  readonly before: () => Promise<unknown>;
  readonly after: () => Promise<unknown>;
  /** Of those that were in force after one another; the first if absent. */
  readonly generation?: number;
}

const straight: Course = { before: async () => {}, after: async () => {} };

/** The service of a backup from before `name` was declared compromised, restored with the lists from after it. */
async function restoredAfter(name: string, { before, after, generation }: Course = straight) {
  const [lost, kept] = [folder(`${name}-lost${++homes}`), folder(`${name}-kept${homes}`)];
  service = await firstRunService({ home: lost });
  await before();
  await service.housekeep();
  const manifest = await manifestOf(service);
  await service.close();
  for (const name of ['', 'vault']) mkdirSync(join(kept, name), { mode: 0o700 });
  cpSync(lost, kept, { recursive: true });

  service = await openService({ home: lost });
  service.pass(60);
  await after();
  await service.services.declareCompromise(admin, name, { reason, ...(generation !== undefined && { generation }) });
  const given = [];
  for (const { name: id } of manifest.authorities)
    given.push({ file: `${id}.crl`, content: (await service.services.crl(id)).der });
  await service.close();

  service = await openService({ home: kept });
  service.pass(120);
  const lists = chooseNewestLists(manifest, { given, withoutCrl: [] });
  const plan = { manifest, lists, withoutCrl: [], keepTokens: false };
  const report = await restoreInventory({ ...service, now: service.clock.now(), version: '0.1.0' }, plan);
  await service.close();
  service = await openService({ home: kept });
  service.pass(180);
  return report;
}

it('a root, and what it signed, issue nothing until the compromise is declared again', async () => {
  const { compromised } = await restoredAfter('dev-root');
  expect([...compromised].sort()).toEqual(['dev-issuing', 'dev-root']);
  const said = (await service.inventory.auditEvents(0, 10_000)).filter(({ kind }) => kind === 'authority.compromised');
  expect(said.map(({ object, details }) => [object, details?.generation]).sort()).toEqual([
    ['authority:dev-issuing', 'dev-issuing'],
    ['authority:dev-root', 'dev-root'],
  ]);
  expect(await codeOf(issue())).toBe('signerUnavailable');
  const { code, message } = (await rejectionOf(service.services.trustBundle('dev'))) as CaError;
  expect([code, message]).toEqual(['notFound', expect.stringContaining('the replacement of a compromised root')]);
  const stopped = 'dev-root is compromised and issues nothing until it is replaced: declare it again to go on';
  expect(await service.services.describeAuthority('dev-root')).toMatchObject({ stopped });

  await service.services.declareCompromise(admin, 'dev-root', { reason });
  expect(await issue()).toBe('dev-issuing.2');
});

it('`system` still lets in who is to replace it, also by a recovery', async () => {
  expect((await restoredAfter('system')).compromised).toEqual(['system']);
  expect((await service.issueServerCertificate()).issuer).toBe('system');
  expect((await service.recoverOperator('admin')).previousRole).toBe('admin');
  const csrDer = buildCsr({ key: makeSigningKey(), attributes: [], subject: commonName('carol') });
  const added = service.services.addOperator(admin, { name: 'carol', role: 'operator', csrDer });
  expect(await codeOf(added)).toBe('signerUnavailable');

  await service.services.declareCompromise(admin, 'system', { reason });
  expect((await service.issueServerCertificate()).issuer).toBe('system.2');
});

const rotateRoot: Course = {
  before: () => service.services.startRotation(admin, 'dev-root', {}),
  async after() {
    for (const state of ['trusted', 'issuing']) {
      const advanced = await service.services.advanceRotation(admin, 'dev-root', {
        reason: 'a drill, and nobody there',
      });
      expect(advanced.rotation.state).toBe(state);
    }
  },
};

it('a root that came into force after the backup, and was compromised then, comes into force no more', async () => {
  const stolen = (await restoredAfter('dev-root', rotateRoot)) && (await service.directory.generation('dev-root.2'));
  expect(await service.services.trustBundle('dev')).toHaveLength(1);
  const advance = service.services.advanceRotation(admin, 'dev-root', { reason: 'a drill, and nobody there' });
  expect(await codeOf(advance)).toBe('conflict');

  const declared = await service.services.declareCompromise(admin, 'dev-root', { reason });
  expect(declared.replaced.map(({ to }) => to)).toEqual(['dev-root.3', 'dev-issuing.2']);
  const inForce = await service.directory.get('dev-root');
  expect(inForce.facts.subjectKeyIdentifier).not.toEqual(stolen.facts.subjectKeyIdentifier);
  expect(await issue()).toBe('dev-issuing.2');
});

it('the rotation to one that was compromised after the backup is abandoned, and what is below goes on under the one before', async () => {
  const { compromised, compromisedComing } = await restoredAfter('dev-root', rotateRoot);
  expect([compromised, compromisedComing]).toEqual([['dev-issuing'], ['dev-root.2']]);
  expect(await codeOf(service.services.startRotation(admin, 'dev-root', {}))).toBe('conflict');
  const who = ['The key of dev-root.2 is compromised, and must not come into use: abandon the rotation.'];
  const { obstacles } = await service.services.readRotation('dev-root');
  expect(obstacles).toEqual([{ condition: 'certified', who }]);
  await service.services.abandonRotation(admin, 'dev-root');
  await service.services.declareCompromise(admin, 'dev-issuing', { reason });
  expect(await issue()).toBe('dev-issuing.2');
  const { replaced } = await service.services.planCompromise('dev-root', {});
  expect(replaced[0]).toEqual({ from: 'dev-root', to: 'dev-root.3' });
});

it('one that had followed a compromised one, and was compromised after the backup, is replaced without its number', async () => {
  const before = () => service.services.declareCompromise(admin, 'dev-issuing', { reason });
  const { compromised } = await restoredAfter('dev-issuing', { before, after: straight.after, generation: 2 });
  expect(compromised).toEqual(['dev-issuing.2']);
  const declared = await service.services.declareCompromise(admin, 'dev-issuing', { reason });
  expect(declared.replaced).toEqual([{ from: 'dev-issuing.2', to: 'dev-issuing.3' }]);
  expect(await issue()).toBe('dev-issuing.3');
  expect(await codeOf(service.services.declareCompromise(admin, 'dev-issuing', { reason }))).toBe('conflict');
});
