import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePem } from '../../../src/domain/der/pem.ts';
import type { CaError } from '../../../src/domain/errors.ts';
import { parseOcspResponse } from '../../../src/domain/ocsp/read-response.ts';
import { type ParsedCertificate, parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import { assembleSigned } from '../../../src/domain/x509/signed.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { closing, issuanceIntent, randomHex, serialAt } from '../../support/inventory-builders.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';

const folder = suiteFolder();
let service: TestService;

beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

const operator: Caller = { kind: 'operator', name: 'olga', role: 'operator', serial: '00' };
const day = 86_400;

const revoke = (certificate: ParsedCertificate, reason = 'superseded', caller = admin, invalidityDate?: number) =>
  service.services.revokeByCertificate(caller, certificate, {
    reason,
    ...(invalidityDate !== undefined && { invalidityDate }),
  });

async function issue(lifetimeSeconds = 30 * day) {
  const csrDer = buildCsr({ key: makeSigningKey() });
  const { record, der } = await certified(service, await demoToken(service), { csrDer, lifetimeSeconds });
  return { record, certificate: parseCertificate(der) };
}

/** The same with another serial, as a service issued it whose inventory is lost. */
async function unrecorded(
  like: ParsedCertificate,
  authority = 'dev-issuing',
  serial = `${like.serial.slice(0, 8)}${randomHex(16)}`,
): Promise<ParsedCertificate> {
  const tbs = Buffer.from(like.tbs);
  tbs.write(serial, tbs.indexOf(like.serial, 'hex'), 'hex');
  const { signer } = await service.directory.get(authority);
  const tbsDer = new Uint8Array(tbs);
  return parseCertificate(assembleSigned(tbsDer, signer.algorithm, await signer.sign(tbsDer)));
}

async function listedAs(serial: string) {
  await service.housekeep();
  const { der } = await service.services.crl('dev-issuing');
  return parseCrl(der).entries.find((entry) => entry.serial === serial);
}

async function ocspStatus({ serial }: ParsedCertificate) {
  const { facts, parsed } = await service.directory.get('dev-issuing');
  const certId = encodeCertId({ subjectDer: facts.subjectDer, key: { spkiDer: parsed.spkiDer } }, serial);
  const answer = parseOcspResponse((await service.services.answerOcsp('dev-issuing', encodeOcspRequest([certId]))).der);
  return typeof answer === 'string' ? answer : answer.statuses[0]!.status;
}

describe('revokeByCertificate', () => {
  it('revokes what the inventory has as by its serial', async () => {
    const { record, certificate } = await issue();
    const revoked = await revoke(certificate, 'affiliationChanged', operator);
    expect(revoked).toMatchObject({
      certificate: { serial: record.serial },
      issuer: 'dev-issuing',
      revocation: { reason: 'affiliationChanged' },
      recorded: true,
    });
    expect((await service.inventory.certificate(record.serial))?.revocation).toEqual(revoked.revocation);
    expect(await codeOf(revoke(certificate))).toBe('alreadyRevoked');
  });

  it('revokes what the inventory does not have: OCSP says so at once, and the list until it expires', async () => {
    const certificate = await unrecorded((await issue()).certificate);
    expect(await ocspStatus(certificate)).toBe('unknown');
    const invalidityDate = Math.floor(service.clock.now() / 1000) - day;
    const revoked = await revoke(certificate, 'privilegeWithdrawn', operator, invalidityDate);
    expect(revoked).toMatchObject({ issuer: 'dev-issuing', recorded: false, revocation: { invalidityDate } });
    expect(await ocspStatus(certificate)).toBe('revoked');
    expect(await listedAs(certificate.serial)).toMatchObject({ reason: 'privilegeWithdrawn', invalidityDate });
    const lists = (at: number) => service.inventory.revokedEntries('dev-issuing', at);
    const serials = async (at: number) => (await lists(at)).map(({ serial }) => serial);
    expect(await serials(certificate.notAfter)).toContain(certificate.serial);
    expect(await serials(certificate.notAfter + 1)).not.toContain(certificate.serial);
  });

  it('records who did it, and that the inventory did not have it', async () => {
    const certificate = await unrecorded((await issue()).certificate);
    await revoke(certificate, 'superseded', operator);
    expect((await service.inventory.auditEvents(0, 100_000)).at(-1)).toMatchObject({
      kind: 'certificate.revoked',
      actor: 'operator:olga',
      object: `certificate:${certificate.serial}`,
      details: { reason: 'superseded', authority: 'dev-issuing', recorded: false },
    });
  });

  it('is done once, but for a key that turns out to be compromised: it is revoked since the first time', async () => {
    const certificate = await unrecorded((await issue()).certificate);
    const first = await revoke(certificate);
    expect(await codeOf(revoke(certificate, 'cessationOfOperation'))).toBe('alreadyRevoked');
    const { revocation } = await revoke(certificate, 'keyCompromise');
    expect(revocation).toEqual({ ...first.revocation, reason: 'keyCompromise' });
    expect(await codeOf(revoke(certificate, 'keyCompromise'))).toBe('alreadyRevoked');
  });

  it('with keyCompromise blocks the key, and takes along what the inventory has of it', async () => {
    const { record, certificate } = await issue();
    await revoke(await unrecorded(certificate), 'keyCompromise', operator);
    expect(await service.inventory.keyBlock(record.keySha256)).toBe('compromised');
    expect((await service.inventory.certificate(record.serial))?.revocation?.reason).toBe('keyCompromise');
  });

  it('knows one whose intent was closed, as one that was open in the backup: the key can be told to be compromised', async () => {
    const { record, certificate } = await issue();
    const [serial, keySha256] = [serialAt(), randomHex(32)];
    const intent = issuanceIntent({ serial, keySha256, issuerSerial: record.issuerSerial, owner: 'dev/demo' });
    await service.inventory.recordIntent(intent);
    await service.inventory.closeIntent(closing(serial));
    const shown = await unrecorded(certificate, 'dev-issuing', serial);
    expect(await codeOf(revoke(shown))).toBe('alreadyRevoked');
    expect(await codeOf(service.services.revokeCertificate(admin, serial, { reason: 'keyCompromise' }))).toBe(
      'alreadyRevoked',
    );
    expect(await service.inventory.keyBlock(keySha256)).toBeUndefined();
    expect(await revoke(shown, 'keyCompromise')).toMatchObject({ recorded: true });
    expect(await service.inventory.keyBlock(keySha256)).toBe('compromised');
  });

  it('with another reason leaves its key alone', async () => {
    const { record, certificate } = await issue();
    await revoke(await unrecorded(certificate));
    expect(await service.inventory.keyBlock(record.keySha256)).toBeUndefined();
    expect((await service.inventory.certificate(record.serial))?.revocation).toBeNull();
  });

  it('puts nothing on hold that it could not release', async () => {
    const certificate = await unrecorded((await issue()).certificate);
    expect(await codeOf(revoke(certificate, 'certificateHold'))).toBe('badRevocationReason');
    expect(await listedAs(certificate.serial)).toBeUndefined();
  });

  it('refuses one that no authority signed, whatever it calls its issuer', async () => {
    const { certificate } = await issue();
    const foreign = parseCertificate(makeTestHierarchy().leaf.der);
    for (const one of [await unrecorded(certificate, 'dev-root'), foreign]) {
      const error = (await rejectionOf(revoke(one))) as CaError;
      expect([error.code, error.reasons.map(({ code }) => code)]).toEqual(['policyRefused', ['chainSignature']]);
    }
  });

  it('leaves authorities and their compromise to another act', async () => {
    const { certificateDer } = await service.directory.get('dev-issuing');
    const recorded = parseCertificate(certificateDer);
    expect(await codeOf(revoke(recorded))).toBe('conflict');
    expect(await codeOf(revoke(await unrecorded(recorded, 'dev-root')))).toBe('conflict');
  });

  it('lets an admin alone revoke what the system authority signed', async () => {
    const { certificatePem } = await service.issueServerCertificate();
    const certificate = await unrecorded(parseCertificate(decodePem(certificatePem, 'CERTIFICATE')), 'system');
    expect(await codeOf(revoke(certificate, 'superseded', operator))).toBe('unauthorized');
    expect(await revoke(certificate)).toMatchObject({ issuer: 'system', recorded: false });
  });

  it('refuses one that has expired: no list would say so', async () => {
    const certificate = await unrecorded((await issue(3600)).certificate);
    service.pass(2 * 3600);
    expect(await codeOf(revoke(certificate))).toBe('conflict');
  });

  it('takes no reason that is none, and no time to come', async () => {
    const certificate = await unrecorded((await issue()).certificate);
    expect(await codeOf(revoke(certificate, 'removeFromCRL'))).toBe('badRevocationReason');
    const later = Math.floor(service.clock.now() / 1000) + 60;
    expect(await codeOf(revoke(certificate, 'superseded', admin, later))).toBe('malformed');
  });
});
