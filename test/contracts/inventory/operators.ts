/** Contract of the inventory: operators come with a certificate, change their role, go with all of them, and one admin is left. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory, OperatorHolder } from '../../../src/ports/inventory.ts';
import {
  auditEntry,
  authority,
  daySeconds,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  operator,
  randomHex,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import { tries } from '../../support/tries.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const now = frozenNowSeconds + 60;
const audit = auditEntry({ kind: 'operator.removed', actor: 'operator:admin', object: 'operator:x' });
const revocation = { at: now, reason: 'privilegeWithdrawn' } as const;

const certificateOf = (inventory: Inventory, owner: string, overrides = {}) =>
  recordCertificate(inventory, { purpose: 'operator', environment: null, owner, authority: 'system', ...overrides });

async function addOperator(inventory: Inventory, overrides: Parameters<typeof operator>[0] = {}) {
  const made = operator(overrides);
  await inventory.createOperator(made, auditEntry({ kind: 'operator.created' }));
  return { ...made, ...(await certificateOf(inventory, made.name)) };
}

const hasValidAdmin = async (inventory: Inventory): Promise<boolean> => {
  const query = { purpose: 'operator', status: 'valid', sort: 'notAfter', limit: 100, now } as const;
  const owners = (await inventory.searchCertificates(query)).map(({ owner }) => owner);
  return (await inventory.operators()).some(({ name, role }) => role === 'admin' && owners.includes(name));
};

export function operatorContract(makeStore: () => Promise<InventoryStore>): void {
  describe('operators with their certificates', () => {
    const opened = openedInventory(makeStore);
    const remove = (name: string) => opened.inventory.removeOperator({ name, revocation, audit });
    const setRole = (name: string, role: 'admin' | 'operator' | 'auditor') =>
      opened.inventory.setOperatorRole({ name, role, now, audit: { ...audit, kind: 'operator.roleChanged' } });

    /** As issuing does it: the intent, then the certificate. */
    const issue = async (holder: OperatorHolder, owner = 'alice', keySha256 = randomHex(32)) => {
      const details = { purpose: 'operator', environment: null, owner, authority: 'system', keySha256 } as const;
      const intent = { ...issuanceIntent(details), holder };
      const outcome = await opened.inventory.recordIntent(intent);
      if (outcome.kind !== 'recorded') return outcome;
      const { serial } = intent.certificate;
      const issued = { serial, certificateDer: new Uint8Array(600), issuedAt: frozenNow + 1, holder };
      await opened.inventory.recordIssued({ ...issued, audit: auditEntry({ kind: 'certificate.issued' }) });
      return serial;
    };
    const alice = operator({ name: 'alice', role: 'operator' });
    const comes = (kind: 'new' | 'recovered', who = alice): OperatorHolder => ({
      kind,
      operator: who,
      audit: auditEntry({ kind: kind === 'new' ? 'operator.created' : 'operator.recovered' }),
    });

    it('come to be when their certificate is issued, not before, and once', async () => {
      const { inventory } = opened;
      await inventory.recordIntent({
        ...issuanceIntent({ purpose: 'operator', owner: 'alice' }),
        holder: comes('new'),
      });
      expect(await inventory.operator('alice')).toBeUndefined();
      await issue(comes('new'));
      expect(await inventory.operator('alice')).toEqual(alice);
      const kinds = (await inventory.auditEvents(0, 100)).map(({ kind }) => kind);
      expect(kinds.slice(-2)).toEqual(['certificate.issued', 'operator.created']);
      await expect(issue(comes('new'))).rejects.toMatchObject({ code: 'conflict' });
    });

    it('come to be once, even when two of a name are signed at the same time', async () => {
      const results = await Promise.allSettled([issue(comes('new')), issue(comes('new'))]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('get no further certificate when they are not known', async () => {
      await expect(issue({ kind: 'known' })).rejects.toMatchObject({ code: 'notFound' });
      await issue(comes('new'));
      expect(await issue({ kind: 'known' })).toHaveLength(40);
    });

    it('come, change and go by nobody who is no admin any more, however far it had come', async () => {
      const { inventory } = opened;
      await addOperator(inventory, { name: 'root' });
      await addOperator(inventory, { name: 'mallory' });
      const by = 'mallory';
      const holder = { ...comes('new'), by };
      const intent = { ...issuanceIntent({ purpose: 'operator', environment: null, owner: 'alice' }), holder };
      expect(await inventory.recordIntent(intent)).toEqual({ kind: 'recorded' });
      await inventory.setOperatorRole({ name: 'mallory', role: 'auditor', now, by: 'root', audit });
      const before = await inventory.counts();
      const unauthorized = { code: 'unauthorized' };
      const signed = {
        serial: intent.certificate.serial,
        certificateDer: new Uint8Array(600),
        issuedAt: frozenNow + 1,
      };
      const issued = auditEntry({ kind: 'certificate.issued' });
      await expect(inventory.recordIssued({ ...signed, holder, audit: issued })).rejects.toMatchObject(unauthorized);
      await expect(issue(holder)).rejects.toMatchObject(unauthorized);
      await expect(issue({ kind: 'known', by }, 'root')).rejects.toMatchObject(unauthorized);
      // One who was removed makes nobody an operator, himself least of all.
      await expect(issue({ ...comes('new'), by: 'alice' })).rejects.toMatchObject(unauthorized);
      await expect(inventory.removeOperator({ name: 'root', revocation, by, audit })).rejects.toMatchObject(
        unauthorized,
      );
      const promotion = { name: 'mallory', role: 'admin', now, by, audit } as const;
      await expect(inventory.setOperatorRole(promotion)).rejects.toMatchObject(unauthorized);
      expect(await inventory.counts()).toEqual(before);
      expect(await inventory.operator('alice')).toBeUndefined();
      expect(await issue({ kind: 'known', by }, 'mallory')).toHaveLength(40);
    });

    it('become what a recovery says, whether they were there or not', async () => {
      const { inventory } = opened;
      const admin = operator({ name: 'alice', role: 'admin', createdAt: frozenNow + 5 });
      await issue(comes('new'));
      await issue(comes('recovered', admin));
      expect(await inventory.operator('alice')).toEqual({ ...alice, role: 'admin' });
      await issue(comes('recovered', operator({ name: 'bob' })), 'bob');
      expect(await inventory.operator('bob')).toEqual(operator({ name: 'bob' }));
    });

    it('need a key that nobody has a certificate for, compromised or not', async () => {
      const { inventory } = opened;
      const keySha256 = randomHex(32);
      await issue(comes('new'), 'alice', keySha256);
      expect(await issue({ kind: 'known' }, 'alice', keySha256)).toEqual({ kind: 'keyBlocked', block: 'operator' });
      const lost = await recordCertificate(inventory);
      const compromise = { at: now, reason: 'keyCompromise' } as const;
      await inventory.revokeCertificate({ serial: lost.serial, revocation: compromise, audit });
      const again = await issue({ kind: 'known' }, 'alice', lost.keySha256);
      expect(again).toEqual({ kind: 'keyBlocked', block: 'compromised' });
    });

    it('need a key that is no authority’s, certified or not', async () => {
      const keySha256 = randomHex(32);
      await opened.inventory.createAuthority(authority(), keySha256, auditEntry({ kind: 'authority.created' }));
      expect(await issue(comes('new'), 'alice', keySha256)).toEqual({ kind: 'keyBlocked', block: 'authority' });
    });

    it('may try a key again that was never certified', async () => {
      const { inventory } = opened;
      await addOperator(inventory, { name: 'root' });
      const intent = issuanceIntent({ purpose: 'operator', owner: 'alice' });
      const { serial, keySha256 } = intent.certificate;
      await inventory.recordIntent({ ...intent, holder: comes('new') });
      await inventory.closeIntent({ serial, at: frozenNow, audit });
      expect(await issue(comes('new'), 'alice', keySha256)).toHaveLength(40);
    });

    it('need a key that is not being certified for somebody else', async () => {
      const { inventory } = opened;
      const keySha256 = randomHex(32);
      const intent = { ...issuanceIntent({ purpose: 'operator', owner: 'alice', keySha256 }), holder: comes('new') };
      expect(await inventory.recordIntent(intent)).toEqual({ kind: 'recorded' });
      const bob = comes('new', operator({ name: 'bob' }));
      expect(await issue(bob, 'bob', keySha256)).toEqual({ kind: 'keyBlocked', block: 'operator' });
    });

    it('go with every certificate, each audited, and nothing of it can come back', async () => {
      const { inventory } = opened;
      await addOperator(inventory, { name: 'root' });
      const bob = await addOperator(inventory, { name: 'bob', role: 'operator' });
      const expired = await certificateOf(inventory, 'bob', { notAfter: now - 10 });
      const held = await certificateOf(inventory, 'bob');
      const gone = await certificateOf(inventory, 'bob');
      const open = issuanceIntent({ purpose: 'operator', owner: 'bob' });
      await inventory.recordIntent(open);
      const revoke = (serial: string, reason: 'certificateHold' | 'superseded') =>
        inventory.revokeCertificate({ serial, revocation: { at: now - 5, reason }, audit });
      await revoke(held.serial, 'certificateHold');
      await revoke(gone.serial, 'superseded');
      const product = await recordCertificate(inventory, { owner: 'bob' });
      const before = (await inventory.counts()).auditEvents;

      const outcome = await remove('bob');
      const serials = [bob.serial, expired.serial, held.serial, open.certificate.serial].sort();
      expect(outcome.kind === 'done' && [...outcome.revoked].sort()).toEqual(serials);
      expect(await inventory.operator('bob')).toBeUndefined();
      for (const serial of serials) expect(await inventory.certificate(serial)).toMatchObject({ revocation });
      expect(await inventory.certificate(gone.serial)).toMatchObject({ revocation: { reason: 'superseded' } });
      expect(await inventory.certificate(product.serial)).toMatchObject({ revocation: null });
      const events = await inventory.auditEvents(before, 100);
      expect(events.map(({ kind, actor }) => [kind, actor])).toEqual([
        ['operator.removed', 'operator:admin'],
        ...serials.map(() => ['certificate.revoked', 'operator:admin']),
      ]);
      const objects = events.slice(1).map(({ object }) => object);
      expect(objects.sort()).toEqual(serials.map((serial) => `certificate:${serial}`));

      expect((await inventory.releaseCertificate({ serial: held.serial, audit })).kind).toBe('notHeld');
      const issued = { serial: open.certificate.serial, certificateDer: new Uint8Array(9), issuedAt: frozenNow, audit };
      await expect(inventory.recordIssued(issued)).rejects.toMatchObject({ code: 'conflict' });
      expect(await remove('bob')).toEqual({ kind: 'notFound' });
    });

    it('change their role, naming the certificates that are good now', async () => {
      const { inventory } = opened;
      await addOperator(inventory, { name: 'root' });
      expect((await inventory.auditEvents(0, 1)).map(({ kind }) => kind)).toEqual(['operator.created']);
      const { serial } = await addOperator(inventory, { name: 'bob', role: 'operator' });
      await certificateOf(inventory, 'bob', { notAfter: now - 1 });
      const revoked = await certificateOf(inventory, 'bob');
      await inventory.revokeCertificate({ serial: revoked.serial, revocation, audit });
      const before = (await inventory.counts()).auditEvents;
      expect(await setRole('bob', 'auditor')).toEqual({
        kind: 'done',
        operator: operator({ name: 'bob', role: 'auditor' }),
        serials: [serial],
      });
      expect((await setRole('bob', 'auditor')).kind).toBe('unchanged');
      expect(await setRole('nobody', 'admin')).toEqual({ kind: 'notFound' });
      expect((await inventory.counts()).auditEvents).toBe(before + 1);
    });
  });

  describe('the last admin', () => {
    const opened = openedInventory(makeStore);

    it('is neither removed, nor demoted, nor revoked or held', async () => {
      const { inventory } = opened;
      const { serial } = await addOperator(inventory, { name: 'root' });
      const bob = await addOperator(inventory, { name: 'bob', role: 'operator' });
      await inventory.createOperator(operator({ name: 'expired' }), audit);
      await certificateOf(inventory, 'expired', { notAfter: now - 1 });
      await inventory.createOperator(operator({ name: 'coming' }), audit);
      await certificateOf(inventory, 'coming', { notBefore: now + 1 });
      const before = (await inventory.counts()).auditEvents;
      const lastAdmin = { kind: 'lastAdmin' };
      expect(await inventory.removeOperator({ name: 'root', revocation, audit })).toEqual(lastAdmin);
      expect(await inventory.setOperatorRole({ name: 'root', role: 'auditor', now, audit })).toEqual(lastAdmin);
      for (const reason of ['superseded', 'certificateHold'] as const) {
        const revoking = { serial, revocation: { at: now, reason }, audit };
        expect(await inventory.revokeCertificate(revoking)).toEqual(lastAdmin);
      }
      expect((await inventory.counts()).auditEvents).toBe(before);
      const others = { revocation, audit };
      expect((await inventory.revokeCertificate({ serial: bob.serial, ...others })).kind).toBe('done');
      expect((await inventory.removeOperator({ name: 'expired', ...others })).kind).toBe('done');
    });

    it('may have one of several certificates revoked', async () => {
      const { inventory } = opened;
      const { serial } = await addOperator(inventory, { name: 'root' });
      const next = await certificateOf(inventory, 'root', { notAfter: now + daySeconds });
      expect((await inventory.revokeCertificate({ serial, revocation, audit })).kind).toBe('done');
      const last = await inventory.revokeCertificate({ serial: next.serial, revocation, audit });
      expect(last.kind).toBe('lastAdmin');
    });
  });

  describe('an admin whose certificates are good at another time alone', () => {
    const opened = openedInventory(makeStore);

    it.each([
      ['not yet', { notBefore: now + 1 }],
      ['no more', { notAfter: now - 1 }],
    ])('may have them revoked, for it can do nothing with them: %s', async (_when, validity) => {
      const { inventory } = opened;
      await inventory.createOperator(operator({ name: 'root' }), audit);
      const { serial } = await certificateOf(inventory, 'root', validity);
      // Whom nobody counts on to administer, although theirs are good.
      const bob = await addOperator(inventory, { name: 'bob', role: 'operator' });
      await addOperator(inventory, { name: 'carol', role: 'operator' });
      expect((await inventory.revokeCertificate({ serial: bob.serial, revocation, audit })).kind).toBe('done');
      expect((await inventory.revokeCertificate({ serial, revocation, audit })).kind).toBe('done');
      for (const name of ['root', 'carol']) {
        expect((await inventory.removeOperator({ name, revocation, audit })).kind, name).toBe('done');
      }
    });
  });

  describe('acts against admins, all at once', () => {
    const certificates = fc.array(fc.constantFrom('valid', 'expired', 'held'), { maxLength: 2 });
    const people = fc.array(fc.record({ isAdmin: fc.boolean(), certificates }), { minLength: 1, maxLength: 4 });
    const acts = fc.array(fc.tuple(fc.nat(3), fc.constantFrom('remove', 'demote', 'revoke', 'hold')), {
      minLength: 2,
      maxLength: 12,
    });

    it('leave an admin with a valid certificate wherever there was one', async () => {
      const store = await makeStore();
      const inventory = await store.open();
      let round = 0;
      const property = fc.asyncProperty(people, acts, async (given, chosen) => {
        round += 1;
        const serials: string[][] = [];
        // Those of the round before, who would count as admins of this one.
        for (const { name } of await inventory.operators()) expect(await forget(inventory, name)).toBe('done');
        for (const [index, { isAdmin, certificates: kinds }] of given.entries()) {
          const name = `p${round}-${index}`;
          await inventory.createOperator(operator({ name, role: isAdmin ? 'admin' : 'operator' }), audit);
          serials[index] = await Promise.all(kinds.map((kind) => makeCertificate(inventory, name, kind)));
        }
        const hadAdmin = await hasValidAdmin(inventory);
        await Promise.all(
          chosen.map(([who, act]) => {
            const index = who % given.length;
            return actOn(inventory, act, `p${round}-${index}`, serials[index]!);
          }),
        );
        expect(await hasValidAdmin(inventory)).toBe(hadAdmin);
      });
      await fc.assert(property, { numRuns: tries(60) });
      await store.remove();
    });
  });
}

