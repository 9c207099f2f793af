/** An authority whose key is in other hands is stopped, revoked, published and replaced in one act, which can be completed. */
import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { RotationState } from '../../../src/domain/records/authority-rotation.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import type { CertificateView } from '../../../src/services/services.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { failingOnce } from '../../support/failing-once.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
const open: TestService[] = [];
async function aService(): Promise<TestService> {
  const service = await firstRunService({ home: newHome() });
  open.push(service);
  return service;
}
afterEach(async () => {
  for (const service of open.splice(0)) await service.close();
});

async function issue(service: TestService): Promise<CertificateView> {
  const submitted = await service.services.submitRequest(await demoToken(service), {
    csrDer: makeKeyRequest().csrDer,
  });
  if (submitted.kind !== 'certificate') throw new Error('no certificate came');
  return submitted.view;
}

const reason = 'the key was found in a log';
const listed = async (service: TestService, id: string): Promise<Record<string, string>> => {
  const { entries } = parseCrl((await service.services.crl(id)).der);
  return Object.fromEntries(entries.map((entry) => [entry.serial, entry.reason]));
};

describe('an issuing authority that is compromised', () => {
  it('is revoked, published and replaced, and what it issued is to be rotated', async () => {
    const service = await aService();
    const before = await issue(service);
    await service.housekeep();
    const outcome = await service.services.declareCompromise(admin, 'dev-issuing', { reason });
    expect(outcome).toMatchObject({
      replaced: [{ from: 'dev-issuing', to: 'dev-issuing.2' }],
      revoked: [before.record.issuerSerial],
      products: [{ product: 'dev/demo', certificates: 1 }],
    });
    expect(await listed(service, 'dev-root')).toEqual({ [before.record.issuerSerial]: 'cACompromise' });
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
    const { campaign } = await service.services.readCampaign(outcome.campaigns[0] ?? '');
    expect(campaign.filter).toEqual({ issuerSerial: before.record.issuerSerial });

    const kinds = (await service.inventory.auditEvents(0, 10_000)).filter(({ kind }) => kind.startsWith('authority.'));
    expect(kinds.find(({ kind }) => kind === 'authority.compromised')?.details).toMatchObject({ reason });
  });

  it('goes on answering who has its certificates, so that they can rotate', async () => {
    const service = await aService();
    const before = await issue(service);
    await service.services.declareCompromise(admin, 'dev-issuing', { reason });
    const { record } = before;
    const caller = { kind: 'product', product: record.owner, serial: record.serial } as const;
    const csrDer = makeKeyRequest().csrDer;
    const submitted = await service.services.rotateCertificate(caller, record.serial, { csrDer });
    expect(submitted).toMatchObject({ kind: 'certificate', view: { issuer: 'dev-issuing.2' } });
  });

  /** The key of dev-root is in a vault that is sealed while `isSealed` says so. */
  const sealable = (isSealed: () => boolean) => ({
    wrapVault: (vault: Vault): Vault =>
      changedVault(vault, {
        signer: async (name, algorithm) => {
          const signer = await vault.signer(name, algorithm);
          if (!name.startsWith('dev-root')) return signer;
          const refusal = () => (isSealed() ? new CaError('signerUnavailable', 'The vault is sealed.') : undefined);
          const sign = async (tbs: Uint8Array) => (refusal() ? Promise.reject(refusal()) : signer.sign(tbs));
          return { ...signer, refusal, sign };
        },
      }),
  });

  it.each([
    ['the same run', false],
    ['the run after a restart', true],
  ])(
    'stops and says what it waits for while the vault of its root is sealed, and goes on by itself in %s',
    async (_what, restarts) => {
      const home = newHome();
      let isSealed = false;
      let service = await firstRunService({ home, ...sealable(() => isSealed) });
      open.push(service);
      const before = await issue(service);
      await service.housekeep();
      isSealed = true;
      const rotateBy = Math.floor(service.clock.now() / 1000) + 7200;
      const outcome = await service.services.declareCompromise(admin, 'dev-issuing', { reason, rotateBy });
      expect(outcome).toMatchObject({
        revoked: [before.record.issuerSerial],
        ...{
          campaigns: [],
          waiting: [],
          unfinished: [{ generation: 'dev-issuing.2', reason: 'The vault is sealed.' }],
        },
      });
      expect(await codeOf(issue(service))).toBe('signerUnavailable');
      const waits =
        'dev-issuing.2: certificate own, which dev-root cannot sign now: The vault is sealed. Once that is mended, it goes on by itself';
      expect(await service.services.describeAuthority('dev-issuing')).toMatchObject({
        stopped: `dev-issuing is compromised and issues nothing until it is replaced; ${waits}`,
      });
      const { obstacles } = await service.services.readRotation('dev-issuing');
      expect(obstacles).toEqual([{ condition: 'certified', who: [waits] }]);
      expect((await service.services.status()).reminders.join()).toContain('authority show dev-issuing');
      // Nobody can publish the list of the root meanwhile.
      await service.housekeep().catch(() => undefined);

      isSealed = false;
      if (restarts) {
        await open.pop()!.close();
        service = await openService({ home, ...sealable(() => isSealed) });
        open.push(service);
      }
      service.pass(5);
      await service.housekeep();
      expect((await issue(service)).issuer).toBe('dev-issuing.2');
      const { rotation } = await service.services.readRotation('dev-issuing');
      expect(rotation.state).toBe('retiring');
      const { campaign } = await service.services.readCampaign(rotation.campaign ?? '');
      expect(campaign.rotateBy).toBe(rotateBy);
      expect(await service.services.describeAuthority('dev-issuing')).toMatchObject({ stopped: null });
      expect(await listed(service, 'dev-root')).toEqual({ [before.record.issuerSerial]: 'cACompromise' });
      const keys = (await service.vault.listKeys()).length;
      service.pass(60);
      await service.housekeep();
      expect((await service.vault.listKeys()).length).toBe(keys);
    },
  );

  it('goes on by itself, too, when the vault was away for longer than what was to be rotated had time', async () => {
    let isSealed = false;
    const service = await firstRunService({ home: newHome(), ...sealable(() => isSealed) });
    open.push(service);
    await issue(service);
    await service.housekeep();
    isSealed = true;
    const rotateBy = Math.floor(service.clock.now() / 1000) + 60;
    await service.services.declareCompromise(admin, 'dev-issuing', { reason, rotateBy });
    service.pass(120);
    isSealed = false;
    await service.housekeep();
    const { rotation } = await service.services.readRotation('dev-issuing');
    const { campaign } = await service.services.readCampaign(rotation.campaign ?? '');
    expect([rotation.state, campaign.rotateBy]).toEqual(['retiring', rotateBy - 60 + 120 + 86_400]);
  });

  it('keeps no service from starting, where it is `system` and its new key could not be made before a restart', async () => {
    const home = newHome();
    let isFull = false;
    const full = new CaError('signerUnavailable', 'The disk is full.');
    const wrapVault = (vault: Vault): Vault =>
      changedVault(vault, { createKey: async (...key) => (isFull ? Promise.reject(full) : vault.createKey(...key)) });
    open.push(await firstRunService({ home, wrapVault }));
    isFull = true;
    const outcome = await open[0]!.services.declareCompromise(admin, 'system', { reason });
    expect(outcome.unfinished).toEqual([{ generation: 'system.2', reason: 'The disk is full.' }]);
    await open.pop()!.close();

    const service = await openService({ home, wrapVault });
    open.push(service);
    expect((await service.issueServerCertificate()).issuer).toBe('system');
    isFull = false;
    service.pass(5);
    await service.housekeep();
    expect((await service.issueServerCertificate()).issuer).toBe('system.2');
  });

  it('is only told of in a dry run', async () => {
    const service = await aService();
    const before = await issue(service);
    const plan = await service.services.planCompromise('dev-issuing', {});
    expect(plan).toEqual({
      replaced: [{ from: 'dev-issuing', to: 'dev-issuing.2' }],
      revoked: [before.record.issuerSerial],
      revocableElsewhere: [],
      products: [{ product: 'dev/demo', certificates: 1 }],
      operators: [],
    });
    expect(await service.inventory.rotations()).toEqual([]);
    expect((await issue(service)).issuer).toBe('dev-issuing');
  });

  it('is refused a deadline that has passed, before anything is revoked', async () => {
    const service = await aService();
    const late = { rotateBy: Math.floor(service.clock.now() / 1000) };
    expect(await codeOf(service.services.planCompromise('dev-issuing', late))).toBe('policyRefused');
    const declared = service.services.declareCompromise(admin, 'dev-issuing', { reason, ...late });
    expect(await codeOf(declared)).toBe('policyRefused');
    expect((await issue(service)).issuer).toBe('dev-issuing');
  });

  it('is refused a vault that there is not, before anything is revoked', async () => {
    const service = await aService();
    const elsewhere = { vault: 'elsewhere' };
    expect(await codeOf(service.services.planCompromise('dev-issuing', elsewhere))).toBe('notFound');
    const declared = service.services.declareCompromise(admin, 'dev-issuing', { reason, ...elsewhere });
    expect(await codeOf(declared)).toBe('notFound');
    expect((await issue(service)).issuer).toBe('dev-issuing');
  });

  it('is one in force, or a generation of it that is in use', async () => {
    const service = await aService();
    await service.services.requestAuthority(admin, { name: 'dev-waiting', environment: 'dev' });
    await service.services.startRotation(admin, 'dev-issuing', {});
    const declare = (name: string, generation?: number) =>
      codeOf(
        service.services.declareCompromise(admin, name, { reason, ...(generation !== undefined && { generation }) }),
      );
    expect([await declare('nobody'), await declare('dev-waiting')]).toEqual(['notFound', 'notFound']);
    expect([await declare('dev-issuing', 2), await declare('dev-issuing', 3)]).toEqual(['conflict', 'conflict']);
    await service.services.abandonRotation(admin, 'dev-issuing');
    expect(await declare('dev-issuing', 2)).toBe('conflict');
    expect((await issue(service)).issuer).toBe('dev-issuing');
    // What was refused is not marked, or the housekeeping would go on with it.
    expect((await service.inventory.generations()).filter(({ isCompromised }) => isCompromised)).toEqual([]);
  });

  it('is not replaced a second time, unless it is said which one is meant', async () => {
    const service = await aService();
    await service.services.declareCompromise(admin, 'dev-issuing', { reason });
    const again = (await rejectionOf(service.services.declareCompromise(admin, 'dev-issuing', { reason }))) as CaError;
    expect(again.code).toBe('conflict');
    const second = await service.services.declareCompromise(admin, 'dev-issuing', { reason, generation: 2 });
    expect(second.replaced).toEqual([{ from: 'dev-issuing.2', to: 'dev-issuing.3' }]);
    expect((await issue(service)).issuer).toBe('dev-issuing.3');
  });

  it('takes the place of a rotation that was under way', async () => {
    const service = await aService();
    await service.services.startRotation(admin, 'dev-issuing', {});
    const outcome = await service.services.declareCompromise(admin, 'dev-issuing', { reason });
    expect(outcome.replaced).toEqual([{ from: 'dev-issuing', to: 'dev-issuing.2' }]);
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
  });

  it('is replaced once when two declare it together', async () => {
    const service = await aService();
    await issue(service);
    const keysBefore = (await service.vault.listKeys()).length;
    const declared = () => service.services.declareCompromise(admin, 'dev-issuing', { reason });
    const step = service.services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill, at the same time' });
    const [one, other] = await Promise.all([declared(), declared(), rejectionOf(step)]);
    expect(one).toEqual(other);
    expect(one.replaced).toEqual([{ from: 'dev-issuing', to: 'dev-issuing.2' }]);
    expect(await service.vault.listKeys()).toHaveLength(keysBefore + 1);
    expect((await service.inventory.rotations()).map(({ state }) => state)).toEqual(['retiring']);
  });

  it('stops at once while a step makes a key for long, which it waits for and which no other step follows', async () => {
    const held = Promise.withResolvers<void>();
    let holds = false;
    const wrapVault = (vault: Vault): Vault =>
      changedVault(vault, {
        createKey: async (name, type) => {
          if (holds) await held.promise;
          return vault.createKey(name, type);
        },
      });
    const service = await firstRunService({ home: newHome(), wrapVault });
    open.push(service);
    holds = true;
    const started = service.services.startRotation(admin, 'dev-issuing', {});
    const declared = service.services.declareCompromise(admin, 'dev-issuing', { reason });
    await expect.poll(() => codeOf(issue(service)), { timeout: 60_000 }).toBe('signerUnavailable');
    expect(await codeOf(service.services.abandonRotation(admin, 'dev-issuing'))).toBe('conflict');
    held.resolve();
    await started;
    expect((await declared).replaced).toEqual([{ from: 'dev-issuing', to: 'dev-issuing.2' }]);
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
  });

  it('gives nobody a certificate that was being signed when it was declared', async () => {
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    let holds = false;
    const wrapVault = (vault: Vault): Vault =>
      changedVault(vault, {
        signer: async (name, algorithm) => {
          const signer = await vault.signer(name, algorithm);
          const sign = async (tbs: Uint8Array): Promise<Uint8Array> => {
            const signature = await signer.sign(tbs);
            if (!holds) return signature;
            holds = false;
            reached.resolve();
            await held.promise;
            return signature;
          };
          return { ...signer, sign };
        },
      });
    const service = await firstRunService({ home: newHome(), wrapVault });
    open.push(service);
    await service.housekeep();
    holds = true;
    const issuing = codeOf(issue(service));
    await reached.promise;
    await service.services.declareCompromise(admin, 'dev-issuing', { reason });
    held.resolve();
    expect(await issuing).toBe('signerUnavailable');
    expect(await service.inventory.unfinishedIntents(service.clock.now() + 1)).toEqual([]);
    const now = Math.floor(service.clock.now() / 1000);
    const query = { purpose: 'product', status: 'valid', sort: 'requestedAt', limit: 10, now } as const;
    expect(await service.inventory.searchCertificates(query)).toEqual([]);
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
  });

  it('is completed after a crash by declaring it again', async () => {
    for (const [act, at] of [
      ['revokeCertificate', 1],
      ['startRotation', 1],
      ['changeRotation', 3],
    ] as const) {
      const home = newHome();
      const crash = failingOnce(act, at);
      const first = await firstRunService({ home, wrapInventory: (inventory: Inventory) => crash.around(inventory) });
      await issue(first);
      crash.arm();
      await rejectionOf(first.services.declareCompromise(admin, 'dev-issuing', { reason }));
      await first.close();
      const service = await openService({ home });
      open.push(service);
      const outcome = await service.services.declareCompromise(admin, 'dev-issuing', { reason });
      expect([act, outcome.replaced]).toEqual([act, [{ from: 'dev-issuing', to: 'dev-issuing.2' }]]);
      expect((await issue(service)).issuer).toBe('dev-issuing.2');
      expect(Object.values(await listed(service, 'dev-root'))).toEqual(['cACompromise']);
      await open.pop()!.close();
    }
  });
});

