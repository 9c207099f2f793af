import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateRecord } from '../../../src/domain/records/certificate.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { deploymentReport } from '../../support/deployment-builders.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
let token: Caller;
let record: CertificateRecord;
let product: Caller;

beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
  token = await demoToken(service);
  record = (await certified(service, token, { csrDer: buildCsr({ key: makeSigningKey() }) })).record;
  product = { kind: 'product', product: 'dev/demo', serial: record.serial };
});
afterAll(() => service.close());

const report = (caller: Caller, override: Parameters<typeof deploymentReport>[0] = {}, serial = record.serial) =>
  service.services.reportDeployment(caller, serial, deploymentReport(override));

describe('reportDeployment', () => {
  it('keeps what the product itself or an operator says, with who and when', async () => {
    const kept = await report(product);
    expect(kept).toMatchObject({
      serial: record.serial,
      reporter: 'product:dev/demo',
      reportedAt: service.clock.now(),
    });
    expect(await report(admin, { target: 'web-2' })).toMatchObject({ reporter: 'operator:admin' });
    const listed = await service.services.listDeployments(product, record.serial.toUpperCase());
    expect(listed.map(({ target }) => target)).toEqual(['web-1', 'web-2']);
  });

  it('leaves an audit event with the target and the outcome', async () => {
    await report(product, { target: 'audited', outcome: 'failed', servedSerial: 'AB:CD' });
    const query = { kind: 'certificate.deployed', sort: '-seq', limit: 1 } as const;
    const [event] = await service.inventory.searchAuditEvents(query);
    expect(JSON.parse(event!.canonical)).toMatchObject({
      actor: 'product:dev/demo',
      object: `certificate:${record.serial}`,
      details: { target: 'audited', outcome: 'failed', servedSerial: 'abcd' },
    });
  });

  it('takes the token of the product and profile, which may be used up: a report takes no use', async () => {
    const { secret, token: lent } = await service.services.createToken(admin, {
      product: 'dev/demo',
      profiles: [record.profile],
      uses: 1,
      lifetimeSeconds: 3600,
    });
    const usedUp = await service.services.authenticateToken(secret);
    await certified(service, usedUp, { csrDer: buildCsr({ key: makeSigningKey() }) });
    expect(await report(usedUp, { target: 'server-1' })).toMatchObject({ reporter: `token:${lent.id}` });
  });

  it('takes no token of another profile or product, and no certificate of another product', async () => {
    const refused = await rejectionOf(report({ ...token, profiles: ['other'] } as Caller));
    expect(refused).toMatchObject({ code: 'unauthorized', reasons: [{ code: 'tokenNotForProfile' }] });
    expect(await codeOf(report({ ...token, product: 'dev/other' } as Caller))).toBe('notFound');
    expect(await codeOf(report({ ...product, product: 'dev/other' } as Caller))).toBe('notFound');
    expect(await codeOf(report(product, {}, 'ab'.repeat(20)))).toBe('notFound');
    expect(await codeOf(report(product, {}, 'no serial'))).toBe('notFound');
  });

  it('takes no proof that shows another certificate', async () => {
    const refused = await rejectionOf(report(product, { servedSerial: 'ab' }));
    expect(refused).toMatchObject({ code: 'malformed', reasons: [{ code: 'invalidField', field: 'servedSerial' }] });
    expect((await report(product, { servedSerial: record.serial })).outcome).toBe('proved');
  });

  it('takes no serial that is none', async () => {
    const refused = await rejectionOf(report(product, { outcome: 'failed', servedSerial: 'no serial' }));
    expect(refused).toMatchObject({ code: 'malformed', reasons: [{ code: 'invalidField', field: 'servedSerial' }] });
  });

  it('takes nothing about a certificate that is in the archive', async () => {
    const { record: old } = await certified(service, token, { csrDer: buildCsr({ key: makeSigningKey() }) });
    const audit = {
      at: service.clock.now(),
      kind: 'certificates.archived',
      actor: 'service',
      object: 'service',
    } as const;
    await service.inventory.archiveCertificates({ serials: [old.serial], audit });
    expect(await codeOf(report(admin, {}, old.serial))).toBe('conflict');
    expect(await service.services.listDeployments(admin, old.serial)).toEqual([]);
  });
});

describe('listDeployments', () => {
  it('is for whoever may see the certificate', async () => {
    expect(await service.services.listDeployments(token, record.serial)).not.toEqual([]);
    const foreign = { ...product, product: 'dev/other' } as Caller;
    expect(await codeOf(service.services.listDeployments(foreign, record.serial))).toBe('notFound');
  });
});
