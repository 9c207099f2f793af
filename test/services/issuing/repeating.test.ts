/** The same Idempotency-Key and body get the same answer for a day, whatever has happened since. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/services/caller.ts';
import type { CertificateView } from '../../../src/services/services.ts';
import { certified, rotated } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

let keys = 0;
const newInput = () => ({
  csrDer: buildCsr({ key: makeSigningKey() }),
  idempotency: { key: `key ${keys++}`, bodySha256: 'a'.repeat(64) },
});
const otherBody = <T extends { idempotency: object }>(input: T) => ({
  ...input,
  idempotency: { ...input.idempotency, bodySha256: 'b'.repeat(64) } as { key: string; bodySha256: string },
});

/** Bytes as bytes, whether they come from a Buffer or not. */
const plain = ({ der, ...view }: CertificateView) => ({ ...view, der: Buffer.from(der) });

describe('a repeated submission', () => {
  it('is answered with the certificate as it was issued, although it was revoked meanwhile', async () => {
    const token = await demoToken(service, { usesLeft: 1 });
    const input = newInput();
    const first = await certified(service, token, input);
    await service.services.revokeCertificate(admin, first.record.serial, { reason: 'superseded' });
    expect(plain(await certified(service, token, input))).toEqual(plain(first));
    expect((await service.inventory.certificate(first.record.serial))?.state).toBe('revoked');
  });

  it('is answered without the successor that it has meanwhile', async () => {
    const token = await demoToken(service);
    const input = newInput();
    const first = await certified(service, token, input);
    const { serial } = first.record;
    await rotated(service, { kind: 'product', product: 'dev/demo', serial }, serial, newInput());
    expect((await service.inventory.certificate(serial))?.successor).not.toBeNull();
    expect(plain(await certified(service, token, input))).toEqual(plain(first));
  });

  it('is answered before its CSR is looked at, and refused with another body', async () => {
    const token = await demoToken(service);
    const input = newInput();
    const first = await certified(service, token, input);
    const unread = { ...input, csrDer: new Uint8Array() };
    expect((await certified(service, token, unread)).record.serial).toBe(first.record.serial);
    expect(await codeOf(certified(service, token, otherBody(unread)))).toBe('idempotencyConflict');
  });

  it('is a new one after 24 hours', async () => {
    const token = await demoToken(service, { expiresInSeconds: 100 * 3600 });
    const input = newInput();
    const first = await certified(service, token, input);
    service.pass(24 * 3600 - 1);
    expect((await certified(service, token, input)).record.serial).toBe(first.record.serial);
    service.pass(1);
    expect((await certified(service, token, input)).record.serial).not.toBe(first.record.serial);
  });
});

describe('a repeated rotation', () => {
  async function issued() {
    const { record } = await certified(service, await demoToken(service), newInput());
    const caller: Caller = { kind: 'product', product: 'dev/demo', serial: record.serial };
    return { serial: record.serial, caller };
  }

  it('is answered with the same successor; with another body or key it is refused', async () => {
    const { serial, caller } = await issued();
    const input = newInput();
    const first = await rotated(service, caller, serial, input);
    expect(plain(await rotated(service, caller, serial, input))).toEqual(plain(first));
    const others = [otherBody(input), newInput()];
    const codes = await Promise.all(others.map((other) => codeOf(rotated(service, caller, serial, other))));
    expect(codes).toEqual(['idempotencyConflict', 'conflict']);
  });

  it('gives one successor, 100 times at once', async () => {
    const { serial, caller } = await issued();
    const input = newInput();
    const tries = Array.from({ length: 100 }, () => rotated(service, caller, serial, input));
    const serials = (await Promise.all(tries)).map(({ record }) => record.serial);
    expect(new Set(serials).size).toBe(1);
    expect((await service.inventory.certificate(serial))?.successor).toBe(serials[0]);
  });
});
