import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { RotationRule } from '../../../src/domain/policy/profile.ts';
import { encodeName } from '../../../src/domain/x509/name.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import type { Caller } from '../../../src/services/caller.ts';
import type { CertificateView } from '../../../src/services/services.ts';
import { certified, rotated } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

const operator: Caller = { kind: 'operator', name: 'olga', role: 'operator', serial: '00' };
const freshCsr = (names = ['demo.dev.internal']) => buildCsr({ key: makeSigningKey(), names });
const itself = ({ record }: CertificateView): Caller => ({
  kind: 'product',
  product: record.owner,
  serial: record.serial,
});
const enrol = async (of: TestService = service, profile = 'peer', csrDer = freshCsr()) =>
  certified(of, await demoToken(of), { csrDer, profile });
const refusalOf = async (call: Promise<unknown>) => {
  const { code, reasons } = (await rejectionOf(call)) as CaError;
  return { code, reasons: reasons.map((reason) => reason.code), value: reasons[0]?.value };
};

/** Changes the rule of `peer`, for what is issued from then on. */
async function rule(of: TestService, rotation: Partial<RotationRule>): Promise<void> {
  const { environment, name, authority: _authority, ...definition } = await of.services.readProfile('dev', 'peer');
  await of.services.changeProfile(admin, environment, name, { ...definition, rotation });
}

describe('who may rotate', () => {
  it('is the certificate itself, a token of its product and profile, and an operator', async () => {
    for (const callerOf of [itself, () => demoToken(service), () => operator]) {
      const before = await enrol();
      const caller = await callerOf(before);
      const successor = await rotated(service, caller, before.record.serial, { csrDer: freshCsr() });
      expect(successor.record).toMatchObject({
        predecessor: before.record.serial,
        owner: before.record.owner,
        profile: before.record.profile,
        names: before.record.names,
      });
    }
  });

  it('gets what was wished, once for each Idempotency-Key', async () => {
    const { record } = await enrol();
    const once = { lifetimeSeconds: 300, idempotency: { key: 'rotated once', bodySha256: 'a'.repeat(64) } };
    const rotate = () => rotated(service, operator, record.serial, { csrDer: freshCsr(), ...once });
    const successor = await rotate();
    expect(successor.record.notAfter).toBeLessThan(record.notAfter);
    // With another key than the successor has, it would be a conflict.
    expect((await rotate()).record.serial).toBe(successor.record.serial);
  });

  it('uses up a token as an enrolment does', async () => {
    const before = await enrol();
    const caller = await demoToken(service, { usesLeft: 1 });
    await rotated(service, caller, before.record.serial, { csrDer: freshCsr() });
    const other = await enrol();
    expect(await refusalOf(rotated(service, caller, other.record.serial, { csrDer: freshCsr() }))).toMatchObject({
      reasons: ['tokenUsedUp'],
    });
  });

  it('is no token of another profile, and no other certificate', async () => {
    const before = await enrol();
    const token = { ...(await demoToken(service)), profiles: ['client'] } as Caller;
    const rotate = (caller: Caller) => rotated(service, caller, before.record.serial, { csrDer: freshCsr() });
    expect(await refusalOf(rotate(token))).toMatchObject({ code: 'unauthorized', reasons: ['tokenNotForProfile'] });
    expect(await refusalOf(rotate(itself(await enrol())))).toMatchObject({
      code: 'unauthorized',
      reasons: ['certificateOfAnother'],
    });
  });

  it('is nobody once the product may not use the profile any more', async () => {
    const product = { name: 'narrowed', nameRules: ['narrowed.dev'], profiles: ['peer', 'client'] };
    const { id, version } = await service.services.createProduct(admin, { environment: 'dev', ...product });
    const { secret } = await service.services.createToken(admin, { product: id, uses: null, lifetimeSeconds: 3600 });
    const token = await service.services.authenticateToken(secret);
    const csrDer = () => buildCsr({ key: makeSigningKey(), names: ['narrowed.dev'], subject: encodeName([]) });
    const before = await certified(service, token, { csrDer: csrDer(), profile: 'peer' });
    const { name: _name, ...definition } = product;
    await service.services.changeProduct(admin, id, { version, ...definition, profiles: ['client'] });
    service.pass(2);
    for (const caller of [itself(before), token, operator]) {
      const refusal = await refusalOf(rotated(service, caller, before.record.serial, { csrDer: csrDer() }));
      expect(refusal.reasons).toContain('profileNotAllowed');
    }
    expect((await service.inventory.certificate(before.record.serial))?.successor).toBeNull();
  });

  it('refuses a certificate that is no product’s', async () => {
    const { serial } = (await service.services.authority('system')).certificate;
    expect(await refusalOf(rotated(service, admin, serial, { csrDer: freshCsr() }))).toMatchObject({
      code: 'conflict',
    });
  });
});

