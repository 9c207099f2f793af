/** A backup from before a rotation, and lists from after it: the key that is lost is named, and its number is not given to another. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chooseNewestLists, type GivenList } from '../../../src/services/backup/newest-lists.ts';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
let lost: string;
beforeEach(async ({ task }) => {
  lost = folder(`lost ${task.name}`);
  service = await firstRunService({ home: lost });
});
afterEach(() => service.close());

async function issue(): Promise<string> {
  const { csrDer } = makeKeyRequest();
  const submitted = await service.services.submitRequest(await demoToken(service), { csrDer });
  return submitted.kind === 'certificate' ? submitted.view.record.serial : submitted.kind;
}

const list = async (id: string, file = `mirror/${id}.crl`): Promise<GivenList> => ({
  file,
  content: (await service.services.crl(id)).der,
});

/** As the home is now, in a folder of its own. */
async function copied(name: string): Promise<string> {
  const to = folder(name);
  await service.close();
  for (const each of ['', 'vault']) mkdirSync(join(to, each), { mode: 0o700 });
  cpSync(lost, to, { recursive: true });
  service = await openService({ home: lost });
  return to;
}

async function restored(home: string, given: readonly GivenList[]) {
  await service.close();
  service = await openService({ home });
  service.pass(100_000);
  // Asks for nothing: every list given is one of those that the manifest does not name.
  const manifest = backupManifest({ authorities: [] });
  const lists = chooseNewestLists(manifest, { given, withoutCrl: [] });
  const plan = { manifest, lists, withoutCrl: [], keepTokens: true };
  return restoreInventory({ ...service, now: service.clock.now(), version: '0.1.0' }, plan);
}

const advance = async (...states: readonly string[]): Promise<void> => {
  for (const state of states) {
    const { rotation } = await service.services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill' });
    expect(rotation.state).toBe(state);
  }
};

it('gives the number of a generation that lists tell of to no other, also after another restore', async () => {
  await service.housekeep();
  const before = await copied('before');
  await service.services.startRotation(admin, 'dev-issuing', {});
  await service.housekeep();
  await advance('trusted', 'issuing');
  const [second, own] = [await list('dev-issuing.2'), await list('dev-issuing')];

  const report = await restored(before, [own, second, { ...second, file: 'again.crl' }]);
  expect(report.lists.map(({ authority }) => authority)).toEqual(['dev-issuing']);
  expect(report.later).toEqual([{ authority: 'dev-issuing', upTo: 2, files: [second.file, 'again.crl'] }]);
  const said = (await service.inventory.auditEvents(0, 10_000)).find(({ kind }) => kind === 'service.restored');
  expect(said?.details).toMatchObject({ laterKeys: 'dev-issuing:2' });
  expect((await service.services.planRotation('dev-issuing', {})).to).toBe('dev-issuing.3');
  expect((await service.services.startRotation(admin, 'dev-issuing', {})).to).toBe('dev-issuing.3');
  expect((await service.services.planRotation('dev-root', {})).to).toBe('dev-root.2');
});

it('says the number that is next, and not the lost one, when a compromise is declared', async () => {
  await service.housekeep();
  const before = await copied('compromised');
  await service.services.startRotation(admin, 'dev-issuing', {});
  await service.housekeep();
  await restored(before, [await list('dev-issuing.2')]);
  const reason = 'the key was found in a log';
  const replaced = [{ from: 'dev-issuing', to: 'dev-issuing.3' }];
  expect(await service.services.planCompromise('dev-issuing', {})).toMatchObject({ replaced });
  expect(await service.services.declareCompromise(admin, 'dev-issuing', { reason })).toMatchObject({ replaced });
  expect((await service.directory.get('dev-issuing')).id).toBe('dev-issuing.3');
});

it('believes the name of a list that rotations came before it, up to what may be', async () => {
  const before = await copied('named');
  await service.services.startRotation(admin, 'dev-issuing', {});
  await service.housekeep();
  const files = ['dev-issuing.4.crl', 'dev-issuing.3.pem', 'dev-issuing.999999.crl', 'dev-root.9.crl'];
  const given = await Promise.all(files.map((file) => list('dev-issuing.2', `/srv/a.77.crl/${file}`)));
  expect((await restored(before, given)).later).toMatchObject([{ authority: 'dev-issuing', upTo: 4 }]);
});

it('counts the keys of each authority for itself, however many another one had', async () => {
  await service.services.startRotation(admin, 'dev-issuing', {});
  await service.services.abandonRotation(admin, 'dev-issuing');
  const before = await copied('counted');
  for (const name of ['dev-root', 'dev-issuing']) await service.services.startRotation(admin, name, {});
  await service.housekeep();
  const given = [await list('dev-root.2', 'root.crl'), await list('dev-issuing.3', 'issuing.crl')];
  expect((await restored(before, given)).later).toEqual([
    { authority: 'dev-root', upTo: 2, files: ['root.crl'] },
    { authority: 'dev-issuing', upTo: 3, files: ['issuing.crl'] },
  ]);
});

it('takes what a retired generation lists besides what the backup knows, and nothing of an older list', async () => {
  const serial = await issue();
  await service.services.startRotation(admin, 'dev-issuing', {});
  await service.housekeep();
  await advance('trusted', 'issuing', 'retiring');
  const [before, older] = [await copied('retiring'), await list('dev-issuing')];
  service.pass(60);
  await service.services.revokeCertificate(admin, serial, { reason: 'superseded' });
  await advance('retired');
  const last = await list('dev-issuing');

  expect((await restored(before, [last, older])).lists).toMatchObject([{ authority: 'dev-issuing', revoked: 1 }]);
  expect((await service.inventory.certificate(serial))?.revocation?.reason).toBe('superseded');
  const again = await restored(before, [older]);
  expect([again.lists, again.later, again.aside]).toEqual([[], [], []]);
});
