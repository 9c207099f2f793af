/** The services over the real inventory and the real vault in a folder of its own, with a clock that stands still. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { createCsrReader } from '../../src/adapters/csr-reader/csr-reader.ts';
import { openHomeDirectory } from '../../src/adapters/home-directory/home-directory.ts';
import { openSqliteInventory } from '../../src/adapters/inventory-sqlite/inventory-sqlite.ts';
import { createProcessMeter } from '../../src/adapters/process-meter.ts';
import { systemRandomness } from '../../src/adapters/system-randomness.ts';
import { createSoftwareKeys } from '../../src/adapters/vault-file/software-keys.ts';
import { openFileVault } from '../../src/adapters/vault-file/vault-file.ts';
import { renderers } from '../../src/faces/http/json/certificate-text.ts';
import type { Home } from '../../src/ports/home.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Vault } from '../../src/ports/vault.ts';
import type { WebhookSender } from '../../src/ports/webhook-sender.ts';
import { type BuiltServices, buildServices, type ServiceSettings } from '../../src/services/build-services.ts';
import type { Caller } from '../../src/services/caller.ts';
import { defaultClockLimits } from '../../src/services/guard-clock.ts';
import { migrationsDirectory, newDatabase } from './new-database.ts';

export interface ServiceOptions {
  /** A folder from before; what was made there is opened again. */
  readonly home: string;
  readonly settings?: Partial<ServiceSettings>;
  readonly wrapInventory?: (inventory: Inventory) => Inventory;
  readonly wrapVault?: (vault: Vault) => Vault;
  /** Beside that of the home; closed with the service. */
  readonly furtherVaults?: readonly Vault[];
  readonly wrapHome?: (home: Home) => Home;
  readonly webhooks?: WebhookSender;
  /** Nobody's if absent. */
  readonly log?: Log;
  /** Unix milliseconds; noon of a day in June if absent. */
  readonly startAt?: number;
}

export interface TestService extends BuiltServices {
  readonly inventory: Inventory;
  readonly vault: Vault;
  /** Moves the clock evenly on. */
  pass(seconds: number): void;
  /** The wall clock alone. */
  jump(seconds: number): void;
  close(): Promise<void>;
}

const startTime = Date.UTC(2026, 5, 1, 12);

const urls = {
  crl: (authority: string) => `http://ca.test/crl/${authority}.crl`,
  ocsp: (authority: string) => `http://ca.test/ocsp/${authority}`,
  aia: (authority: string) => `http://ca.test/aia/${authority}.cer`,
  trustBundle: (environment: string) => `http://ca.test/v1/trust-bundles/${environment}.pem`,
};

const defaultSettings: ServiceSettings = {
  hierarchy: 'two-tier',
  authorityKeys: { vault: 'file', keyType: 'ec-p256' },
  crlLifetimeSeconds: 86_400,
  ocspLifetimeSeconds: 3_600,
  archiveAfterDays: 400,
  clockLimits: defaultClockLimits,
  serverNames: ['localhost'],
  productCertificatesPerDay: 0,
  alertDays: [7, 1],
  webhookUrls: [],
  webhookKinds: [],
  metricsProducts: 100,
  requestLifetimeSeconds: 7 * 86_400,
};

const deafWebhooks: WebhookSender = {
  send: async () => ({ kind: 'failed', reason: 'nobody is there' }),
  close: async () => undefined,
};

/** Weak on purpose: the derivation's cost is not what these tests are about. */
const cheapDerivation = { memoryKiB: 1024, passes: 1, parallelism: 1 };

/** Opened, but nothing made yet: call `ensureFirstRun`, or use `firstRunService`. */
export async function openService(options: ServiceOptions): Promise<TestService> {
  const home = await openHomeDirectory(options.home);
  const vault = await openFileVault({
    directory: join(options.home, 'vault'),
    passphrase: 'only a test',
    randomness: systemRandomness,
    cost: cheapDerivation,
  });
  const file = join(options.home, 'privyseal.db');
  if (!existsSync(file)) newDatabase(file);
  const inventory = await openSqliteInventory({
    ...{ file, migrationsDirectory, work: 'here' },
    renderers,
  });
  const csrs = createCsrReader();
  const processMeter = createProcessMeter('1.2.3');
  const time = { wall: options.startAt ?? startTime, monotonic: 1000 };
  const closeAdapters = async () => {
    processMeter.close();
    await csrs.close();
    await inventory.close();
    for (const each of [vault, ...(options.furtherVaults ?? [])]) await each.close();
    await home.release();
  };
  const built = await buildServices({
    inventory: options.wrapInventory?.(inventory) ?? inventory,
    vaults: new Map([
      ['file', options.wrapVault?.(vault) ?? vault],
      ...(options.furtherVaults ?? []).map((each) => [each.name, each] as const),
    ]),
    home: options.wrapHome?.(home) ?? home,
    keyPairs: createSoftwareKeys(),
    clock: { now: () => time.wall, monotonic: () => time.monotonic },
    randomness: systemRandomness,
    csrs,
    log: options.log ?? pino({ level: 'silent' }),
    processMeter,
    webhooks: options.webhooks ?? deafWebhooks,
    urls,
    settings: { ...defaultSettings, ...options.settings },
  }).catch(async (error: unknown) => {
    await closeAdapters();
    throw error;
  });
  return {
    ...built,
    inventory,
    vault,
    pass(seconds) {
      time.wall += seconds * 1000;
      time.monotonic += seconds * 1000;
    },
    jump(seconds) {
      time.wall += seconds * 1000;
    },
    async close() {
      await built.stopAlerting();
      await closeAdapters();
    },
  };
}

/** As after the first start of a new home. */
export async function firstRunService(options: ServiceOptions): Promise<TestService> {
  const service = await openService(options);
  await service.ensureFirstRun();
  return service;
}

/** The first admin, as the admin face would know it. */
export const admin: Caller = { kind: 'operator', name: 'admin', role: 'admin', serial: '00' };

let tokens = 0;

/** A new token of dev/demo as a caller. */
export async function demoToken(
  { inventory, clock }: Pick<TestService, 'inventory' | 'clock'>,
  { usesLeft = null, expiresInSeconds = 3600 }: { usesLeft?: number | null; expiresInSeconds?: number } = {},
): Promise<Caller> {
  const product = await inventory.product('dev/demo');
  tokens += 1;
  const id = String(tokens).padStart(16, '0');
  const createdAt = clock.now();
  const profiles = product?.profiles ?? [];
  const expiresAt = createdAt + expiresInSeconds * 1000;
  const token = {
    id,
    product: 'dev/demo',
    profiles,
    secretSha256: id.repeat(4),
    usesLeft,
    expiresAt,
    createdAt,
    createdBy: 'test',
  };
  await inventory.createToken(token, { at: createdAt, kind: 'token.created', actor: 'test', object: `token:${id}` });
  return { kind: 'token', tokenId: id, product: 'dev/demo', profiles };
}
