import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { certified, rotated } from '../../support/certified.ts';
import { failingVault, waitingVault } from '../../support/changed-vault.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let signerFails = false;
let whileSigning = async (): Promise<void> => undefined;
let service: TestService;

beforeAll(async () => {
  service = await firstRunService({
    home: folder('data'),
    wrapVault: (vault) =>
      waitingVault(
        failingVault(vault, () => signerFails),
        () => whileSigning(),
      ),
  });
});
afterAll(() => service.close());

const freshCsr = (names = ['demo.dev.internal']) => buildCsr({ key: makeSigningKey(), names });
const namelessCsr = () => buildCsr({ key: makeSigningKey(), attributes: [], subject: new Uint8Array([0x30, 0]) });
const reasonsOf = async (call: Promise<unknown>): Promise<string[]> =>
  ((await rejectionOf(call)) as CaError).reasons.map(({ code }) => code);
const auditKinds = async (object: string): Promise<string[]> =>
  (await service.inventory.auditEvents(0, 100_000)).filter((event) => event.object === object).map(({ kind }) => kind);

describe('renewalInfo', () => {
  it('tells of a product’s certificate, and of nothing else', async () => {
    const { record } = await certified(service, await demoToken(service), {
      csrDer: buildCsr({ key: makeSigningKey() }),
    });
    const { start, end, reason } = await service.services.renewalInfo(record.serial.toUpperCase());
    expect(reason).toBe('lifetime');
    expect([start > record.notBefore, end > start, end < record.notAfter]).toEqual([true, true, true]);
    const system = (await service.services.authority('system')).certificate.serial;
    for (const serial of [system, '00'.repeat(20), 'nonsense', '']) {
      await expect(service.services.renewalInfo(serial)).rejects.toMatchObject({ code: 'notFound' });
    }
  });
});

