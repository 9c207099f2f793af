/** Lists that authorities elsewhere made: what is served of them, one flaw at a time, and what they stop. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePem } from '../../../src/domain/der/pem.ts';
import { explicit, implicit, sequence } from '../../../src/domain/der/writer.ts';
import type { CaError } from '../../../src/domain/errors.ts';
import * as extensions from '../../../src/domain/x509/extensions.ts';
import { oidDer } from '../../../src/domain/x509/oid-der.ts';
import { importedCrlConditions } from '../../../src/services/alerts/alert-conditions.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import {
  type CorporateCa,
  deltaCrlIndicator,
  issuingDistributionPoint,
  makeCorporateCa,
  makeCrl,
  pemOf,
  pointNamed,
  signingAs,
} from '../../support/external-chain.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';

const folder = suiteFolder();
const home = folder('data');
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home });
});
afterAll(() => service.close());

const day = 86_400;
const nowSeconds = (): number => Math.floor(service.clock.now() / 1000);

let environments = 0;
/** An environment whose issuing authority an intermediate of a corporate root signed. */
async function imported(of?: Parameters<typeof makeCorporateCa>[1]): Promise<{
  environment: string;
  root: string;
  intermediate: string;
  ca: CorporateCa;
  own: TestCertificate;
}> {
  environments += 1;
  const environment = `list-${environments}`;
  await service.services.createEnvironment(admin, { name: environment, hierarchy: 'external' });
  await service.services.createProduct(admin, { environment, name: 'a', nameRules: ['a.corp.example'] });
  const detail = await service.services.describeAuthority(`${environment}-issuing`);
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  const ca = makeCorporateCa(nowSeconds(), of);
  const own = ca.sign(detail.csrDer);
  const input = { chainPem: pemOf(own, ca.intermediate), rootPem: ca.root.pem };
  await service.services.importAuthority(admin, `${environment}-issuing`, input);
  const name = `${environment}-external`;
  return { environment, root: `${name}-root`, intermediate: `${name}-intermediate`, ca, own };
}

const importCrl = (name: string, pem: string) => service.services.importCrl(admin, name, pem);
const flawsOf = async (name: string, pem: string): Promise<string[]> =>
  ((await rejectionOf(importCrl(name, pem))) as CaError).reasons.map(({ code }) => code);

async function issueIn(environment: string) {
  const { secret } = await service.services.createToken(admin, {
    product: `${environment}/a`,
    uses: null,
    lifetimeSeconds: day,
  });
  const caller = await service.services.authenticateToken(secret);
  const csr = buildCsr({ key: makeSigningKey(), names: ['a.corp.example'], subject: new Uint8Array([0x30, 0]) });
  return certified(service, caller, { csrDer: csr });
}

