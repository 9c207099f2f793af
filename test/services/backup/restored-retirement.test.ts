/** A backup in which a generation had retired: its last list is final, so a restore says what no list can tell it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('home') });
});
afterAll(() => service.close());

const issue = async (): Promise<string> => {
  const { csrDer } = makeKeyRequest();
  const submitted = await service.services.submitRequest(await demoToken(service), { csrDer });
  if (submitted.kind !== 'certificate') throw new Error('no certificate came');
  return submitted.view.record.serial;
};

const unlisted = async () => {
  const plan = { manifest: backupManifest(), lists: { newest: [], others: [] }, withoutCrl: [], keepTokens: true };
  return (await restoreInventory({ ...service, now: service.clock.now(), version: '0.1.0' }, plan)).unlisted;
};

it('names the generations that had retired, as long as certificates of theirs are good or on hold', async () => {
  const [first, second] = [await issue(), await issue()];
  expect(await unlisted()).toEqual([]);
  const advance = () => service.services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill' });
  await service.services.startRotation(admin, 'dev-issuing', {});
  await service.housekeep();
  for (const state of ['trusted', 'issuing', 'retiring', 'retired'])
    expect((await advance()).rotation.state).toBe(state);
  await issue();

  expect(await unlisted()).toEqual([{ authority: 'dev-issuing', good: 2 }]);
  await service.services.revokeCertificate(admin, first, { reason: 'superseded' });
  await service.services.revokeCertificate(admin, second, { reason: 'certificateHold' });
  expect(await unlisted()).toEqual([{ authority: 'dev-issuing', good: 1 }]);
  await service.services.revokeCertificate(admin, second, { reason: 'superseded' });
  expect(await unlisted()).toEqual([]);
});