describe('a root that is compromised', () => {
  it('is replaced with everything below it, and is in no bundle and no chain any more', async () => {
    const service = await aService();
    await issue(service);
    const [oldRoot] = await service.services.trustBundle('dev');
    const outcome = await service.services.declareCompromise(admin, 'dev-root', { reason });
    expect(outcome.replaced).toEqual([
      { from: 'dev-root', to: 'dev-root.2' },
      { from: 'dev-issuing', to: 'dev-issuing.2' },
    ]);
    const [newRoot, ...more] = await service.services.trustBundle('dev');
    expect(more).toEqual([]);
    expect(newRoot).not.toEqual(oldRoot);
    const view = await issue(service);
    expect([view.issuer, view.chainDer.length]).toEqual(['dev-issuing.2', 1]);
  });

  /** Takes steps until the rotation is there, whoever is not ready. */
  async function advanceTo(service: TestService, name: string, state: RotationState): Promise<void> {
    const force = { reason: 'a test does not wait for anybody' };
    for (;;) {
      const { rotation } = await service.services.readRotation(name);
      if (rotation.state === state) return;
      await service.services.advanceRotation(admin, name, force);
      await service.housekeep();
    }
  }

  /** The chain of what is issued now ends in the one root that is in the bundle, and nothing in it is revoked. */
  async function expectBelieved(service: TestService): Promise<void> {
    const { der, chainDer } = await issue(service);
    const roots = await service.services.trustBundle('dev');
    const chain = [der, ...chainDer, ...roots].map((one) => new X509Certificate(one));
    expect(roots).toHaveLength(1);
    for (const [at, certificate] of chain.entries()) {
      const issuer = chain[at + 1] ?? certificate;
      expect([at, certificate.verify(issuer.publicKey)]).toEqual([at, true]);
      const known = await service.inventory.certificate(certificate.serialNumber.toLowerCase());
      expect([at, known?.state]).toEqual([at, 'issued']);
    }
  }

  it.each<[string, (service: TestService) => Promise<void>, readonly string[]]>([
    [
      'has a further generation prepared',
      async (service) => void (await service.services.startRotation(admin, 'dev-issuing', {})),
      ['dev-issuing'],
    ],
    [
      'issues from a further one already',
      async (service) => {
        await service.services.startRotation(admin, 'dev-issuing', {});
        await advanceTo(service, 'dev-issuing', 'issuing');
      },
      ['dev-issuing', 'dev-issuing.2'],
    ],
    [
      'was replaced after a compromise of its own, and its certificates are rotating',
      async (service) => void (await service.services.declareCompromise(admin, 'dev-issuing', { reason })),
      ['dev-issuing', 'dev-issuing.2'],
    ],
    [
      'was rotated and retired while certificates were in use',
      async (service) => {
        await service.services.startRotation(admin, 'dev-issuing', {});
        await advanceTo(service, 'dev-issuing', 'retired');
      },
      ['dev-issuing', 'dev-issuing.2'],
    ],
  ])('leaves nobody under it when the authority below %s', async (_what, begin, given) => {
    const service = await aService();
    await issue(service);
    await service.housekeep();
    await begin(service);
    await issue(service);
    await service.housekeep();
    const planned = await service.services.planCompromise('dev-root', {});
    const outcome = await service.services.declareCompromise(admin, 'dev-root', { reason });
    expect(outcome).toMatchObject({ replaced: planned.replaced, revoked: planned.revoked });
    expect(outcome.replaced.map(({ from }) => from)).toEqual(['dev-root', ...given]);
    await expectBelieved(service);
    const dayLater = service.clock.now() / 1000 + 86_400;
    const campaigns = await Promise.all(outcome.campaigns.map((id) => service.services.readCampaign(id)));
    expect(campaigns.map(({ campaign }) => campaign.expected).reduce((a, b) => a + b, 0)).toBe(2);
    expect(campaigns.every(({ campaign }) => campaign.rotateBy <= dayLater)).toBe(true);
  });

  it('leaves nobody under the root before it either, when it has just followed that one', async () => {
    const service = await aService();
    await issue(service);
    await service.housekeep();
    await service.services.startRotation(admin, 'dev-root', {});
    await advanceTo(service, 'dev-root', 'retiring');
    await service.services.startRotation(admin, 'dev-issuing', {});
    const outcome = await service.services.declareCompromise(admin, 'dev-root', { reason });
    expect(outcome.replaced).toEqual([
      { from: 'dev-root.2', to: 'dev-root.3' },
      { from: 'dev-issuing', to: 'dev-issuing.2' },
    ]);
    await expectBelieved(service);
  });

  it('leaves alone what the root after it has signed, when it is an earlier one', async () => {
    const service = await aService();
    await service.services.startRotation(admin, 'dev-root', {});
    await advanceTo(service, 'dev-root', 'retiring');
    await service.services.startRotation(admin, 'dev-issuing', {});
    await advanceTo(service, 'dev-issuing', 'retired');
    const outcome = await service.services.declareCompromise(admin, 'dev-root', { reason, generation: 1 });
    expect(outcome.replaced).toEqual([{ from: 'dev-root', to: 'dev-root.2' }]);
    expect((await issue(service)).issuer).toBe('dev-issuing.2');
    await expectBelieved(service);
  });

  it('is replaced with a rotation under way below it, whatever a crash cut short', async () => {
    for (const [act, at] of [
      ['markGeneration', 2],
      ['revokeCertificate', 3],
      ['certifyGeneration', 1],
      ['certifyGeneration', 2],
      ['changeRotation', 4],
      ['changeRotation', 6],
      ['createCampaign', 1],
    ] as const) {
      const home = newHome();
      const crash = failingOnce(act, at);
      const first = await firstRunService({ home, wrapInventory: (inventory: Inventory) => crash.around(inventory) });
      await issue(first);
      await first.services.startRotation(admin, 'dev-issuing', {});
      crash.arm();
      await rejectionOf(first.services.declareCompromise(admin, 'dev-root', { reason }));
      await first.close();
      const service = await openService({ home });
      open.push(service);
      await service.services.declareCompromise(admin, 'dev-root', { reason });
      await expectBelieved(service);
      expect([act, (await service.services.trustBundle('dev')).length]).toEqual([act, 1]);
      await open.pop()!.close();
    }
  });
});