describe('a list that was made elsewhere', () => {
  it('is served as it is from then on, also by the next start', async () => {
    const { root, ca } = await imported();
    expect(await codeOf(service.services.crl(root))).toBe('notFound');
    const pem = makeCrl(ca.root, { thisUpdate: nowSeconds() - 60, crlNumber: 7 });
    const der = decodePem(pem, 'X509 CRL');
    const served = await importCrl(root, pem);
    const etag = `"${createHash('sha256').update(der).digest('base64url').slice(0, 22)}"`;
    expect(served).toMatchObject({ crlNumber: 7n, thisUpdate: nowSeconds() - 60, etag });
    await service.close();
    service = await openService({ home });
    expect(Buffer.compare((await service.services.crl(root)).der, der)).toBe(0);
  });

  it('may come again, and gives way to a newer one', async () => {
    const { root, ca } = await imported();
    const first = makeCrl(ca.root, { thisUpdate: nowSeconds() - 60, crlNumber: 7 });
    await importCrl(root, first);
    expect(await importCrl(root, first)).toMatchObject({ crlNumber: 7n });
    await importCrl(root, makeCrl(ca.root, { thisUpdate: nowSeconds(), crlNumber: 8 }));
    expect(await service.services.crl(root)).toMatchObject({ crlNumber: 8n });
    expect(await flawsOf(root, first)).toEqual(['crlOlder', 'crlOlder']);
  });

  it('is refused for another authority, an own one, and one that is none', async () => {
    const { root, ca } = await imported();
    const pem = makeCrl(ca.intermediate, { thisUpdate: nowSeconds() });
    expect(await flawsOf(root, pem)).toEqual(['crlOfAnother', 'crlSignature']);
    expect(await codeOf(importCrl('dev-root', pem))).toBe('conflict');
    expect(await codeOf(importCrl('nobody', pem))).toBe('notFound');
  });

  const flaws: [string, (ca: CorporateCa, now: number) => string, string[]][] = [
    [
      'of another key of the same name',
      (ca, now) =>
        makeCrl({ ...ca.root, subjectKeyIdentifier: new Uint8Array(20), key: makeSigningKey() }, { thisUpdate: now }),
      ['crlOfAnother', 'crlSignature'],
    ],
    [
      'signed by another key',
      (ca, now) => makeCrl(ca.root, { thisUpdate: now, key: makeSigningKey() }),
      ['crlSignature'],
    ],
    [
      'signed with SHA-1',
      (ca, now) => makeCrl(ca.root, { thisUpdate: now, key: signingAs(ca.root.key, '1.2.840.10045.4.1') }),
      ['weakSignatureAlgorithm'],
    ],
    ['that has expired', (ca, now) => makeCrl(ca.root, { thisUpdate: now - day, nextUpdate: now }), ['crlExpired']],
    ['of the future', (ca, now) => makeCrl(ca.root, { thisUpdate: now + 60 }), ['crlNotYetValid']],
    [
      'of what has changed since another one',
      (ca, now) => makeCrl(ca.root, { thisUpdate: now, more: [deltaCrlIndicator(1)] }),
      ['badCrl'],
    ],
    ['that is no list', () => '-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n', ['badCrl']],
    ['that is a certificate', (ca) => ca.root.pem, ['wrongPemLabel']],
  ];
  it.each(flaws)('%s is refused', async (_flaw, make, reasons) => {
    const { root, ca } = await imported();
    expect(await flawsOf(root, make(ca, nowSeconds()))).toEqual(reasons);
    expect(await codeOf(service.services.crl(root))).toBe('notFound');
  });

  it('that goes back in number or in time is refused', async () => {
    const { root, ca } = await imported();
    await importCrl(root, makeCrl(ca.root, { thisUpdate: nowSeconds() - 60, crlNumber: 7 }));
    expect(await flawsOf(root, makeCrl(ca.root, { thisUpdate: nowSeconds(), crlNumber: 6 }))).toEqual(['crlOlder']);
    expect(await flawsOf(root, makeCrl(ca.root, { thisUpdate: nowSeconds() - 90, crlNumber: 8 }))).toEqual([
      'crlOlder',
    ]);
  });
});

