/** What the services measure of themselves, over the real inventory and vault with a frozen clock. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { ExpiryCount } from '../../../src/ports/inventory.ts';
import type { Signer, Vault } from '../../../src/ports/vault.ts';
import { createExpiryCounts } from '../../../src/services/inventory/expiry-counts.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { codeOf } from '../../support/rejection.ts';
import { demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let signer: 'works' | 'fails' | 'waits' = 'works';
let letGo = (): void => undefined;
let freeOctets: number | undefined;
let areAlertsReadable = true;
let service: TestService;

const watchedVault = (vault: Vault): Vault =>
  changedVault(vault, {
    async signer(name, algorithm): Promise<Signer> {
      const real = await vault.signer(name, algorithm);
      return {
        key: real.key,
        algorithm,
        async sign(tbs) {
          if (signer === 'fails') throw new CaError('signerUnavailable', 'down');
          if (signer === 'waits') await new Promise<void>((resolve) => (letGo = resolve));
          return real.sign(tbs);
        },
      };
    },
  });

beforeAll(async () => {
  service = await firstRunService({
    home: folder('data'),
    settings: { metricsProducts: 1 },
    wrapVault: watchedVault,
    wrapInventory: (inventory) => ({
      ...inventory,
      openAlerts: () => (areAlertsReadable ? inventory.openAlerts() : Promise.reject(new Error('unreadable'))),
    }),
    wrapHome: (home) => ({ ...home, freeOctets: async () => freeOctets ?? home.freeOctets() }),
  });
});
afterAll(() => service.close());

const submit = async (lifetimeSeconds?: number) =>
  service.services.submitRequest(await demoToken(service), {
    csrDer: buildCsr({ key: makeSigningKey() }),
    ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
  });

async function sample(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
  const families = await service.services.collectMetrics();
  const found = families
    .flatMap((family) => family.samples.map((one) => ({ ...one, name: family.name + one.suffix })))
    .find((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value));
  return found?.value;
}

const unready = async (): Promise<string[]> =>
  (await service.services.readiness()).filter(({ ready }) => !ready).map(({ name }) => name);

describe('the metrics', () => {
  it('count what is issued by environment and profile, the service’s own certificates apart', async () => {
    const issuedBy = () => sample('privyseal_certificates_issued_total', { environment: 'dev', profile: 'peer' });
    const before = (await issuedBy()) ?? 0;
    const durations = (await sample('privyseal_issue_duration_seconds_count')) ?? 0;
    await submit();
    await submit();
    expect(await issuedBy()).toBe(before + 2);
    expect(await sample('privyseal_issue_duration_seconds_count')).toBe(durations + 2);
    expect(await sample('privyseal_certificates_issued_total', { environment: 'system' })).toBeGreaterThan(0);
  });

  it('show a signature under way, and forget it when it is made', async () => {
    const pending = () => sample('privyseal_signer_pending', { authority: 'dev-issuing' });
    const made = () => sample('privyseal_signer_duration_seconds_count', { authority: 'dev-issuing' });
    const before = (await made()) ?? 0;
    signer = 'waits';
    const submitted = submit();
    await expect.poll(pending).toBe(1);
    signer = 'works';
    letGo();
    await submitted;
    expect([await pending(), await made()]).toEqual([0, before + 1]);
  });

  it('count the errors of a signer, which make it unready until it signs or nothing more is known of it', async () => {
    const errors = () => sample('privyseal_signer_errors_total', { authority: 'dev-issuing' });
    expect(await errors()).toBe(0);
    service.pass(2);
    signer = 'fails';
    expect(await codeOf(submit())).toBe('signerUnavailable');
    expect([await errors(), await unready()]).toEqual([1, ['signer']]);
    expect(await sample('privyseal_ready', { part: 'signer' })).toBe(0);
    signer = 'works';
    await submit();
    service.pass(2);
    expect(await unready()).toEqual([]);
    signer = 'fails';
    expect(await codeOf(submit())).toBe('signerUnavailable');
    service.pass(29);
    expect(await unready()).toEqual(['signer']);
    service.pass(2);
    expect(await unready()).toEqual([]);
    signer = 'works';
  });

  it('tell how old a list is and how long it is good', async () => {
    await service.services.crl('dev-issuing');
    const labels = { authority: 'dev-issuing' };
    const [age = 0, remaining = 0] = [
      await sample('privyseal_crl_age_seconds', labels),
      await sample('privyseal_crl_remaining_seconds', labels),
    ];
    expect(age + remaining).toBe(86_400);
    service.pass(3600);
    expect(await sample('privyseal_crl_age_seconds', labels)).toBe(age + 3600);
    expect(await sample('privyseal_crl_remaining_seconds', labels)).toBe(remaining - 3600);
  });

  it('show when the disk of the home is as good as full', async () => {
    freeOctets = 2 ** 20;
    service.pass(2);
    expect(await sample('privyseal_disk_free_bytes')).toBe(2 ** 20);
    expect(await unready()).toEqual(['disk']);
    freeOctets = undefined;
    service.pass(2);
    expect(await unready()).toEqual([]);
  });

  it('say nothing of alerts that cannot be read, instead of that there are none', async () => {
    expect(await sample('privyseal_alerts', { kind: 'crlStale' })).toBe(0);
    areAlertsReadable = false;
    expect(await sample('privyseal_alerts', { kind: 'crlStale' })).toBeUndefined();
    areAlertsReadable = true;
  });

  it('name the largest products alone, and count the rest as other', async () => {
    await submit(14 * 86_400);
    await submit(14 * 86_400);
    const product = (await service.inventory.product('dev/demo'))!;
    await service.inventory.createProduct(
      { ...product, id: 'dev/small' },
      { at: service.clock.now(), kind: 'product.created', actor: 'test', object: 'product:dev/small' },
    );
    const token = { ...(await demoToken(service)), product: 'dev/small' };
    await service.services.submitRequest(token, { csrDer: buildCsr({ key: makeSigningKey() }) });
    // The counts are kept for five minutes.
    service.pass(301);
    await expect.poll(() => sample('privyseal_certificates', { product: 'other' })).toBe(1);
    expect(await sample('privyseal_certificates', { product: 'dev/small' })).toBeUndefined();
    expect(await sample('privyseal_certificates', { product: 'dev/demo', days: '7-14' })).toBe(2);
    expect(await sample('privyseal_certificates_without_successor', { product: 'other' })).toBe(1);
  });
});

describe('the counts of expiries', () => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

  function counting() {
    const time = { now: () => 1_000_000, monotonic: () => at };
    let at = 0;
    const answers: ((counts: readonly ExpiryCount[]) => void)[] = [];
    const inventory = { expiryCounts: () => new Promise<readonly ExpiryCount[]>((resolve) => answers.push(resolve)) };
    const counts = createExpiryCounts({ inventory, clock: time, log });
    return { counts, answers, pass: (seconds: number) => (at += seconds * 1000) };
  }
  const one: ExpiryCount = { owner: 'dev/a', band: 0, certificates: 1, withoutSuccessor: 1 };

  it('are made once for all who ask, and not again for five minutes', async () => {
    const { counts, answers, pass } = counting();
    const asked = Promise.all([counts(), counts()]);
    answers[0]!([one]);
    expect(await asked).toEqual([[one], [one]]);
    pass(299);
    await counts();
    expect(answers).toHaveLength(1);
  });

  it('are the last ones while newer ones are being made', async () => {
    const { counts, answers, pass } = counting();
    const first = counts();
    answers[0]!([one]);
    await first;
    pass(301);
    expect(await counts()).toEqual([one]);
    answers[1]!([]);
    await expect.poll(counts).toEqual([]);
  });

  it('are left out while the first ones take long, and when they fail', async () => {
    const { counts } = counting();
    expect(await counts()).toBeUndefined();
    const failing = createExpiryCounts({
      inventory: { expiryCounts: () => Promise.reject(new CaError('overloaded', 'later')) },
      clock: { now: () => 0, monotonic: () => 0 },
      log,
    });
    expect(await failing()).toBeUndefined();
  });
});
