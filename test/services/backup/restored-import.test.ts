/** A backup from before an authority got its certificate elsewhere: its key is there, so what it revoked since must not come back. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import { chooseNewestLists, type GivenList } from '../../../src/services/backup/newest-lists.ts';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { type CorporateCa, makeCorporateCa, makeCrl, pemOf } from '../../support/external-chain.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const name = 'corp-issuing';
let service: TestService;
afterEach(() => service.close());

async function chainFrom(ca: CorporateCa): Promise<string> {
  const detail = await service.services.describeAuthority(name);
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  return pemOf(ca.sign(detail.csrDer), ca.intermediate);
}

async function issue(): Promise<string> {
  await service.services.createProduct(admin, { environment: 'corp', name: 'a', nameRules: ['.corp.example'] });
  const { secret } = await service.services.createToken(admin, { product: 'corp/a', uses: 1, lifetimeSeconds: 3600 });
  const caller = await service.services.authenticateToken(secret);
  const csrDer = buildCsr({ key: makeSigningKey(), names: ['a.corp.example'], subject: new Uint8Array([0x30, 0]) });
  const submitted = await service.services.submitRequest(caller, { csrDer });
  return submitted.kind === 'certificate' ? submitted.view.record.serial : submitted.kind;
}

async function restored(given: readonly GivenList[]) {
  const manifest = backupManifest({ authorities: [] });
  const plan = { manifest, lists: chooseNewestLists(manifest, { given, withoutCrl: [] }), withoutCrl: [] };
  return restoreInventory({ ...service, now: service.clock.now(), version: '0.1.0' }, { ...plan, keepTokens: false });
}

it('lists what its list had, once it has the same certificate again', async () => {
  const [lost, kept] = [folder('lost'), folder('kept')];
  service = await firstRunService({ home: lost });
  await service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
  await service.close();
  for (const each of ['', 'vault']) mkdirSync(join(kept, each), { mode: 0o700 });
  cpSync(lost, kept, { recursive: true });

  service = await openService({ home: lost });
  const ca = makeCorporateCa(Math.floor(service.clock.now() / 1000));
  const imported = { chainPem: await chainFrom(ca), rootPem: ca.root.pem };
  await service.services.importAuthority(admin, name, imported);
  const serial = await issue();
  await service.services.revokeCertificate(admin, serial, { reason: 'keyCompromise' });
  await service.housekeep();
  const { der } = await service.services.crl(name);
  await service.close();

  service = await openService({ home: kept });
  service.pass(60);
  expect(await restored([])).toMatchObject({ lists: [], waiting: [name] });
  const now = Math.floor(service.clock.now() / 1000);
  const corporate = Buffer.from(makeCrl(ca.root, { thisUpdate: now, nextUpdate: now + 3600 }));
  const report = await restored([
    { file: 'corp-issuing.crl', content: der },
    { file: 'corp.crl', content: corporate },
  ]);
  expect(report).toMatchObject({ lists: [{ authority: name, quarantined: 1 }], waiting: [] });
  expect(report.aside).toMatchObject([{ file: 'corp.crl', authority: null }]);

  await service.services.importAuthority(admin, name, imported);
  await service.housekeep();
  const list = parseCrl((await service.services.crl(name)).der);
  expect(list.entries).toMatchObject([{ serial, reason: 'keyCompromise' }]);
  expect(list.crlNumber).toBeGreaterThan(parseCrl(der).crlNumber);
  expect((await restored([{ file: 'corp.crl', content: corporate }])).aside).toMatchObject([
    { file: 'corp.crl', authority: 'corp-external-root' },
  ]);
});
