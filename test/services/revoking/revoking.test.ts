import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { parseOcspResponse } from '../../../src/domain/ocsp/read-response.ts';
import { revocationReasons } from '../../../src/domain/policy/revocation-reason.ts';
import type { CertificateRecord } from '../../../src/domain/records/certificate.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { listedPage } from '../../support/listed-page.ts';
import { encodeCertId, encodeOcspRequest, nonceExtension } from '../../support/ocsp-request.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
/** What the inventory is made to forget to list, and what it is made to know nothing of at all. */
const vanished = new Set<string>();
const forgotten = new Set<string>();

/** What happens between the reading of a list and its signing. */
let meanwhile = async (): Promise<void> => undefined;

/** Whether the disk takes no list. */
let isFull = false;

/** What happens before a certificate that is signed is recorded as that. */
let beforeIssued = async (_serial: string): Promise<void> => undefined;

/** What happens once between the reading of the next certificate and whatever its reader does with it. */
let behindTheReader: (() => Promise<void>) | undefined;

const forgetful = (inventory: Inventory): Inventory =>
  new Proxy(inventory, {
    get(target, name) {
      if (name === 'revokedEntries') {
        return async (authority: string, at: number) => {
          const entries = await target.revokedEntries(authority, at);
          if (authority === 'dev-issuing') await meanwhile();
          return entries.filter(({ serial }) => !vanished.has(serial));
        };
      }
      if (name === 'recordCrl' && isFull) return () => Promise.reject(new CaError('inventoryUnavailable', 'full'));
      if (name === 'recordIssued') {
        return async (issuance: Parameters<Inventory['recordIssued']>[0]) => {
          await beforeIssued(issuance.serial);
          return target.recordIssued(issuance);
        };
      }
      if (name === 'certificate') {
        return async (serial: string) => {
          const record = forgotten.has(serial) ? undefined : await target.certificate(serial);
          const happens = behindTheReader;
          behindTheReader = undefined;
          await happens?.();
          return record;
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

beforeAll(async () => {
  service = await firstRunService({ home: folder('data'), wrapInventory: forgetful });
});
afterAll(() => service.close());

const day = 86_400;

async function issue(lifetimeSeconds = 30 * day): Promise<CertificateRecord> {
  const csrDer = buildCsr({ key: makeSigningKey() });
  return (await certified(service, await demoToken(service), { csrDer, lifetimeSeconds })).record;
}

const revoke = (serial: string, reason = 'superseded', caller: Caller = admin) =>
  service.services.revokeCertificate(caller, serial, { reason });
const product: Caller = { kind: 'product', product: 'dev/demo', serial: '00' };

async function crlEntry(serial: string) {
  await service.housekeep();
  const { der } = await service.services.crl('dev-issuing');
  return parseCrl(der).entries.find((entry) => entry.serial === serial);
}

describe('revokeCertificate', () => {
  it.each([
    'unspecified',
    'keyCompromise',
    'cACompromise',
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'certificateHold',
    'privilegeWithdrawn',
    'aACompromise',
  ])('for %s is on the next list with that reason', async (reason) => {
    const { serial } = await issue();
    await revoke(serial, reason);
    expect((await crlEntry(serial))?.reason).toBe(reason);
  });

  it('is done once: the second time is alreadyRevoked', async () => {
    const { serial } = await issue();
    await revoke(serial);
    expect(await codeOf(revoke(serial))).toBe('alreadyRevoked');
  });

  it('may add that the key is compromised, which the next list says, and nobody gets the key certified again', async () => {
    const { serial } = await issue();
    await revoke(serial, 'superseded');
    const before = (await crlEntry(serial))!;
    service.pass(60);
    expect((await revoke(serial, 'keyCompromise')).record.revocation).toEqual({
      at: before.at,
      reason: 'keyCompromise',
    });
    expect(await crlEntry(serial)).toMatchObject({ at: before.at, reason: 'keyCompromise' });
    expect(await codeOf(revoke(serial, 'privilegeWithdrawn'))).toBe('alreadyRevoked');
  });

  it('keeps a product to its own certificates and to its own reasons', async () => {
    const { serial } = await issue();
    expect(await codeOf(revoke(serial, 'superseded', { ...product, product: 'dev/other' }))).toBe('notFound');
    expect(await codeOf(revoke(serial, 'certificateHold', product))).toBe('badRevocationReason');
    expect(await codeOf(revoke(serial, 'removeFromCRL'))).toBe('badRevocationReason');
    expect((await revoke(serial, 'keyCompromise', product)).record.state).toBe('revoked');
  });

  it.each(Object.keys(revocationReasons))('lets a product say %s only where that is for it to say', async (reason) => {
    const forOperators = ['cACompromise', 'aACompromise', 'certificateHold', 'privilegeWithdrawn'].includes(reason);
    // The reason is judged first, whatever becomes of the rest.
    const code = forOperators ? 'badRevocationReason' : 'notFound';
    expect(await codeOf(revoke('00', reason, product))).toBe(code);
    expect(await codeOf(revoke('00', reason))).toBe('notFound');
  });

  it('takes no invalidityDate of the future, nor one of before 1970', async () => {
    const { serial } = await issue();
    const now = Math.floor(service.clock.now() / 1000);
    const since = (invalidityDate: number) =>
      service.services.revokeCertificate(admin, serial, { reason: 'keyCompromise', invalidityDate });
    for (const time of [now + 1, -1]) expect(await codeOf(since(time))).toBe('malformed');
    await since(now);
    expect((await crlEntry(serial))?.invalidityDate).toBe(now);
  });

  it('leaves the last admin a way in, and the service its own certificates (bad input 42)', async () => {
    const query = { sort: '-requestedAt', limit: 10 } as const;
    const [own] = (await listedPage(service.services, admin, { ...query, purpose: 'operator' })).items;
    expect(await codeOf(revoke(own!.serial))).toBe('lastAdmin');
    const [root] = (await listedPage(service.services, admin, { ...query, purpose: 'authority' })).items;
    expect(await codeOf(revoke(root!.serial))).toBe('conflict');
  });

  it('for keyCompromise takes the product’s other certificates of this key along', async () => {
    const key = makeSigningKey();
    const csrDer = buildCsr({ key });
    const issueAgain = async () => (await certified(service, await demoToken(service), { csrDer })).record.serial;
    const [first, second] = [await issueAgain(), await issueAgain()];
    const told: string[] = [];
    service.services.onRevoked((serial) => told.push(serial));
    await revoke(first, 'keyCompromise', product);
    expect(told.sort()).toEqual([first, second].sort());
    expect((await crlEntry(second))?.reason).toBe('keyCompromise');
  });

  it('for keyCompromise leaves alone what another product has of this key, unless an operator says so', async () => {
    const nameRules = ['demo.dev.internal'];
    await service.services.createProduct(admin, { environment: 'dev', name: 'neighbour', nameRules });
    const neighbour: Caller = { ...(await demoToken(service)), product: 'dev/neighbour' } as Caller;
    const csrDer = buildCsr({ key: makeSigningKey() });
    const issueTo = async (caller: Caller) => (await certified(service, caller, { csrDer })).record.serial;
    const [own, again] = [await issueTo(await demoToken(service)), await issueTo(await demoToken(service))];
    const theirs = await issueTo(neighbour);
    const stateOf = async (serial: string) => (await service.inventory.certificate(serial))!.state;
    await revoke(own, 'keyCompromise', product);
    expect([await stateOf(again), await stateOf(theirs)]).toEqual(['revoked', 'issued']);

    const shared = buildCsr({ key: makeSigningKey() });
    const issueShared = async (caller: Caller) => (await certified(service, caller, { csrDer: shared })).record.serial;
    // One after the other: what is being issued when the key is reported is refused, and not revoked.
    const [one, other] = [await issueShared(await demoToken(service)), await issueShared(neighbour)];
    await revoke(one, 'keyCompromise');
    expect(await stateOf(other)).toBe('revoked');
  });

  it('is audited, as is a release, with who asked for it and why', async () => {
    const { serial } = await issue();
    await revoke(serial, 'certificateHold');
    await service.services.releaseCertificate(admin, serial);
    await revoke(serial, 'superseded', product);
    const events = await service.inventory.auditEvents(0, 10_000);
    const ofThis = events.filter(({ object }) => object === `certificate:${serial}`);
    expect(ofThis.slice(-3).map(({ kind, actor, details }) => [kind, actor, details?.reason])).toEqual([
      ['certificate.revoked', 'operator:admin', 'certificateHold'],
      ['certificate.released', 'operator:admin', undefined],
      ['certificate.revoked', 'product:dev/demo', 'superseded'],
    ]);
  });

  it('tells those who hold its connections', async () => {
    const told: string[] = [];
    service.services.onRevoked((serial) => told.push(serial));
    const { serial } = await issue();
    await revoke(serial);
    expect(told).toEqual([serial]);
  });
});

describe('a hold', () => {
  it('is released by an operator alone, and leaves list and answer', async () => {
    const { serial } = await issue();
    expect(await codeOf(service.services.releaseCertificate(admin, serial))).toBe('conflict');
    await revoke(serial, 'certificateHold');
    expect(await crlEntry(serial)).toBeDefined();
    expect(await codeOf(service.services.releaseCertificate(product, serial))).toBe('unauthorized');
    const told: string[] = [];
    service.services.onRevoked((revoked) => told.push(revoked));
    await service.services.releaseCertificate(admin, serial);
    expect(await crlEntry(serial)).toBeUndefined();
    // Its connections are good, too.
    expect(told).toEqual([]);
  });

  it('may become a revocation, which is final', async () => {
    const { serial } = await issue();
    await revoke(serial, 'certificateHold');
    await revoke(serial, 'keyCompromise');
    expect((await crlEntry(serial))?.reason).toBe('keyCompromise');
    expect(await codeOf(service.services.releaseCertificate(admin, serial))).toBe('conflict');
  });

  it('that becomes final while a list is being built is final on the next one', async () => {
    const { serial } = await issue();
    await revoke(serial, 'certificateHold');
    meanwhile = async () => {
      meanwhile = async () => undefined;
      await revoke(serial, 'keyCompromise');
    };
    expect((await crlEntry(serial))?.reason).toBe('certificateHold');
    expect((await crlEntry(serial))?.reason).toBe('keyCompromise');
  });

  it('that is put on again while a list is being built is on that list', async () => {
    const { serial } = await issue();
    await revoke(serial, 'certificateHold');
    expect((await crlEntry(serial))?.reason).toBe('certificateHold');
    service.pass(60);
    await service.services.releaseCertificate(admin, serial);
    meanwhile = async () => {
      meanwhile = async () => undefined;
      await revoke(serial, 'certificateHold');
    };
    const before = (await service.services.crl('dev-issuing')).crlNumber;
    expect(await crlEntry(serial)).toMatchObject({
      reason: 'certificateHold',
      at: Math.floor(service.clock.now() / 1000),
    });
    expect((await service.services.crl('dev-issuing')).crlNumber).toBeGreaterThan(before!);
  });
});

describe('the list', () => {
  it('has numbers that only grow, also over a restart', async () => {
    const home = folder('numbers');
    const first = await firstRunService({ home });
    const before = await first.services.crl('dev-root');
    // As seconds do: with what is restored from a backup they go on behind what was published since.
    expect(Number(before.crlNumber)).toBe(before.thisUpdate);
    first.pass(1);
    await first.close();
    const second = await openService({ home });
    await second.housekeep();
    expect((await second.services.crl('dev-root')).crlNumber).toBeGreaterThan(before.crlNumber!);
    await second.close();
  });

  it('is made once, however many are the first to ask for it', async () => {
    const home = folder('first');
    const first = await firstRunService({ home });
    await first.services.crl('dev-root');
    await first.close();
    const second = await openService({ home });
    second.pass(13 * 3600);
    const lists = await Promise.all([1, 2, 3].map(() => second.services.crl('dev-root')));
    expect(new Set(lists.map(({ crlNumber }) => crlNumber)).size).toBe(1);
    await second.close();
  });

  it('is made anew for what its own authority issued, and for nothing else', async () => {
    await service.housekeep();
    const numbers = async () => [
      (await service.services.crl('dev-root')).crlNumber,
      (await service.services.crl('dev-issuing')).crlNumber,
    ];
    const [root, issuing] = await numbers();
    await revoke((await issue()).serial);
    await service.housekeep();
    expect(await numbers()).toEqual([root, expect.not.toBeOneOf([issuing])]);
  });

  it('keeps an entry until it was listed once after its certificate expired', async () => {
    const { serial, notAfter } = await issue(day);
    await revoke(serial);
    service.pass(notAfter - Math.floor(service.clock.now() / 1000) + 60);
    expect(await crlEntry(serial)).toBeDefined();
    service.pass(2 * day);
    expect(await crlEntry(serial)).toBeUndefined();
  });

  it('is made anew before it is served past half of its life', async () => {
    const before = await service.services.crl('dev-issuing');
    const nowSeconds = () => Math.floor(service.clock.now() / 1000);
    service.pass(before.thisUpdate + 12 * 3600 - nowSeconds());
    expect((await service.services.crl('dev-issuing')).crlNumber).toBe(before.crlNumber);
    service.pass(1);
    const after = await service.services.crl('dev-issuing');
    expect(after.crlNumber).toBeGreaterThan(before.crlNumber!);
    expect(after.thisUpdate).toBe(nowSeconds());
  });

  it('is made anew on its schedule after a third of its life, whether or not anybody asks', async () => {
    await service.housekeep();
    const number = async () => (await service.inventory.latestCrl('dev-issuing'))?.crlNumber;
    const { crlNumber, thisUpdate } = (await service.inventory.latestCrl('dev-issuing'))!;
    service.pass(thisUpdate + 8 * 3600 - Math.floor(service.clock.now() / 1000));
    await service.housekeep();
    expect(await number()).toBe(crlNumber);
    service.pass(1);
    await service.housekeep();
    expect(await number()).toBeGreaterThan(crlNumber);
  });

  it('that is past half of its life is no good sign, until there is another', async () => {
    await service.housekeep();
    await service.services.crl('dev-root');
    const crls = async () => (await service.services.readiness()).find(({ name }) => name === 'crls');
    expect(await crls()).toMatchObject({ ready: true });
    service.pass(13 * 3600);
    expect(await crls()).toMatchObject({ ready: false, reason: expect.stringContaining('dev-root: past half') });
    await service.housekeep();
    service.pass(2);
    expect(await crls()).toMatchObject({ ready: true });
  });

  it('is good for no longer than its issuer’s certificate, and then not made anew without need', async () => {
    const ending = await firstRunService({ home: folder('ending') });
    const { certificate } = await ending.directory.get('dev-issuing');
    const nowSeconds = () => Math.floor(ending.clock.now() / 1000);
    ending.pass(certificate.notAfter - nowSeconds() - 3600);
    await ending.housekeep();
    const last = await ending.services.crl('dev-issuing');
    expect([last.thisUpdate, last.nextUpdate]).toEqual([nowSeconds(), certificate.notAfter]);
    ending.pass(3599);
    await ending.housekeep();
    expect((await ending.services.crl('dev-issuing')).thisUpdate).toBe(last.thisUpdate);
    const crls = (await ending.services.readiness()).find(({ name }) => name === 'crls');
    expect(crls).toMatchObject({ ready: true });
    ending.pass(1);
    await ending.housekeep();
    const after = await ending.services.crl('dev-issuing');
    expect([after.thisUpdate, after.nextUpdate]).toEqual([certificate.notAfter, certificate.notAfter + day]);
    await ending.close();
  });

  it('is not signed while the clock is not believed, and the one before it is served', async () => {
    const { serial } = await issue();
    await service.housekeep();
    const { crlNumber } = await service.services.crl('dev-issuing');
    await revoke(serial);
    service.jump(-7200);
    expect(await crlEntry(serial)).toBeUndefined();
    expect((await service.services.crl('dev-issuing')).crlNumber).toBe(crlNumber);
    service.jump(7200);
    expect(await crlEntry(serial)).toBeDefined();
  });

  it('is served once it is recorded, not before', async () => {
    const { serial } = await issue();
    await revoke(serial);
    isFull = true;
    expect(await crlEntry(serial)).toBeUndefined();
    isFull = false;
    expect(await crlEntry(serial)).toBeDefined();
  });

  it('is not published when an unexpired entry vanished, and readiness says so', async () => {
    const { serial } = await issue();
    await revoke(serial);
    expect(await crlEntry(serial)).toBeDefined();
    const { crlNumber } = await service.services.crl('dev-issuing');
    vanished.add(serial);
    await revoke((await issue()).serial);
    await service.housekeep();
    expect((await service.services.crl('dev-issuing')).crlNumber).toBe(crlNumber);
    service.pass(2);
    const crls = (await service.services.readiness()).find(({ name }) => name === 'crls');
    expect(crls).toMatchObject({ ready: false, reason: expect.stringContaining(serial) });
    vanished.clear();
    await service.housekeep();
    expect((await service.services.crl('dev-issuing')).crlNumber).toBeGreaterThan(crlNumber!);
    service.pass(2);
    const again = (await service.services.readiness()).find(({ name }) => name === 'crls');
    expect(again).toMatchObject({ ready: true });
  });

  it('is not published either when nothing is known any more of what was on it', async () => {
    const { serial } = await issue();
    await revoke(serial);
    expect(await crlEntry(serial)).toBeDefined();
    for (const memory of [vanished, forgotten]) memory.add(serial);
    await revoke((await issue()).serial);
    expect(await crlEntry(serial)).toBeDefined();
    for (const memory of [vanished, forgotten]) memory.clear();
  });

  it('lets no unexpired entry vanish over a restart either, and those go whose certificate has expired', async () => {
    const home = folder('restarted');
    const first = await firstRunService({ home });
    const token = await demoToken(first);
    const revoked = async (lifetimeSeconds: number): Promise<string> => {
      const { record } = await certified(first, token, {
        csrDer: buildCsr({ key: makeSigningKey() }),
        lifetimeSeconds,
      });
      await first.services.revokeCertificate(admin, record.serial, { reason: 'superseded' });
      return record.serial;
    };
    const [long, short] = [await revoked(30 * day), await revoked(day)];
    await first.housekeep();
    const { crlNumber } = await first.services.crl('dev-issuing');
    await first.close();

    const second = await openService({ home, wrapInventory: forgetful });
    const list = () => second.services.crl('dev-issuing');
    vanished.add(long);
    await second.housekeep();
    expect((await list()).crlNumber).toBe(crlNumber);
    vanished.clear();
    second.pass(3 * day);
    await second.housekeep();
    const listed = async () => {
      const entries = parseCrl((await list()).der).entries.map(({ serial }) => serial);
      return [entries.includes(long), entries.includes(short)];
    };
    // While nothing made lists it expired: none that was made after that has shown it yet (RFC 5280 §3.3).
    expect(await listed()).toEqual([true, true]);
    second.pass(day);
    await second.housekeep();
    expect(await listed()).toEqual([true, false]);
    await second.close();
  });
});

describe('answerOcsp', () => {
  const issuer = async () => {
    const { facts, parsed } = await service.directory.get('dev-issuing');
    return { subjectDer: facts.subjectDer, key: { spkiDer: parsed.spkiDer } };
  };
  const ask = async (serials: readonly string[], nonce?: Uint8Array) => {
    const certIds = await Promise.all(serials.map(async (serial) => encodeCertId(await issuer(), serial)));
    const request = encodeOcspRequest(certIds, nonce ? { extensions: [nonceExtension(nonce)] } : {});
    return service.services.answerOcsp('dev-issuing', request);
  };
  /** CertStatus by its context tag right behind the CertID, as RFC 6960 §4.2.1 numbers it. */
  const statusOf = async (der: Uint8Array, serial: string): Promise<string> => {
    const certId = Buffer.from(encodeCertId(await issuer(), serial));
    const at = Buffer.from(der).indexOf(certId) + certId.length;
    return { 128: 'good', 161: 'revoked', 130: 'unknown' }[der[at]!] ?? `tag ${der[at]}`;
  };

  it('is good, then revoked at once, for what was issued, and unknown for what was not', async () => {
    const { serial } = await issue();
    expect(await statusOf((await ask([serial])).der, serial)).toBe('good');
    await revoke(serial);
    expect(await statusOf((await ask([serial])).der, serial)).toBe('revoked');
    const never = 'ab'.repeat(20);
    expect(await statusOf((await ask([never])).der, never)).toBe('unknown');
  });

  it('is good as soon as it is issued, although it was unknown to who asked while it was being signed', async () => {
    const before: string[] = [];
    beforeIssued = async (asked) => {
      beforeIssued = async () => undefined;
      const answer = await ask([asked]);
      before.push(await statusOf(answer.der, asked), String(answer.cacheableUntil));
    };
    const { serial } = await issue();
    expect(before).toEqual(['unknown', 'null']);
    expect(await statusOf((await ask([serial])).der, serial)).toBe('good');
  });

  it('answers several CertIDs in one', async () => {
    const [one, two] = [await issue(), await issue()];
    await revoke(two.serial);
    const { der } = await ask([one.serial, two.serial]);
    expect([await statusOf(der, one.serial), await statusOf(der, two.serial)]).toEqual(['good', 'revoked']);
  });

  it('keeps what it said of one from what it says of several, whose changes show at once', async () => {
    const [one, two] = [await issue(), await issue()];
    const both = [one.serial, two.serial];
    expect(await statusOf((await ask(both)).der, two.serial)).toBe('good');
    const { der } = await ask([one.serial]);
    expect(Buffer.from(der).includes(Buffer.from(encodeCertId(await issuer(), two.serial)))).toBe(false);
    await revoke(two.serial);
    expect(await statusOf((await ask(both)).der, two.serial)).toBe('revoked');
  });

  it('says revoked at once to whoever asks, by whatever hash it was asked before', async () => {
    const { serial } = await issue();
    const hashes = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
    const answers = () =>
      Promise.all(
        hashes.map(async (hash) => {
          const certId = Buffer.from(encodeCertId(await issuer(), serial, hash));
          const { der } = await service.services.answerOcsp('dev-issuing', encodeOcspRequest([certId]));
          return der[Buffer.from(der).indexOf(certId) + certId.length];
        }),
      );
    const [good, revoked] = [0x80, 0xa1];
    expect(await answers()).toEqual(hashes.map(() => good));
    await revoke(serial, 'certificateHold');
    expect(await answers()).toEqual(hashes.map(() => revoked));
    await service.services.releaseCertificate(admin, serial);
    expect(await answers()).toEqual(hashes.map(() => good));
  });

  it('does not keep what it was about to say while the certificate was revoked', async () => {
    const { serial } = await issue();
    behindTheReader = async () => void (await revoke(serial));
    expect(await statusOf((await ask([serial])).der, serial)).toBe('good');
    expect(await statusOf((await ask([serial])).der, serial)).toBe('revoked');
  });

  it('answers the same bytes for a while, but never with a nonce', async () => {
    const { serial } = await issue();
    const kept = await ask([serial]);
    expect((await ask([serial])).der).toBe(kept.der);
    expect(kept.cacheableUntil).toBeGreaterThan(service.clock.now() / 1000);
    const nonce = Buffer.from('0123456789abcdef');
    const fresh = await ask([serial], nonce);
    expect(fresh.cacheableUntil).toBeNull();
    expect(Buffer.from(fresh.der).includes(nonce)).toBe(true);
    // Half of its life.
    service.pass(1799);
    expect((await ask([serial])).der).toBe(kept.der);
    service.pass(2);
    expect((await ask([serial])).der).not.toBe(kept.der);
  });

  it('is not signed while the clock is not believed', async () => {
    const { serial } = await issue();
    service.jump(-7200);
    expect(await codeOf(ask([serial]))).toBe('clockUnsafe');
    service.jump(7200);
    expect((await ask([serial])).successful).toBe(true);
  });

  it('knows nothing of what another issuer certified, under the same serial or beside its own', async () => {
    const { serial } = await issue();
    const foreign = encodeCertId({ subjectDer: new Uint8Array([0x30, 0]), key: makeSigningKey() }, serial);
    const ours = encodeCertId(await issuer(), serial);
    const { der } = await service.services.answerOcsp('dev-issuing', encodeOcspRequest([ours, foreign]));
    const status = (certId: Uint8Array) => der[Buffer.from(der).indexOf(Buffer.from(certId)) + certId.length];
    expect([status(ours), status(foreign)]).toEqual([0x80, 0x82]);
    const ofTheRoot = (await service.directory.get('dev-issuing')).certificate.serial;
    expect(await statusOf((await ask([ofTheRoot])).der, ofTheRoot)).toBe('unknown');
  });

  it('takes for its own only what names both its name and its key', async () => {
    const { serial } = await issue();
    const own = await issuer();
    const [otherKey, otherName] = [
      encodeCertId({ ...own, key: makeSigningKey() }, serial),
      encodeCertId({ ...own, subjectDer: new Uint8Array([0x30, 0]) }, serial),
    ];
    const asked = encodeOcspRequest([encodeCertId(own, serial), otherKey, otherName]);
    const { der } = await service.services.answerOcsp('dev-issuing', asked);
    const status = (certId: Uint8Array) => der[Buffer.from(der).indexOf(Buffer.from(certId)) + certId.length];
    expect([status(otherKey), status(otherName)]).toEqual([0x82, 0x82]);
  });

  it('leaves what another authority of ours certified to the address of that one', async () => {
    const { serial } = await issue();
    const asked = encodeOcspRequest([encodeCertId(await issuer(), serial)]);
    const { successful, der } = await service.services.answerOcsp('dev-root', asked);
    expect([successful, der.at(-1)]).toEqual([false, 6]);
  });

  it('is of the second that has begun, which nobody takes for one of the future', async () => {
    const { serial } = await issue();
    service.pass(0.9);
    const answer = parseOcspResponse((await ask([serial])).der);
    expect(typeof answer === 'object' && answer.statuses[0]!.thisUpdate).toBe(Math.floor(service.clock.now() / 1000));
    service.pass(0.1);
  });

  it('is in no cache as long as one of several is unknown', async () => {
    const { serial } = await issue();
    expect((await ask([serial, 'ab'.repeat(20)])).cacheableUntil).toBeNull();
    expect((await ask([serial])).cacheableUntil).not.toBeNull();
  });

  it('says that it is not the responder of another issuer, and that it cannot read what is no request', async () => {
    const foreign = { subjectDer: new Uint8Array([0x30, 0]), key: makeSigningKey() };
    const request = encodeOcspRequest([encodeCertId(foreign, '01')]);
    const answer = await service.services.answerOcsp('dev-issuing', request);
    expect([answer.successful, answer.der.at(-1)]).toEqual([false, 6]);
    const unreadable = await service.services.answerOcsp('dev-issuing', Buffer.from('no'));
    expect([unreadable.successful, unreadable.der.at(-1)]).toEqual([false, 1]);
  });

  it('replaces its responder’s certificate at half of its life, once, however many ask at that moment', async () => {
    const responders = async () =>
      (await listedPage(service.services, admin, { purpose: 'ocspResponder', sort: 'requestedAt', limit: 100 })).items;
    const { serial } = await issue();
    await ask([serial]);
    const before = (await responders()).length;
    service.pass(4 * day);
    await Promise.all([service.housekeep(), ...Array.from({ length: 20 }, () => ask([serial]))]);
    expect((await responders()).length).toBe(before + 1);
  });
});

describe('listCertificates', () => {
  const query = { purpose: 'product', sort: '-requestedAt', limit: 3 } as const;

  it('goes through all pages once, while certificates are being issued', async () => {
    const { certificates } = await service.inventory.counts();
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listedPage(service.services, admin, { ...query, ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ serial }) => serial));
      cursor = page.nextCursor ?? undefined;
      service.pass(1);
      if (seen.length < 10) await issue();
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.length).toBeLessThanOrEqual(certificates);
  });

  it('refuses cursors that are forged, cut or of another query (bad input 48)', async () => {
    const { nextCursor } = await listedPage(service.services, admin, query);
    const cursors = [`${nextCursor}A`, nextCursor!.slice(2), 'AAAA', Buffer.alloc(40).toString('base64url')];
    for (const cursor of cursors) {
      expect(await codeOf(listedPage(service.services, admin, { ...query, cursor })), cursor).toBe('malformed');
    }
    const other = listedPage(service.services, admin, { ...query, status: 'revoked', cursor: nextCursor! });
    expect(await codeOf(other)).toBe('malformed');
  });

  it.each(['%%%', '_ _', '\\\\\\', "''';", "' OR 1=1 --"])(
    'takes %s literally, and for no name (bad input 47)',
    async (text) => {
      expect((await listedPage(service.services, admin, { ...query, text })).items).toEqual([]);
      expect(await codeOf(listedPage(service.services, admin, { ...query, name: text }))).toBe('malformed');
    },
  );
});

describe('recordRefusal', () => {
  it('never throws, not even when nothing can be written', async () => {
    const closed = await firstRunService({ home: folder('closed') });
    await closed.close();
    await expect(
      closed.services.recordRefusal({ actor: 'anonymous', object: 'GET /', code: 'notFound' }),
    ).resolves.toBeUndefined();
  });
});
