/** A compromised key that more certificates have than one commit revokes: all of them go, also when that is cut short. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import { mostSharersAtOnce } from '../../../src/ports/revocation-store.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { recordCertificate } from '../../support/inventory-builders.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
let isFull = false;

beforeAll(async () => {
  service = await firstRunService({
    home: folder('data'),
    wrapInventory: (inventory) => ({
      ...inventory,
      revokeSharers: async (revoking) => {
        if (isFull) throw new CaError('inventoryUnavailable', 'The disk is full.');
        return inventory.revokeSharers(revoking);
      },
    }),
  });
});
afterAll(() => service.close());

/** Of one key: the serial that is named, and those that share it with it. */
async function issueMany(): Promise<{ named: string; sharers: string[] }> {
  const csrDer = buildCsr({ key: makeSigningKey() });
  const { record } = await certified(service, await demoToken(service), { csrDer });
  const { authority, issuerSerial, environment, owner, keySha256, notBefore, notAfter, requestedAt } = record;
  const same = { authority, issuerSerial, environment, owner, keySha256, notBefore, notAfter, requestedAt };
  const sharers = await Promise.all(
    Array.from({ length: mostSharersAtOnce * 2 + 1 }, () => recordCertificate(service.inventory, same)),
  );
  return { named: record.serial, sharers: sharers.map(({ serial }) => serial) };
}

const statesOf = async (serials: readonly string[]) => {
  const records = await Promise.all(serials.map((serial) => service.inventory.certificate(serial)));
  return [...new Set(records.map((record) => record?.revocation?.reason))];
};

it('takes all along before anybody is told that it is done', async () => {
  const { named, sharers } = await issueMany();
  const told = new Set<string>();
  service.services.onRevoked((serial) => told.add(serial));
  await service.services.revokeCertificate(admin, named, { reason: 'keyCompromise' });
  expect(await statesOf(sharers)).toEqual(['keyCompromise']);
  expect(told).toEqual(new Set([named, ...sharers]));
  expect(await service.inventory.unfinishedCompromises()).toEqual([]);
});

it('goes on with those that were left, and lists them', async () => {
  const { named, sharers } = await issueMany();
  isFull = true;
  const { record } = await service.services.revokeCertificate(admin, named, { reason: 'keyCompromise' });
  expect(record.state).toBe('revoked');
  expect(await statesOf(sharers)).toHaveLength(2);
  expect(await service.inventory.unfinishedCompromises()).toEqual([named]);
  isFull = false;
  await service.housekeep();
  expect(await statesOf(sharers)).toEqual(['keyCompromise']);
  const listed = new Set(parseCrl((await service.services.crl('dev-issuing')).der).entries.map(({ serial }) => serial));
  expect(sharers.filter((serial) => !listed.has(serial))).toEqual([]);
});