async function makeCertificate(inventory: Inventory, owner: string, kind: string): Promise<string> {
  const { serial } = await certificateOf(inventory, owner, kind === 'expired' ? { notAfter: now - 1 } : {});
  // Held at a time before it was valid, when nothing depends on it.
  const hold = { at: frozenNowSeconds - 1, reason: 'certificateHold' } as const;
  if (kind === 'held') await inventory.revokeCertificate({ serial, revocation: hold, audit });
  return serial;
}

/** Long after every certificate has expired nobody is the last admin any more. */
async function forget(inventory: Inventory, name: string): Promise<string> {
  const revocation = { at: now + 1000 * daySeconds, reason: 'superseded' } as const;
  return (await inventory.removeOperator({ name, revocation, audit })).kind;
}

async function actOn(inventory: Inventory, act: string, name: string, serials: readonly string[]): Promise<void> {
  if (act === 'remove') await inventory.removeOperator({ name, revocation, audit });
  if (act === 'demote') await inventory.setOperatorRole({ name, role: 'auditor', now, audit });
  const reason = act === 'hold' ? 'certificateHold' : 'superseded';
  if (act !== 'revoke' && act !== 'hold') return;
  await Promise.all(
    serials.map((serial) => inventory.revokeCertificate({ serial, revocation: { at: now, reason }, audit })),
  );
}
