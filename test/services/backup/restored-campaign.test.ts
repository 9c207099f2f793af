/** A backup from before operators put a campaign off: the restored service revokes nothing before they have looked at it. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const hour = 3600;
let service: TestService;
afterEach(() => service.close());

async function issue(): Promise<string> {
  const submitted = await service.services.submitRequest(await demoToken(service), {
    csrDer: makeKeyRequest().csrDer,
  });
  return submitted.kind === 'certificate' ? submitted.view.record.serial : submitted.kind;
}

const statusOf = async (id: string): Promise<string> => (await service.services.readCampaign(id)).campaign.status;

async function collecting(more: object): Promise<string> {
  const rotateBy = new Date(service.clock.now() + hour * 1000).toISOString();
  const order = { filter: { environment: 'dev' }, rotateBy, ...more };
  return (await service.services.startCampaign(admin, order)).campaign.id;
}

async function running(more: object): Promise<string> {
  const id = await collecting(more);
  await service.housekeep();
  expect(await statusOf(id)).toBe('running');
  return id;
}

const restore = () => {
  const plan = {
    ...{ manifest: backupManifest(), lists: { newest: [], others: [] } },
    ...{ withoutCrl: [], keepTokens: false },
  };
  return restoreInventory({ ...service, now: service.clock.now(), version: '0.1.0' }, plan);
};

it('pauses campaigns that revoke, and no others', async () => {
  const [lost, kept] = [folder('lost'), folder('kept')];
  service = await firstRunService({ home: lost });
  const serial = await issue();
  const revokeAt = new Date(service.clock.now() + 2 * hour * 1000).toISOString();
  const [revoking, other] = [await running({ revokeAt }), await running({})];
  await service.close();
  for (const name of ['', 'vault']) mkdirSync(join(kept, name), { mode: 0o700 });
  cpSync(lost, kept, { recursive: true });

  service = await openService({ home: kept });
  service.pass(3 * hour);
  const report = await restore();
  expect(report.paused).toEqual([revoking]);
  await service.housekeep();
  expect([await statusOf(revoking), await statusOf(other)]).toEqual(['paused', 'running']);
  expect((await service.inventory.certificate(serial))?.revocation).toBeNull();
  const paused = (await service.inventory.auditEvents(0, 10_000)).filter(({ kind }) => kind === 'campaign.paused');
  expect(paused.map(({ actor, object }) => [actor, object])).toEqual([['service', `campaign:${revoking}`]]);
});

it('pauses one of which the backup has a part of the members, once it has the others, and goes on with all of them', async () => {
  service = await firstRunService({ home: folder('collecting') });
  const serial = await issue();
  const revokeAt = new Date(service.clock.now() + 2 * hour * 1000).toISOString();
  const id = await collecting({ revokeAt });
  service.pass(1);
  await issue();
  service.pass(3 * hour);
  expect((await restore()).paused).toEqual([id]);
  await service.housekeep();
  expect(await statusOf(id)).toBe('paused');
  expect((await service.inventory.certificate(serial))?.revocation).toBeNull();

  const later = (hours: number) => new Date(service.clock.now() + hours * hour * 1000).toISOString();
  const resumed = await service.services.resumeCampaign(admin, id, { rotateBy: later(1), revokeAt: later(2) });
  expect(resumed.campaign).toMatchObject({ status: 'running', members: 1 });
});