describe('a certificate that is not good', () => {
  it('has no successor when it is revoked, on hold or expired, whoever asks, and every reason is told (bad input 38)', async () => {
    for (const [reason, code] of [
      ['superseded', 'certificateRevoked'],
      ['certificateHold', 'certificateHeld'],
    ] as const) {
      const before = await enrol();
      await service.services.revokeCertificate(admin, before.record.serial, { reason });
      for (const caller of [itself(before), await demoToken(service), operator]) {
        const call = rotated(service, caller, before.record.serial, { csrDer: freshCsr() });
        expect(await refusalOf(call)).toMatchObject({ code: 'unauthorized', reasons: [code] });
      }
    }
    const short = await certified(service, await demoToken(service), { csrDer: freshCsr(), lifetimeSeconds: 300 });
    await service.services.revokeCertificate(admin, short.record.serial, { reason: 'superseded' });
    service.pass(301);
    const call = rotated(service, await demoToken(service), short.record.serial, { csrDer: freshCsr() });
    expect(await refusalOf(call)).toMatchObject({
      code: 'unauthorized',
      reasons: ['certificateRevoked', 'certificateExpired'],
    });
  });
});

it('a certificate has a successor to its last second', async () => {
  const { record } = await certified(service, await demoToken(service), { csrDer: freshCsr(), lifetimeSeconds: 300 });
  const now = Math.floor(service.clock.now() / 1000);
  service.pass(record.notAfter - now);
  const successor = await rotated(service, operator, record.serial, { csrDer: freshCsr() });
  expect(successor.record.predecessor).toBe(record.serial);
});

describe('one successor', () => {
  it('is known at once to who asks when to rotate', async () => {
    const { record } = await enrol();
    const before = await service.services.renewalInfo(record.serial);
    await rotated(service, operator, record.serial, { csrDer: freshCsr() });
    expect((await service.services.renewalInfo(record.serial)).reason).not.toBe(before.reason);
  });

  it('is what 20 rotations at once with 20 keys give; the others are told its serial', async () => {
    const before = await enrol();
    const tries = Array.from({ length: 20 }, () =>
      rotated(service, itself(before), before.record.serial, { csrDer: freshCsr() }),
    );
    const settled = await Promise.allSettled(tries);
    const [successor] = settled.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value.record.serial] : [],
    );
    const refused = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as CaError] : []));
    expect(refused.map(({ code, reasons: [reason] }) => [code, reason?.code, reason?.value])).toEqual(
      Array.from({ length: 19 }, () => ['conflict', 'certificateRotated', successor]),
    );
  });

  it('is what 20 rotations at once with one key give, and all of them, and one that comes later, are told the same', async () => {
    const before = await enrol();
    const csrDer = freshCsr();
    const rotate = () => rotated(service, itself(before), before.record.serial, { csrDer });
    const views = [...(await Promise.all(Array.from({ length: 20 }, rotate))), await rotate()];
    expect(new Set(views.map(({ record }) => record.serial)).size).toBe(1);
    expect(new Set(views.map(({ der }) => Buffer.from(der).toString('hex'))).size).toBe(1);
  });

  it('is not given out again once it is revoked', async () => {
    const before = await enrol();
    const csrDer = freshCsr();
    const successor = await rotated(service, itself(before), before.record.serial, { csrDer });
    await service.services.revokeCertificate(admin, successor.record.serial, { reason: 'keyCompromise' });
    const again = rotated(service, itself(before), before.record.serial, { csrDer });
    expect(await refusalOf(again)).toMatchObject({ code: 'conflict', value: successor.record.serial });
  });
});