describe('a list as other CAs make them', () => {
  it('may have a number of 20 octets, which only grows', async () => {
    const { root, ca } = await imported();
    const wide = 2n ** 160n - 2n;
    const listAt = (seconds: number, crlNumber: bigint) => makeCrl(ca.root, { thisUpdate: seconds, crlNumber });
    await importCrl(root, listAt(nowSeconds() - 60, wide));
    expect(await flawsOf(root, listAt(nowSeconds(), wide - 1n))).toEqual(['crlOlder']);
    expect(await importCrl(root, listAt(nowSeconds(), wide + 1n))).toMatchObject({ crlNumber: wide + 1n });
    expect(await flawsOf(root, listAt(nowSeconds(), 2n ** 160n))).toEqual(['badCrl']);
  });

  it('may be of version 1, without a number: then a later one is newer', async () => {
    const { environment, intermediate, ca, own } = await imported();
    const listAt = (seconds: number, revoked: string[] = []) =>
      makeCrl(ca.intermediate, { thisUpdate: seconds, version: 1, revoked });
    await importCrl(intermediate, makeCrl(ca.intermediate, { thisUpdate: nowSeconds() - 60, crlNumber: 7 }));
    const served = await importCrl(intermediate, listAt(nowSeconds() - 30, [own.serial]));
    expect(served).toMatchObject({ crlNumber: null, thisUpdate: nowSeconds() - 30 });
    expect(((await rejectionOf(issueIn(environment))) as CaError).reasons[0]?.code).toBe('issuerRevoked');
    expect(await flawsOf(intermediate, listAt(nowSeconds() - 30))).toEqual(['crlOlder']);
    expect(await importCrl(intermediate, listAt(nowSeconds()))).toMatchObject({ crlNumber: null });
  });

  it('may be for authorities alone, or for those that name its address; not for others', async () => {
    const url = 'http://pki.corp.example/root.crl';
    const atUrl = {
      more: [extensions.extension(oidDer.cRLDistributionPoints, sequence(sequence(pointNamed(url))), false)],
    };
    const { root, ca } = await imported({ intermediate: atUrl });
    let age = 60;
    const flawsWith = async (...fields: Uint8Array[]) => {
      age -= 1;
      const list = makeCrl(ca.root, { thisUpdate: nowSeconds() - age, more: [issuingDistributionPoint(...fields)] });
      return flawsOf(root, list).catch(() => []);
    };
    const isSet = (number: number) => implicit(number, Uint8Array.of(0xff));
    expect(await flawsWith(isSet(2))).toEqual([]);
    expect(await flawsWith(pointNamed(url))).toEqual([]);
    expect(await flawsWith(pointNamed(url), isSet(2))).toEqual([]);
    expect(await flawsWith(pointNamed(`${url}?shard=2`))).toEqual(['crlOfOthers']);
    expect(await flawsWith(isSet(1))).toEqual(['crlOfOthers']);
    const relative = explicit(0, explicit(1, sequence()));
    const twoNames = explicit(0, explicit(0, implicit(6, Buffer.from(url))), implicit(6, Buffer.from(url)));
    const badNames = [[relative], [twoNames]];
    const notTrue = [[implicit(2, Uint8Array.of(0))], [implicit(2, Uint8Array.of(0xff, 0xff))]];
    const leftOut = [[isSet(4)], [isSet(5)], [implicit(3, Uint8Array.of(6, 0x40))], [isSet(1), isSet(2)]];
    for (const fields of [...leftOut, ...badNames, ...notTrue]) {
      expect(await flawsWith(...fields)).toEqual(['badCrl']);
    }
  });

  it('may say of what it revokes no more than since when', async () => {
    const { environment, intermediate, ca, own } = await imported();
    const revoked = { revoked: [own.serial], reason: 'unspecified' } as const;
    await importCrl(intermediate, makeCrl(ca.intermediate, { thisUpdate: nowSeconds(), ...revoked }));
    expect(((await rejectionOf(issueIn(environment))) as CaError).reasons[0]?.code).toBe('issuerRevoked');
  });

  it('that names an address is refused where the certificates below name none', async () => {
    const { root, ca } = await imported();
    const more = [issuingDistributionPoint(pointNamed('http://pki.corp.example/root.crl'))];
    expect(await flawsOf(root, makeCrl(ca.root, { thisUpdate: nowSeconds(), more }))).toEqual(['crlOfOthers']);
  });

  it('that names an address is refused where the certificate of our authority names none', async () => {
    const { intermediate, ca } = await imported();
    const more = [issuingDistributionPoint(pointNamed('http://pki.corp.example/intermediate.crl'))];
    const list = makeCrl(ca.intermediate, { thisUpdate: nowSeconds(), more });
    expect(await flawsOf(intermediate, list)).toEqual(['crlOfOthers']);
  });

  it('is recorded once when two come at once', async () => {
    const { root, ca } = await imported();
    const lists = [1, 2].map((crlNumber) => makeCrl(ca.root, { thisUpdate: nowSeconds() - crlNumber, crlNumber }));
    const outcomes = await Promise.allSettled(lists.map((list) => importCrl(root, list)));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a list that revokes', () => {
  it('our issuing authority stops it, until a newer one has it no more', async () => {
    const { environment, intermediate, ca, own } = await imported();
    expect((await issueIn(environment)).record.state).toBe('issued');
    await importCrl(
      intermediate,
      makeCrl(ca.intermediate, { thisUpdate: nowSeconds() - 9, crlNumber: 1, revoked: [own.serial] }),
    );
    const error = (await rejectionOf(issueIn(environment))) as CaError;
    expect([error.code, error.reasons[0]]).toMatchObject([
      'policyRefused',
      { code: 'issuerRevoked', value: `${environment}-issuing` },
    ]);
    // What was issued must still be told as revoked or good.
    expect(await service.services.crl(`${environment}-issuing`)).toMatchObject({ crlNumber: expect.any(BigInt) });
    await importCrl(intermediate, makeCrl(ca.intermediate, { thisUpdate: nowSeconds(), crlNumber: 2 }));
    expect((await issueIn(environment)).record.state).toBe('issued');
  });

  it('what is between our authority and its root stops it, too', async () => {
    const { environment, root, ca } = await imported();
    await importCrl(root, makeCrl(ca.root, { thisUpdate: nowSeconds(), revoked: [ca.intermediate.serial] }));
    expect(((await rejectionOf(issueIn(environment))) as CaError).reasons[0]?.code).toBe('issuerRevoked');
  });

  it('a certificate keeps it from being imported again', async () => {
    const { environment, intermediate, ca, own } = await imported();
    await importCrl(intermediate, makeCrl(ca.intermediate, { thisUpdate: nowSeconds(), revoked: [own.serial] }));
    const again = service.services.importAuthority(admin, `${environment}-issuing`, { chainPem: own.pem });
    expect(((await rejectionOf(again)) as CaError).reasons.map(({ code }) => code)).toEqual(['chainRevoked']);
  });

  it('what is between our authority and its root keeps that from being imported again, too', async () => {
    const { environment, root, ca, own } = await imported();
    await importCrl(root, makeCrl(ca.root, { thisUpdate: nowSeconds(), revoked: [ca.intermediate.serial] }));
    const again = service.services.importAuthority(admin, `${environment}-issuing`, { chainPem: own.pem });
    const { reasons } = (await rejectionOf(again)) as CaError;
    expect(reasons).toMatchObject([{ code: 'chainRevoked', field: 'chain[1]', value: ca.intermediate.serial }]);
  });
});

describe('what only a person can do', () => {
  it('is told by the status: a certificate to fetch, a list to fetch', async () => {
    await service.services.createEnvironment(admin, { name: 'idle', hierarchy: 'external' });
    const { root, intermediate, ca } = await imported();
    await importCrl(intermediate, makeCrl(ca.intermediate, { thisUpdate: nowSeconds() }));
    const { reminders, authorities } = await service.services.status();
    const of = (name: string) => reminders.filter((text) => text.includes(name));
    expect([of('idle-issuing').length, of(root).length, of(intermediate).length]).toEqual([1, 1, 0]);
    expect(authorities.find(({ name }) => name === root)?.crl).toBeNull();
    expect(authorities.find(({ name }) => name === intermediate)?.crl).toMatchObject({ der: expect.anything() });
  });

  it('becomes an alert as a list comes to its end, and worse when it is over', async () => {
    const { root, ca } = await imported();
    const thisUpdate = nowSeconds();
    await importCrl(root, makeCrl(ca.root, { thisUpdate, nextUpdate: thisUpdate + 90 * day }));
    const views = (await service.services.listExternalAuthorities()).filter(({ external: { name } }) => name === root);
    const conditionsAfter = (days: number) =>
      importedCrlConditions(views, thisUpdate + days * day).map(({ kind, subject, withinDays }) => [
        kind,
        subject,
        withinDays,
      ]);
    expect(conditionsAfter(59)).toEqual([]);
    for (const [days, withinDays] of [
      [60, 30],
      [83, 7],
      [89, 1],
      [90, 0],
    ] as const) {
      expect(conditionsAfter(days)).toEqual([['importedCrlEnding', root, withinDays]]);
    }
  });

  it('is an alert, too, while there is no list at all', async () => {
    const { root, ca } = await imported();
    const conditions = async () => {
      const views = await service.services.listExternalAuthorities();
      return importedCrlConditions(views, nowSeconds()).filter(({ subject }) => subject === root);
    };
    expect(await conditions()).toEqual([{ kind: 'importedCrlMissing', subject: root, withinDays: null, count: null }]);
    await importCrl(root, makeCrl(ca.root, { thisUpdate: nowSeconds() }));
    expect(await conditions()).toEqual([]);
  });

  it('is measured while something below it is in use, so that it can be told in time', async () => {
    const { root, intermediate, ca } = await imported();
    await importCrl(root, makeCrl(ca.root, { thisUpdate: nowSeconds(), nextUpdate: nowSeconds() + 90 * day }));
    const families = await service.services.collectMetrics();
    const secondsOf = (name: string, authority: string) =>
      families.find((family) => family.name === name)?.samples.find(({ labels }) => labels.authority === authority)
        ?.value;
    expect(secondsOf('privyseal_crl_remaining_seconds', root)).toBeCloseTo(90 * day, -1);
    expect(secondsOf('privyseal_crl_remaining_seconds', intermediate)).toBeUndefined();
    // Rules that ask for an age are about lists that the service replaces by itself.
    expect(secondsOf('privyseal_crl_age_seconds', root)).toBeUndefined();
  });

  it('is not called for from the first day on where lists are short', async () => {
    const { root, ca } = await imported();
    const thisUpdate = nowSeconds();
    await importCrl(root, makeCrl(ca.root, { thisUpdate, nextUpdate: thisUpdate + 7 * day }));
    const views = (await service.services.listExternalAuthorities()).filter(({ external: { name } }) => name === root);
    expect(importedCrlConditions(views, thisUpdate + 4 * day)).toEqual([]);
    expect(importedCrlConditions(views, thisUpdate + 5 * day)).toMatchObject([{ withinDays: 7 }]);
  });
});
