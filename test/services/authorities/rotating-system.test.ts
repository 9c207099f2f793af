/** The rotation of the service's own authority waits for those whom it would lock out: its servers, its operators, its agents. */

import { afterEach, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { CertificateView } from '../../../src/services/services.ts';
import { certified } from '../../support/certified.ts';
import { deploymentReport } from '../../support/deployment-builders.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
const open: TestService[] = [];
async function aService(): Promise<TestService> {
  const service = await firstRunService({ home: newHome() });
  open.push(service);
  // As the faces do when they open.
  await service.issueServerCertificate();
  return service;
}
afterEach(async () => {
  for (const service of open.splice(0)) await service.close();
});

const advance = async (service: TestService, reason?: string) => {
  service.pass(1);
  const input = reason === undefined ? {} : { reason };
  return (await service.services.advanceRotation(admin, 'system', input)).rotation.state;
};

/** Who is named in the refusal of a step. */
const inTheWay = async (service: TestService): Promise<readonly (string | undefined)[]> =>
  ((await rejectionOf(advance(service))) as CaError).reasons.map(({ message }) => message);

/** Steps taken until the servers are to take certificates of the new generation. */
async function issuing(service: TestService): Promise<void> {
  await service.services.startRotation(admin, 'system', {});
  await advance(service);
  await service.housekeep();
  expect(await advance(service)).toBe('issuing');
}

const servers = 'serversMoved: the service’s own servers: they take a new certificate within seconds';

describe('the rotation of system', () => {
  it('goes on when the servers of the service have certificates of the new generation, and not before', async () => {
    const service = await aService();
    await issuing(service);
    expect(await inTheWay(service)).toEqual([servers]);
    await service.issueServerCertificate();
    expect(await advance(service)).toBe('retiring');
  });

  it('does not retire the old generation before the servers, forced past once, have left it', async () => {
    const service = await aService();
    await issuing(service);
    expect(await advance(service, 'a drill')).toBe('retiring');
    expect(await inTheWay(service)).toEqual([servers, 'operatorsMoved: operator admin']);
    await renew(service, 'admin');
    expect(await inTheWay(service)).toEqual([servers]);
    await service.issueServerCertificate();
    expect(await advance(service)).toBe('retired');
  });

  it('waits for every operator who has a good certificate, until that is another one', async () => {
    const service = await aService();
    for (const name of ['bob', 'carol']) {
      await service.services.addOperator(admin, { name, role: 'auditor', csrDer: makeKeyRequest([]).csrDer });
    }
    await service.services.removeOperator(admin, 'carol');
    await issuing(service);
    await service.issueServerCertificate();
    await advance(service);
    await renew(service, 'admin');
    expect(await inTheWay(service)).toEqual(['operatorsMoved: operator bob']);
    await renew(service, 'bob');
    expect(await advance(service)).toBe('retired');
  });

  it('waits until every product’s targets have been heard of since it began', async () => {
    const service = await aService();
    const leaf = await issue(service);
    await report(service, leaf);
    service.pass(1);
    await issuing(service);
    await service.issueServerCertificate();
    await advance(service);
    await renew(service, 'admin');
    expect(await inTheWay(service)).toEqual(['serviceRootLearned: dev/demo: 1 of 1 targets (web-1)']);
    await report(service, leaf);
    expect(await advance(service)).toBe('retired');
  });
});

const renew = (service: TestService, name: string) =>
  service.services.issueOperatorCertificate(admin, name, { csrDer: makeKeyRequest([]).csrDer });

const issue = async (service: TestService): Promise<CertificateView> =>
  certified(service, await demoToken(service), { csrDer: makeKeyRequest().csrDer });

/** What an agent tells that has put the certificate in its place. */
const report = (service: TestService, { record }: CertificateView) =>
  service.services.reportDeployment(
    { kind: 'product', product: record.owner, serial: record.serial },
    record.serial,
    deploymentReport({ outcome: 'deployed', endpoint: null }),
  );