describe('submitRequest', () => {
  it('issues, records and audits a certificate whose bytes are those of the record', async () => {
    const view = await certified(service, await demoToken(service), { csrDer: freshCsr() });
    const parsed = parseCertificate(view.der);
    const recorded = await service.inventory.certificate(view.record.serial);
    expect(parsed.serial).toBe(view.record.serial);
    expect(recorded).toEqual(view.record);
    expect(Buffer.compare(view.der, (await service.inventory.certificateDer(view.record.serial))!)).toBe(0);
    expect(view.chainDer).toHaveLength(1);
    expect(await auditKinds(`certificate:${view.record.serial}`)).toEqual([
      'certificate.requested',
      'certificate.issued',
    ]);
  });

  it('gives exactly one certificate for a token with one use in 100 parallel requests (bad input 36)', async () => {
    const token = await demoToken(service, { usesLeft: 1 });
    const tries = Array.from({ length: 100 }, () => certified(service, token, { csrDer: freshCsr() }));
    const settled = await Promise.allSettled(tries);
    const refused = settled
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason.reasons[0].code);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(refused).toEqual(Array.from({ length: 99 }, () => 'tokenUsedUp'));
  });

  it('is no way for operators, who are no product', async () => {
    expect(await codeOf(service.services.submitRequest(admin, { csrDer: freshCsr() }))).toBe('unauthorized');
  });

  it('refuses a token that expired after it was recognised', async () => {
    const token = await demoToken(service, { expiresInSeconds: 10 });
    service.pass(11);
    expect(await reasonsOf(certified(service, token, { csrDer: freshCsr() }))).toEqual(['tokenExpired']);
  });

  it('answers the same certificate for the same Idempotency-Key, also 100 times at once (bad input 37)', async () => {
    const token = await demoToken(service);
    const input = { csrDer: freshCsr(), idempotency: { key: 'k1', bodySha256: 'a'.repeat(64) } };
    const views = await Promise.all(Array.from({ length: 100 }, () => certified(service, token, input)));
    expect(new Set(views.map(({ record }) => record.serial)).size).toBe(1);
    const other = { ...input, idempotency: { key: 'k1', bodySha256: 'b'.repeat(64) } };
    expect(await codeOf(certified(service, token, other))).toBe('idempotencyConflict');
  });

  it('keeps the Idempotency-Keys of different callers apart', async () => {
    const idempotency = { key: 'k2', bodySha256: 'c'.repeat(64) };
    const first = await certified(service, await demoToken(service), { csrDer: freshCsr(), idempotency });
    const second = await certified(service, await demoToken(service), { csrDer: freshCsr(), idempotency });
    expect(first.record.serial).not.toBe(second.record.serial);
  });

  it('refuses a key that is an authority’s, an operator’s or compromised (bad input 34)', async () => {
    const token = await demoToken(service);
    const key = makeSigningKey();
    const view = await certified(service, token, { csrDer: buildCsr({ key }) });
    await service.services.revokeCertificate(admin, view.record.serial, { reason: 'keyCompromise' });
    expect(await reasonsOf(certified(service, token, { csrDer: buildCsr({ key }) }))).toEqual(['keyCompromised']);
  });

  it('refuses a key that was compromised while its certificate was being signed', async () => {
    const token = await demoToken(service, { usesLeft: 2 });
    const key = makeSigningKey();
    const { record } = await certified(service, token, { csrDer: buildCsr({ key }) });
    whileSigning = async () => {
      whileSigning = async () => undefined;
      await service.services.revokeCertificate(admin, record.serial, { reason: 'keyCompromise' });
    };
    expect(await reasonsOf(certified(service, token, { csrDer: buildCsr({ key }) }))).toEqual(['keyCompromised']);
    // Nothing came of the try, so that it took no use of the token.
    await expect(certified(service, token, { csrDer: freshCsr() })).resolves.toMatchObject({
      record: { state: 'issued' },
    });
  });

  it('refuses a profile that product or token may not use, and says which it may', async () => {
    const token = await demoToken(service);
    const call = certified(service, token, { csrDer: freshCsr(), profile: 'root-authority' });
    expect(await reasonsOf(call)).toEqual(['profileNotAllowed']);
  });

  it('gives a token the profiles that it was made with, and the first of its product’s where none is named', async () => {
    const { id, version } = await service.services.createProduct(admin, {
      environment: 'dev',
      ...{ name: 'profiles', nameRules: ['profiles.dev'], profiles: ['server', 'client', 'peer'] },
    });
    const wanted = { product: id, uses: null, lifetimeSeconds: 3600, profiles: ['peer', 'client'] };
    const caller = await service.services.authenticateToken((await service.services.createToken(admin, wanted)).secret);
    const names = ['profiles.dev'];
    const request = async (profile?: string) => {
      const csrDer = buildCsr({ key: makeSigningKey(), names, subject: new Uint8Array([0x30, 0]) });
      return certified(service, caller, { csrDer, ...(profile !== undefined && { profile }) });
    };
    const refusalOf = async (profile?: string) => ((await rejectionOf(request(profile))) as CaError).reasons;
    expect((await request()).record.profile).toBe('client');
    expect((await request('peer')).record.profile).toBe('peer');
    expect(await refusalOf('server')).toMatchObject([
      { code: 'profileNotAllowed', value: 'server', message: expect.stringContaining('made without') },
    ]);
    const [reason, ...others] = await refusalOf('nginx');
    expect([reason?.message, others]).toEqual([`${id} may not use this profile. Use one of: client, peer.`, []]);

    await service.services.changeProduct(admin, id, { version, nameRules: ['profiles.dev'], profiles: ['server'] });
    const [none] = await refusalOf();
    expect(none).toMatchObject({ message: expect.stringMatching(/made without .* There is none it may use\.$/) });
    expect(none).not.toHaveProperty('value');
  });

  it('refuses who was recognised for a product that is removed meanwhile', async () => {
    const product = { environment: 'dev', name: 'removed', nameRules: ['removed.dev'] };
    const { id } = await service.services.createProduct(admin, product);
    const wanted = { product: id, uses: null, lifetimeSeconds: 3600 };
    const caller = await service.services.authenticateToken((await service.services.createToken(admin, wanted)).secret);
    await service.services.removeProduct(admin, id);
    const refused = await rejectionOf(service.services.submitRequest(caller, { csrDer: freshCsr(['removed.dev']) }));
    expect(refused).toMatchObject({ code: 'unauthorized', message: expect.stringContaining(id) });
  });

  it('lists every reason of a refusal at once', async () => {
    const call = certified(service, await demoToken(service), {
      csrDer: freshCsr(['demo.dev.internal', 'evil.example.org', '*.demo.dev.internal']),
      lifetimeSeconds: 10,
    });
    expect(await reasonsOf(call)).toEqual(['nameNotAllowed', 'nameNotAllowed', 'lifetimeTooShort']);
  });

  it('signs nothing while the clock is not believed', async () => {
    const token = await demoToken(service);
    service.jump(-7200);
    expect(await codeOf(certified(service, token, { csrDer: freshCsr() }))).toBe('clockUnsafe');
    service.jump(7200);
    expect(await codeOf(certified(service, token, { csrDer: new Uint8Array() }))).toBe('badCSR');
  });

  it('closes the intent and gives the token use back when the signer fails', async () => {
    const token = await demoToken(service, { usesLeft: 1 });
    signerFails = true;
    expect(await codeOf(certified(service, token, { csrDer: freshCsr() }))).toBe('signerUnavailable');
    signerFails = false;
    expect(await service.inventory.unfinishedIntents(Number.MAX_SAFE_INTEGER)).toEqual([]);
    await expect(certified(service, token, { csrDer: freshCsr() })).resolves.toBeDefined();
  });
});