describe('the profile’s rule', () => {
  it('asks for a new key unless it says otherwise', async () => {
    const key = makeSigningKey();
    const csrDer = buildCsr({ key, names: ['demo.dev.internal'] });
    const before = await enrol(service, 'peer', csrDer);
    const rotate = () => rotated(service, itself(before), before.record.serial, { csrDer });
    expect(await refusalOf(rotate())).toMatchObject({ code: 'policyRefused', reasons: ['rotationReusesKey'] });
    await rule(service, { newKey: 'optional' });
    const successor = await rotate();
    expect(successor.record).toMatchObject({ predecessor: before.record.serial, keySha256: before.record.keySha256 });
    await rule(service, {});
  });

  it('tells of a changed name and a kept key at once (bad input 39)', async () => {
    const key = makeSigningKey();
    const before = await enrol(service, 'peer', buildCsr({ key, names: ['demo.dev.internal'] }));
    const csrDer = buildCsr({ key, names: ['a.demo.dev.internal'] });
    const call = rotated(service, itself(before), before.record.serial, { csrDer, profile: 'client' });
    expect(await refusalOf(call)).toMatchObject({
      code: 'compound',
      reasons: ['rotationChangesNames', 'profileNotAllowed', 'rotationReusesKey'],
    });
  });

  it('takes the names in any order and spelling, however often, from the body, from the CSR, or from what is rotated', async () => {
    const names = ['demo.dev.internal', 'a.demo.dev.internal'];
    const csrOf = (some: readonly string[]) => freshCsr([...some]);
    const unnamed = () => buildCsr({ key: makeSigningKey(), attributes: [] });
    for (const input of [
      { csrDer: csrOf(names.toReversed()) },
      { csrDer: unnamed(), profile: 'peer' },
      { csrDer: unnamed(), names: ['A.Demo.dev.internal', 'demo.dev.internal', 'a.demo.DEV.internal'] },
    ]) {
      const before = await enrol(service, 'peer', csrOf(names));
      const successor = await rotated(service, itself(before), before.record.serial, input);
      expect(successor.record).toMatchObject({ names: before.record.names, profile: 'peer' });
    }
    const { record } = await enrol(service, 'peer', csrOf(names));
    const other = { csrDer: csrOf(names), names: ['demo.dev.internal', 'demo.dev.internal'] };
    expect(await refusalOf(rotated(service, operator, record.serial, other))).toMatchObject({
      reasons: ['rotationChangesNames'],
    });
  });

  it('leaves the predecessor alone by default', async () => {
    const before = await enrol();
    await rotated(service, itself(before), before.record.serial, { csrDer: freshCsr() });
    service.pass(8 * 86_400);
    await service.housekeep();
    expect((await service.inventory.certificate(before.record.serial))?.state).toBe('issued');
  });

  it('has the predecessor revoked as superseded after the overlap, across a restart, audited and on the list', async () => {
    const home = folder('superseding');
    let running = await firstRunService({ home });
    await rule(running, { overlapSeconds: 3600, revokePredecessor: true });
    const before = await enrol(running);
    await rotated(running, itself(before), before.record.serial, { csrDer: freshCsr() });
    await running.housekeep();
    expect((await running.inventory.certificate(before.record.serial))?.state).toBe('issued');
    await running.close();

    running = await openService({ home });
    running.pass(3599);
    await running.housekeep();
    expect((await running.inventory.certificate(before.record.serial))?.state).toBe('issued');
    running.pass(1);
    await running.housekeep();
    await running.housekeep();
    const { revocation } = (await running.inventory.certificate(before.record.serial))!;
    expect(revocation).toEqual({ at: Math.floor(running.clock.now() / 1000), reason: 'superseded' });
    const events = await running.inventory.auditEvents(0, 1000);
    const revoked = events.filter(({ kind }) => kind === 'certificate.revoked');
    expect(revoked.map(({ actor, object }) => [actor, object])).toEqual([
      ['service', `certificate:${before.record.serial}`],
    ]);
    const list = parseCrl((await running.services.crl('dev-issuing')).der);
    expect(list.entries.map(({ serial }) => serial)).toEqual([before.record.serial]);
    await running.close();
  });

  it('keeps the predecessor when the successor was revoked meanwhile: nothing replaces it', async () => {
    const running = await firstRunService({ home: folder('kept') });
    await rule(running, { overlapSeconds: 60, revokePredecessor: true });
    const before = await enrol(running);
    const successor = await rotated(running, itself(before), before.record.serial, { csrDer: freshCsr() });
    await running.services.revokeCertificate(admin, successor.record.serial, { reason: 'keyCompromise' });
    running.pass(61);
    await running.housekeep();
    expect((await running.inventory.certificate(before.record.serial))?.state).toBe('issued');
    await running.close();
  });
});
