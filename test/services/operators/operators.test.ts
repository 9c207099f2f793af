import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { encodeName } from '../../../src/domain/x509/name.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr, type CsrParts, commonName } from '../../support/csr-builder.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

/** As `openssl req -new` makes it without any name. */
const operatorCsr = (parts: CsrParts = {}) =>
  buildCsr({ key: makeSigningKey(), subject: encodeName([]), attributes: [], ...parts });

const add = (name: string, role: 'admin' | 'operator' | 'auditor' = 'operator', csrDer = operatorCsr()) =>
  service.services.addOperator(admin, { name, role, csrDer });

const events = async () => (await service.inventory.auditEvents(0, 10_000)).map(({ kind, object }) => [kind, object]);
const reasonsOf = async (call: Promise<unknown>) =>
  ((await rejectionOf(call)) as { reasons: { code: string }[] }).reasons.map(({ code }) => code);

describe('adding an operator', () => {
  it('issues a client certificate of system in its name, by which it is known from then on', async () => {
    const { operator, issued, certificates } = await add('alice');
    expect(operator).toMatchObject({ name: 'alice', role: 'operator' });
    expect(certificates.map(({ serial }) => serial)).toEqual([issued.record.serial]);
    expect(issued.record).toMatchObject({ purpose: 'operator', owner: 'alice', authority: 'system' });
    expect(issued.record.requestedBy).toBe('operator:admin');
    const parsed = parseCertificate(issued.der);
    expect([parsed.extKeyUsage, parsed.names]).toEqual([[oids.clientAuth], []]);
    expect(issued.record.subject).toBe('CN=alice,O=Privyseal');
    expect(await service.services.authenticateOperator(issued.der)).toEqual({
      kind: 'operator',
      name: 'alice',
      role: 'operator',
      serial: issued.record.serial,
    });
    expect((await events()).slice(-3)).toEqual([
      ['certificate.requested', `certificate:${issued.record.serial}`],
      ['certificate.issued', `certificate:${issued.record.serial}`],
      ['operator.created', 'operator:alice'],
    ]);
  });

  it('refuses a name that exists, and one that is none', async () => {
    await add('twice');
    expect(await codeOf(add('twice'))).toBe('conflict');
    for (const name of ['', 'Alice', '../x', 'a/b', 'ålice', 'a'.repeat(65), '-a', 'a b']) {
      expect(await codeOf(add(name)), name).toBe('malformed');
    }
  });

  it('leaves nothing open of those who asked for one name at the same time, whose keys may be tried again', async () => {
    const csrs = Array.from({ length: 8 }, () => operatorCsr());
    const results = await Promise.allSettled(csrs.map((csrDer) => add('frank', 'operator', csrDer)));
    const lost = csrs.filter((_csr, at) => results[at]!.status === 'rejected');
    expect(lost).toHaveLength(7);
    expect(await service.inventory.unfinishedIntents(Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect((await add('grace', 'operator', lost[0])).operator.name).toBe('grace');
  });

  it('refuses a CSR for somebody else or with names, with every reason, and leaves no operator', async () => {
    const csr = buildCsr({ key: makeSigningKey(), subject: commonName('mallory') });
    expect(await reasonsOf(add('carol', 'operator', csr))).toEqual(['subjectNotAllowed', 'nameNotAllowed']);
    expect(await codeOf(service.services.readOperator(admin, 'carol'))).toBe('notFound');
  });

  it('takes a CSR whose CN is the name', async () => {
    const csr = operatorCsr({ subject: commonName('dave') });
    expect((await add('dave', 'operator', csr)).operator.name).toBe('dave');
  });

  it('refuses a CSR that proves no possession of its key', async () => {
    const csr = Uint8Array.from(operatorCsr());
    csr[csr.length - 1]! ^= 1;
    expect(await codeOf(add('eve', 'operator', csr))).toBe('badCSR');
  });

  it('refuses a key that was certified before, for a product as for an operator', async () => {
    const key = makeSigningKey();
    await add('first', 'operator', operatorCsr({ key }));
    expect(await reasonsOf(add('second', 'operator', operatorCsr({ key })))).toEqual(['keyBelongsToOperator']);
    const product = certified(service, await demoToken(service), { csrDer: buildCsr({ key }) });
    expect(await reasonsOf(product)).toEqual(['keyBelongsToOperator']);
  });

  it('keeps to the lifetime that was asked for, up to a year', async () => {
    const input = { name: 'short', role: 'auditor', csrDer: operatorCsr(), lifetimeSeconds: 3600 } as const;
    const { record } = (await service.services.addOperator(admin, input)).issued;
    expect(record.notAfter).toBe(Math.floor(service.clock.now() / 1000) + 3600);
    const long = { ...input, name: 'long', csrDer: operatorCsr(), lifetimeSeconds: 366 * 86_400 };
    expect(await reasonsOf(service.services.addOperator(admin, long))).toEqual(['lifetimeTooLong']);
  });

  it('answers an Idempotency-Key again with the same certificate', async () => {
    const idempotency = { key: 'k1', bodySha256: 'ab'.repeat(32) };
    const input = { name: 'again', role: 'operator', csrDer: operatorCsr(), idempotency } as const;
    const first = await service.services.addOperator(admin, input);
    const second = await service.services.addOperator(admin, input);
    expect(Buffer.compare(second.issued.der, first.issued.der)).toBe(0);
    const other = { ...input, idempotency: { key: 'k1', bodySha256: 'cd'.repeat(32) } };
    expect(await codeOf(service.services.addOperator(admin, other))).toBe('idempotencyConflict');
  });

  it('leaves nothing behind while the clock cannot be believed', async () => {
    service.jump(-3600);
    expect(await codeOf(add('early', 'admin'))).toBe('clockUnsafe');
    service.jump(3600);
    expect(await service.inventory.operator('early')).toBeUndefined();
  });

  it('leaves nothing behind when the signer fails, so that the same CSR may be sent again', async () => {
    let broken = false;
    const failing = await firstRunService({
      home: folder('failing'),
      wrapVault: (vault) =>
        new Proxy(vault, {
          get(target, property) {
            if (property !== 'signer') return Reflect.get(target, property).bind?.(target) ?? target.name;
            return async (...args: Parameters<Vault['signer']>) => {
              const signer = await target.signer(...args);
              return {
                ...signer,
                sign: (tbs: Uint8Array) => (broken ? Promise.reject(new Error('down')) : signer.sign(tbs)),
              };
            };
          },
        }),
    });
    const input = { name: 'alice', role: 'operator', csrDer: operatorCsr() } as const;
    broken = true;
    expect(await codeOf(failing.services.addOperator(admin, input))).toBe('signerUnavailable');
    expect(await codeOf(failing.services.readOperator(admin, 'alice'))).toBe('notFound');
    broken = false;
    expect((await failing.services.addOperator(admin, input)).operator.name).toBe('alice');
    await failing.close();
  });
});

describe('an operator', () => {
  it('renews for no longer than an admin gave it, and an admin as it likes', async () => {
    const csrDer = operatorCsr();
    const { issued } = await service.services.addOperator(admin, {
      ...{ name: 'guest', role: 'auditor', csrDer, lifetimeSeconds: 3600 },
    });
    const self: Caller = { kind: 'operator', name: 'guest', role: 'auditor', serial: issued.record.serial };
    const renew = async (caller: Caller, lifetimeSeconds?: number) => {
      const asked = { csrDer: operatorCsr(), ...(lifetimeSeconds !== undefined && { lifetimeSeconds }) };
      const { record } = await service.services.issueOperatorCertificate(caller, 'guest', asked);
      return record.notAfter - service.clock.now() / 1000;
    };
    expect(await renew(self)).toBe(3600);
    expect(await renew(self, 600)).toBe(600);
    expect(await renew(self, 3600)).toBe(3600);
    expect(await reasonsOf(renew(self, 3601))).toEqual(['lifetimeTooLong']);
    service.pass(60);
    expect(await renew(self)).toBe(3600);
    expect(await renew(admin)).toBe(365 * 86_400);
  });

  it('renews with a new key, and its earlier certificate stays good', async () => {
    const { issued } = await add('renewing', 'auditor');
    const self: Caller = { kind: 'operator', name: 'renewing', role: 'auditor', serial: issued.record.serial };
    const next = await service.services.issueOperatorCertificate(self, 'renewing', { csrDer: operatorCsr() });
    expect(next.record.requestedBy).toBe('operator:renewing');
    for (const { der } of [issued, next]) {
      expect(await service.services.authenticateOperator(der)).toMatchObject({ name: 'renewing' });
    }
    const { certificates } = await service.services.readOperator(admin, 'renewing');
    expect(certificates).toHaveLength(2);
    const nobody = service.services.issueOperatorCertificate(admin, 'nobody', { csrDer: operatorCsr() });
    expect(await codeOf(nobody)).toBe('notFound');
  });

  it('is another from the next request on when its role changes, and whoever holds its connections is told', async () => {
    const { issued } = await add('demoted', 'admin');
    const told: string[] = [];
    service.services.onRoleChange((serial) => told.push(serial));
    await service.services.changeOperatorRole(admin, 'demoted', 'auditor');
    expect(told).toEqual([issued.record.serial]);
    expect(await service.services.authenticateOperator(issued.der)).toMatchObject({ role: 'auditor' });
    expect((await events()).at(-1)).toEqual(['operator.roleChanged', 'operator:demoted']);
    expect(await codeOf(service.services.changeOperatorRole(admin, 'nobody', 'admin'))).toBe('notFound');
  });

  it('is nobody when it is removed, also when its name comes back', async () => {
    const { issued } = await add('leaver');
    const told: string[] = [];
    service.services.onRevoked((serial) => told.push(serial));
    expect(await service.services.removeOperator(admin, 'leaver')).toEqual([issued.record.serial]);
    expect(told).toEqual([issued.record.serial]);
    expect(await codeOf(service.services.authenticateOperator(issued.der))).toBe('unauthorized');
    await add('leaver', 'admin');
    expect(await codeOf(service.services.authenticateOperator(issued.der))).toBe('unauthorized');
    expect(await codeOf(service.services.removeOperator(admin, 'nobody'))).toBe('notFound');
  });
});

describe('an admin that was let in as one and is none any more', () => {
  it.each([
    ['demoted', (name: string) => service.services.changeOperatorRole(admin, name, 'auditor')],
    ['removed', (name: string) => service.services.removeOperator(admin, name)],
  ])('makes nobody an operator, certifies nobody else, changes and removes nobody: %s', async (how, oust) => {
    const { services } = service;
    const [name, other] = [`${how}-admin`, `${how}-others`];
    const { serial } = (await add(name, 'admin')).issued.record;
    const caller: Caller = { kind: 'operator', name, role: 'admin', serial };
    await add(other);
    await oust(name);
    const acts = [
      () => services.addOperator(caller, { name: `${how}-friend`, role: 'admin', csrDer: operatorCsr() }),
      () => services.issueOperatorCertificate(caller, other, { csrDer: operatorCsr() }),
      () => services.changeOperatorRole(caller, other, 'admin'),
      () => services.removeOperator(caller, other),
    ];
    for (const act of acts) expect(await codeOf(act())).toBe('unauthorized');
    expect(await service.inventory.operator(`${how}-friend`)).toBeUndefined();
    const { operator, certificates } = await services.readOperator(admin, other);
    expect([operator.role, certificates.length]).toEqual(['operator', 1]);
  });
});

describe('the last admin', () => {
  it('stays: removed, demoted or revoked by nobody, not even by two at once', async () => {
    const alone = await firstRunService({ home: folder('alone') });
    const { services } = alone;
    expect(await codeOf(services.removeOperator(admin, 'admin'))).toBe('lastAdmin');
    expect(await codeOf(services.changeOperatorRole(admin, 'admin', 'operator'))).toBe('lastAdmin');
    const { issued } = await services.addOperator(admin, { name: 'second', role: 'admin', csrDer: operatorCsr() });
    const second: Caller = { kind: 'operator', name: 'second', role: 'admin', serial: issued.record.serial };
    const results = await Promise.allSettled([
      services.removeOperator(admin, 'second'),
      services.removeOperator(second, 'admin'),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await services.listOperators(admin)).toHaveLength(1);
    await alone.close();
  });

  it('is only an admin alone: others may neither revoke an operator’s certificate nor release one', async () => {
    const { serial } = (await add('watched')).issued.record;
    const caller: Caller = { kind: 'operator', name: 'o', role: 'operator', serial: '00' };
    const { revokeCertificate, releaseCertificate } = service.services;
    const revoked = revokeCertificate(caller, serial, { reason: 'superseded' });
    expect(await reasonsOf(revoked)).toEqual(['roleNotAllowed']);
    await revokeCertificate(admin, serial, { reason: 'certificateHold' });
    expect(await reasonsOf(releaseCertificate(caller, serial))).toEqual(['roleNotAllowed']);
    expect((await releaseCertificate(admin, serial)).record.state).toBe('issued');
  });
});