describe('rotateCertificate', () => {
  const enrol = async () => {
    const { record } = await certified(service, await demoToken(service), { csrDer: freshCsr() });
    return { record, caller: { kind: 'product', product: 'dev/demo', serial: record.serial } as const };
  };

  it('gives one successor with the same names and profile, and links both', async () => {
    const { record, caller } = await enrol();
    const successor = await rotated(service, caller, record.serial, { csrDer: namelessCsr() });
    expect(successor.record).toMatchObject({
      predecessor: record.serial,
      names: record.names,
      profile: record.profile,
    });
    expect((await service.inventory.certificate(record.serial))?.successor).toBe(successor.record.serial);
    const again = rotated(service, caller, record.serial, { csrDer: freshCsr() });
    expect(await codeOf(again)).toBe('conflict');
  });

  it('gives one successor for 20 parallel rotations', async () => {
    const { record, caller } = await enrol();
    const tries = Array.from({ length: 20 }, () => rotated(service, caller, record.serial, { csrDer: freshCsr() }));
    const settled = await Promise.allSettled(tries);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('refuses other names, another profile or the same key (bad input 39)', async () => {
    const key = makeSigningKey();
    const { record } = await certified(service, await demoToken(service), { csrDer: buildCsr({ key }) });
    const caller = { kind: 'product', product: 'dev/demo', serial: record.serial } as const;
    const rotate = (csrDer: Uint8Array, profile?: string) =>
      reasonsOf(rotated(service, caller, record.serial, { csrDer, ...(profile && { profile }) }));
    expect(await rotate(freshCsr(['a.demo.dev.internal']))).toEqual(['rotationChangesNames']);
    expect(await rotate(freshCsr(), 'client')).toEqual(['profileNotAllowed']);
    expect(await rotate(buildCsr({ key }))).toEqual(['rotationReusesKey']);
  });

  it('is authorised by no other certificate of the product (bad input 38)', async () => {
    const { record } = await enrol();
    const { caller } = await enrol();
    const rotate = rotated(service, caller, record.serial, { csrDer: freshCsr() });
    expect(await codeOf(rotate)).toBe('unauthorized');
  });
});

describe('authenticateProduct', () => {
  it('knows a live certificate, and refuses revoked, expired and foreign ones (bad input 38)', async () => {
    const { record, der } = await certified(service, await demoToken(service), { csrDer: freshCsr() });
    expect(await service.services.authenticateProduct(der)).toMatchObject({ kind: 'product', product: 'dev/demo' });
    const foreign = Buffer.from(der);
    foreign[foreign.length - 1]! ^= 1;
    expect(await codeOf(service.services.authenticateProduct(foreign))).toBe('unauthorized');
    expect(await codeOf(service.services.authenticateOperator(der))).toBe('unauthorized');
    await service.services.revokeCertificate(admin, record.serial, { reason: 'superseded' });
    expect(await reasonsOf(service.services.authenticateProduct(der))).toEqual(['certificateRevoked']);
    const short = { csrDer: freshCsr(), lifetimeSeconds: 300 };
    const expiring = await certified(service, await demoToken(service), short);
    service.pass(301);
    expect(await reasonsOf(service.services.authenticateProduct(expiring.der))).toEqual(['certificateExpired']);
  });

  it('knows a certificate to the end of its last second, for both ends belong to its validity', async () => {
    const short = { csrDer: freshCsr(), lifetimeSeconds: 300 };
    const { record, der } = await certified(service, await demoToken(service), short);
    service.pass(record.notAfter + 0.5 - record.requestedAt / 1000);
    expect(await service.services.authenticateProduct(der)).toMatchObject({ kind: 'product' });
    service.pass(0.5);
    expect(await reasonsOf(service.services.authenticateProduct(der))).toEqual(['certificateExpired']);
  });

  it('refuses a certificate that is for servers only', async () => {
    const input = { csrDer: freshCsr(), profile: 'server' };
    const { der } = await certified(service, await demoToken(service), input);
    expect(await reasonsOf(service.services.authenticateProduct(der))).toEqual(['certificateNotForClients']);
  });
});

describe('recoverUnfinished', () => {
  it('closes what a crash left between intent and certificate as revoked, and tells it in OCSP and CRL', async () => {
    const home = folder('crashed');
    const crashing = await firstRunService({
      home,
      wrapInventory: (inventory) =>
        new Proxy(inventory, {
          get(target, name) {
            if (name === 'recordIssued' && crashes) return () => new Promise(() => {});
            const value = Reflect.get(target, name);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
    });
    crashes = true;
    void certified(crashing, await demoToken(crashing), { csrDer: freshCsr() });
    await expect.poll(() => crashing.inventory.unfinishedIntents(Number.MAX_SAFE_INTEGER)).toHaveLength(1);
    const [left] = await crashing.inventory.unfinishedIntents(Number.MAX_SAFE_INTEGER);
    crashes = false;
    await crashing.close();
    const next = await openService({ home });
    expect(await next.recoverUnfinished()).toBe(1);
    expect(await next.recoverUnfinished()).toBe(0);
    expect((await next.inventory.certificate(left!.serial))?.revocation?.reason).toBe('cessationOfOperation');
    await next.close();
  });
  let crashes = false;
});

describe('environments', () => {
  it('can have a root that issues by itself', async () => {
    const view = await service.services.createEnvironment(admin, { name: 'small', hierarchy: 'root' });
    expect(view.authorities.map(({ name, role }) => [name, role])).toEqual([['small-root', 'sole']]);
    expect(view.profiles.map(({ name, authority }) => [name, authority])).toEqual([
      ['client', 'small-root'],
      ['peer', 'small-root'],
      ['server', 'small-root'],
    ]);
    const product = {
      id: 'small/app',
      environment: 'small',
      version: 1,
      createdAt: service.clock.now(),
      contacts: [],
      alerts: 'all',
    } as const;
    const rules = { nameRules: [{ kind: 'exact', value: 'app.small' }], profiles: ['peer'] } as const;
    const audit = {
      at: service.clock.now(),
      kind: 'product.created',
      actor: 'test',
      object: 'product:small/app',
    } as const;
    await service.inventory.createProduct({ ...product, ...rules }, audit);
    const caller = { kind: 'product', product: 'small/app', serial: '00' } as const;
    const key = makeSigningKey();
    const csrDer = buildCsr({ key, names: ['app.small'], subject: new Uint8Array([0x30, 0]) });
    const issued = await certified(service, caller, { csrDer });
    expect(issued.chainDer).toEqual([]);
    expect(issued.record.authority).toBe('small-root');
  });

  it('are completed by the next try when the vault was away, and made once', async () => {
    const create = (hierarchy: 'root' | 'two-tier' = 'two-tier') =>
      service.services.createEnvironment(admin, { name: 'halfway', hierarchy });
    signerFails = true;
    try {
      expect(await codeOf(create())).toBe('signerUnavailable');
    } finally {
      signerFails = false;
    }
    expect(await codeOf(create('root'))).toBe('conflict');
    const outcomes = await Promise.allSettled([create(), create(), create()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await codeOf(create())).toBe('conflict');
    const kinds = await auditKinds('environment:halfway');
    expect(kinds).toEqual(['environment.created']);
    expect(await service.services.trustBundle('halfway')).toHaveLength(1);
  });

  it('have names of their own', async () => {
    const create = (name: string) => service.services.createEnvironment(admin, { name, hierarchy: 'two-tier' });
    expect(await codeOf(create('dev'))).toBe('conflict');
    expect(await codeOf(create('system'))).toBe('conflict');
  });
});

describe('ensureFirstRun', () => {
  it('is completed by the next start, wherever it was cut short', async () => {
    const calls = [
      'createAuthority',
      'recordIntent',
      'recordIssued',
      'activateAuthority',
      'createEnvironment',
      'createProduct',
      'createOperator',
      'createToken',
      'setSetting',
    ];
    for (const [index, call] of calls.entries()) {
      const home = folder(`cut-${index}`);
      const cut = await openService({
        home,
        wrapInventory: (inventory) =>
          new Proxy(inventory, {
            get(target, name) {
              if (name === call) return () => Promise.reject(new Error('cut'));
              const value = Reflect.get(target, name);
              return typeof value === 'function' ? value.bind(target) : value;
            },
          }),
      });
      await expect(cut.ensureFirstRun(), call).rejects.toThrow('cut');
      await cut.close();
      const healed = await openService({ home });
      await healed.recoverUnfinished();
      expect(await healed.ensureFirstRun(), call).toBe(true);
      const view = await certified(healed, await demoToken(healed), { csrDer: freshCsr() });
      expect(view.chainDer, call).toHaveLength(1);
      await healed.close();
      expect(join(home, 'demo/token')).toBeDefined();
    }
  });

  it('makes nothing again once it is completed', async () => {
    const before = await service.inventory.counts();
    expect(await service.ensureFirstRun()).toBe(false);
    expect(await service.inventory.counts()).toEqual(before);
  });
});
