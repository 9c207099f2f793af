/** Contract of the inventory: the newest report of each target, and where a successor is awaited. */
import { describe, expect, it } from 'vitest';
import { type Deployment, type DeploymentReport, mostTargets } from '../../../src/domain/records/deployment.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { CertificateFilter } from '../../../src/ports/inventory-questions.ts';
import { deploymentReport } from '../../support/deployment-builders.ts';
import {
  auditEntry,
  frozenNow,
  issuanceIntent,
  recordCertificate,
  serialAt,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const recordDeployment = (inventory: Inventory, serial: string, override: Partial<DeploymentReport> = {}) =>
  inventory.recordDeployment(
    { ...deploymentReport(override), serial, reportedAt: frozenNow, reporter: 'product:dev/product-a' },
    auditEntry({ kind: 'certificate.deployed', object: `certificate:${serial}` }),
  );

const brief = ({ target, outcome, servedSerial }: Deployment) => [target, outcome, servedSerial];

export function deploymentContract(makeStore: () => Promise<InventoryStore>): void {
  describe('deployments', () => {
    const opened = openedInventory(makeStore);
    const briefly = async (serial: string) => (await opened.inventory.deployments(serial)).map(brief);

    it('are kept whole, by target, over a restart', async () => {
      const { serial } = await recordCertificate(opened.inventory);
      const report = {
        target: 'kafka/broker-2',
        outcome: 'failed',
        endpoint: '[::1]:9093',
        servedSerial: '0a',
        detail: 'two\nlines',
        trustSha256: ['ab'.repeat(32), 'cd'.repeat(32)],
      } as const;
      const kept = { ...report, serial, reportedAt: frozenNow, reporter: 'product:dev/product-a' };
      expect(await recordDeployment(opened.inventory, serial, report)).toEqual({ kind: 'kept', deployment: kept });
      await recordDeployment(opened.inventory, serial, { target: 'a' });
      const inventory = await opened.reopen();
      expect(await inventory.deployments(serial)).toEqual([{ ...kept, ...deploymentReport({ target: 'a' }) }, kept]);
    });

    it('are the newest of each target, with an audit event for each report', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory);
      await recordDeployment(inventory, serial, { outcome: 'failed', detail: 'refused' });
      await recordDeployment(inventory, serial);
      expect(await inventory.deployments(serial)).toMatchObject([{ outcome: 'proved', detail: null }]);
      const events = await inventory.searchAuditEvents({ kind: 'certificate.deployed', sort: 'seq', limit: 9 });
      expect(events).toHaveLength(2);
    });

    it('are refused, and leave no event, for what is unknown, not issued or archived', async () => {
      const { inventory } = opened;
      const intent = issuanceIntent();
      await inventory.recordIntent(intent);
      const { serial } = await recordCertificate(inventory);
      await recordDeployment(inventory, serial);
      await inventory.archiveCertificates({ serials: [serial], audit: auditEntry() });
      const before = await inventory.counts();
      for (const absent of [serialAt(), 'no serial', intent.certificate.serial, serial]) {
        expect(await recordDeployment(inventory, absent)).toEqual({ kind: 'notFound' });
        expect(await inventory.deployments(absent)).toEqual([]);
      }
      expect(await inventory.counts()).toEqual(before);
    });

    it('are bounded: a target too many is refused, one that is known is not', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory);
      const targets = Array.from({ length: mostTargets }, (_, index) => `t${index}`);
      await Promise.all(targets.map((target) => recordDeployment(inventory, serial, { target })));
      expect(await recordDeployment(inventory, serial, { target: 'other' })).toEqual({ kind: 'tooManyTargets' });
      expect((await recordDeployment(inventory, serial, { target: 't7', outcome: 'failed' })).kind).toBe('kept');
      expect(await inventory.deployments(serial)).toHaveLength(mostTargets);
    });

    it('are bounded where they are awaited, too', async () => {
      const { inventory } = opened;
      const { serial: old } = await recordCertificate(inventory);
      const { serial } = await recordCertificate(inventory, { predecessor: old });
      const targets = Array.from({ length: mostTargets }, (_, index) => `t${index}`);
      await Promise.all(targets.map((target) => recordDeployment(inventory, serial, { target })));
      expect((await recordDeployment(inventory, old, { target: 'other' })).kind).toBe('kept');
      expect(await inventory.deployments(serial)).toHaveLength(mostTargets);
    });

    it('of a successor are awaited wherever its predecessor is, and nowhere before it is issued', async () => {
      const { inventory } = opened;
      const { serial: old } = await recordCertificate(inventory);
      await recordDeployment(inventory, old, { target: 'a' });
      await recordDeployment(inventory, old, { target: 'b', outcome: 'failed', servedSerial: 'ff' });
      const intent = issuanceIntent({ predecessor: old });
      const { serial } = intent.certificate;
      await inventory.recordIntent(intent);
      expect(await briefly(serial)).toEqual([]);
      const issued = { serial, certificateDer: new Uint8Array(600), issuedAt: frozenNow + 5, audit: auditEntry() };
      await inventory.recordIssued(issued);
      expect(await briefly(serial)).toEqual([
        ['a', 'awaited', old],
        ['b', 'awaited', 'ff'],
      ]);
      expect(await inventory.deployments(serial)).toMatchObject([
        { reporter: 'service', reportedAt: frozenNow + 5 },
        {},
      ]);
      await recordDeployment(inventory, serial, { target: 'a' });
      expect(await briefly(serial)).toEqual([
        ['a', 'proved', null],
        ['b', 'awaited', 'ff'],
      ]);
    });

    it('of a further successor are awaited where even the first one did not come, while what is served is good', async () => {
      const { inventory } = opened;
      const { serial: first } = await recordCertificate(inventory);
      await recordDeployment(inventory, first);
      const { serial: second } = await recordCertificate(inventory, { predecessor: first });
      const { serial: third } = await recordCertificate(inventory, { predecessor: second });
      expect(await briefly(third)).toEqual([['web-1', 'awaited', first]]);
      const late = { predecessor: third, requestedAt: frozenNow + 91 * 86_400_000 };
      const { serial: fourth } = await recordCertificate(inventory, late);
      expect(await briefly(fourth)).toEqual([]);
    });

    it('of a successor are awaited again when the target reports the predecessor as there', async () => {
      const { inventory } = opened;
      const { serial: old } = await recordCertificate(inventory);
      const { serial } = await recordCertificate(inventory, { predecessor: old });
      await recordDeployment(inventory, serial);
      await recordDeployment(inventory, old, { outcome: 'failed' });
      expect(await briefly(serial)).toEqual([['web-1', 'proved', null]]);
      await recordDeployment(inventory, old);
      expect(await briefly(serial)).toEqual([['web-1', 'awaited', old]]);
    });

    it('are searched and counted by what they come to', async () => {
      const { inventory } = opened;
      const find = async (deployment: CertificateFilter['deployment']) => {
        const filter = { ...(deployment && { deployment }) };
        const query = { ...filter, sort: 'requestedAt', limit: 100, now: frozenNow / 1000 } as const;
        const found = await inventory.searchCertificates(query);
        const counted = await inventory.countMatches(filter, frozenNow / 1000);
        expect(counted).toEqual({ matches: found.length, isExact: true });
        return found.map(({ serial }) => serial);
      };
      const record = async () => (await recordCertificate(inventory)).serial;
      const [none, proved, deployed, failed, behind, both] = [
        await record(),
        await record(),
        await record(),
        await record(),
        await record(),
        await record(),
      ];
      await recordDeployment(inventory, proved);
      await recordDeployment(inventory, deployed, { outcome: 'deployed' });
      await recordDeployment(inventory, failed, { outcome: 'failed' });
      await recordDeployment(inventory, behind, { outcome: 'deployed', servedSerial: none });
      await recordDeployment(inventory, both, { outcome: 'failed', servedSerial: none });
      expect(await find('none')).toEqual([none]);
      expect(await find('proved')).toEqual([proved]);
      expect(await find('deployed')).toEqual([deployed]);
      expect(await find(['failed', 'failedBehind'])).toEqual([failed, both]);
      expect(await find(['behind', 'failedBehind'])).toEqual([behind, both]);
      await recordDeployment(inventory, both);
      expect(await find(['proved', 'failedBehind'])).toEqual([proved, both]);
      const { serial } = await recordCertificate(inventory, { predecessor: proved });
      expect(await find('behind')).toEqual([behind, serial]);
    });
  });
}
