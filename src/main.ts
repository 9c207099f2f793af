/** The composition root: reads the settings, opens the adapters, builds the services, opens the faces. Nothing else knows who is real. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { createCsrReader } from './adapters/csr-reader/csr-reader.ts';
import { gatherLines } from './adapters/gather-lines.ts';
import { journalName } from './adapters/home-directory/ceremony-journal.ts';
import { openHomeDirectory } from './adapters/home-directory/home-directory.ts';
import { listHome } from './adapters/home-directory/list-home.ts';
import { holdsUnfinished } from './adapters/home-directory/unfinished-restore.ts';
import { openSqliteInventory } from './adapters/inventory-sqlite/inventory-sqlite.ts';
import { createProcessMeter } from './adapters/process-meter.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandomness } from './adapters/system-randomness.ts';
import { giveStartBack } from './adapters/threads/give-start-back.ts';
import { createSoftwareKeys } from './adapters/vault-file/software-keys.ts';
import { openWebhookSender } from './adapters/webhook-https/open-webhook-sender.ts';
import { type Config, inHome } from './config.ts';
import { StartError } from './domain/errors.ts';
import type { AuditEntry } from './domain/records/audit-event.ts';
import { defaultFaceLimits } from './faces/http/face-deps.ts';
import { type ListenOptions, type OpenFacesDeps, refuseTakenPorts, settlePorts } from './faces/http/open-faces.ts';
import { openRotatingFaces, type RotatingFaces } from './faces/http/rotating-faces.ts';
import { openVaults, refuseLostVault } from './open-vaults.ts';
import type { Clock } from './ports/clock.ts';
import type { Home } from './ports/home.ts';
import type { Inventory } from './ports/inventory.ts';
import type { SecretConsole } from './ports/secret-console.ts';
import type { Vault } from './ports/vault.ts';
import type { WebhookSender } from './ports/webhook-sender.ts';
import { distributionUrls } from './services/authorities/distribution-urls.ts';
import { type BuiltServices, buildServices, type ServiceSettings } from './services/build-services.ts';
import { defaultClockLimits } from './services/guard-clock.ts';
import { serverNamesOf } from './services/issuing/server-certificate.ts';
import type { RecoveredOperator } from './services/operators/recover-operator.ts';
import type { DistributionUrls } from './services/services.ts';

const projectFolder = join(import.meta.dirname, '..');

/** What a drill or a bench may put around the real thing; everything else runs as users run it. */
export interface Overrides {
  readonly clock?: Clock;
  readonly wrapVault?: (vault: Vault) => Vault;
  readonly logger?: Logger;
  readonly env?: NodeJS.ProcessEnv;
  /** Who is at the console, for the shares of a split passphrase; nobody if absent. */
  readonly console?: SecretConsole;
}

export interface RunningService {
  readonly ports: { readonly public: number; readonly admin: number; readonly distribution: number };
  readonly built: BuiltServices;
  readonly firstRun: boolean;
  /** Where the passphrase lies in the home; undefined if it is given from elsewhere. */
  readonly passphraseFile: string | undefined;
  /** Finishes what was accepted, refuses new work, closes everything; under 10 s. */
  stop(): Promise<void>;
}

/** The services over real adapters, without faces. */
interface OpenServices {
  readonly built: BuiltServices;
  readonly inventory: Inventory;
  readonly home: Home;
  readonly urls: DistributionUrls;
  readonly log: Logger;
  readonly firstRun: boolean;
  readonly passphraseFile: string | undefined;
}

/** Of what is open, the newest last. */
type Closers = (() => Promise<void>)[];

/** Newest first. One that fails keeps none of the others open: the home would stay locked, and a thread would keep the process alive. */
async function closeAll(closers: Closers): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.splice(0).reverse()) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

interface Opening {
  readonly config: Config;
  readonly ports: Ports;
  readonly overrides: Overrides;
  readonly closers: Closers;
  readonly logOf: keyof typeof logOutputs;
  /** Called when the home is this process's own, and nothing is in it yet that was not there. */
  readonly beforeMaking?: () => Promise<void>;
}

/** A first run beside its journal would put the key of an offline root on the network. */
async function refuseOfflineRoot(home: Home): Promise<void> {
  if (!(await home.exists(journalName))) return;
  throw new StartError(
    'homeNotEmpty',
    `${home.path} holds an offline root (${journalName}), whose key no service may have. Name another home with --home DIR.`,
  );
}

async function openServices({ config, ports, overrides, closers, logOf, ...opening }: Opening): Promise<OpenServices> {
  const log = overrides.logger ?? createLogger(config, logOf);
  const home = await openHomeDirectory(config.home);
  closers.push(() => home.release());
  await refuseOfflineRoot(home);
  await refuseLostVault(config);
  await opening.beforeMaking?.();
  // The passphrase's derivation takes most of a start and does not need this thread.
  const [vaultOpened, inventoryOpened] = await Promise.allSettled([
    openVaults(config, { env: overrides.env ?? process.env, log, console: overrides.console }),
    openSqliteInventory({
      file: inHome(config, 'privyseal.db'),
      migrationsDirectory: join(projectFolder, 'migrations/sqlite'),
      searchThread: new URL('./search-thread.ts', import.meta.url),
    }),
  ]);
  if (vaultOpened.status === 'fulfilled') closers.push(() => vaultOpened.value.close());
  if (inventoryOpened.status === 'fulfilled') closers.push(() => inventoryOpened.value.close());
  if (vaultOpened.status === 'rejected') throw vaultOpened.reason;
  if (inventoryOpened.status === 'rejected') throw inventoryOpened.reason;
  const { passphraseFile } = vaultOpened.value;
  const inventory = inventoryOpened.value;
  const csrs = createCsrReader();
  closers.push(() => csrs.close());
  const processMeter = createProcessMeter(packageJson.version);
  closers.push(async () => processMeter.close());
  const webhooks = await openWebhooks(config);
  closers.push(() => webhooks.close());
  const urls = distributionUrls(config.distributionUrl ?? `http://localhost:${ports.distribution}`);
  const built = await buildServices({
    inventory,
    vaults: wrapped(vaultOpened.value.vaults, overrides),
    home,
    keyPairs: createSoftwareKeys(),
    clock: overrides.clock ?? systemClock,
    randomness: systemRandomness,
    csrs,
    log,
    processMeter,
    webhooks,
    urls,
    settings: serviceSettings(config),
  });
  await built.recoverUnfinished();
  const firstRun = await built.ensureFirstRun();
  return { built, inventory, home, urls, log, firstRun, passphraseFile };
}

const wrapped = (vaults: ReadonlyMap<string, Vault>, { wrapVault }: Overrides): ReadonlyMap<string, Vault> =>
  wrapVault ? new Map([...vaults].map(([name, vault]) => [name, wrapVault(vault)])) : vaults;

/** Starts the whole service; rejects with StartError after closing what it had opened. */
export async function startService(config: Config, overrides: Overrides = {}): Promise<RunningService> {
  const closers: Closers = [];
  try {
    // Certificates carry the distribution face's port for good: none is made before it is known, nor for one that cannot be had.
    const listening = await settlePorts(listenOptions(config));
    closers.push(listening.release);
    const { ports } = listening;
    const beforeMaking = () => refuseTakenPorts(listenOptions(config));
    const open = await openServices({ config, ports, overrides, closers, beforeMaking, logOf: 'service' });
    const { built, log } = open;
    const faces = await openRotatingFaces(facesDeps(open, config), built, listening);
    closers.push(() => faces.close());
    closers.push(startHousekeeping(built, faces, log));
    await open.home.write('run/ports.json', `${JSON.stringify(ports)}\n`, 0o644);
    await open.inventory.appendAudit(serviceEvent('service.started', built));
    const { firstRun, passphraseFile } = open;
    giveStartBack();
    return { ports, built, firstRun, passphraseFile, stop: () => stopService(open, closers) };
  } catch (error) {
    await closeAll(closers).catch(() => undefined);
    throw error;
  }
}

const signAtStopMs = 3000;

async function stopService({ built, inventory, log }: OpenServices, closers: Closers): Promise<void> {
  built.beginStop();
  try {
    // The faces and the housekeeping were opened last: nothing new comes after them.
    await closeAll(closers.splice(-2));
    await built.stopAlerting();
    await inventory.appendAudit(serviceEvent('service.stopped', built)).catch((error: unknown) => {
      log.error({ err: error }, 'the stop was not audited');
    });
    // A signer that is away must not hold the stop up; the next start signs what is left.
    await Promise.race([built.signAuditLog(), pause(signAtStopMs, undefined, { ref: false })]);
  } finally {
    await closeAll(closers);
  }
}

const serviceEvent = (kind: 'service.started' | 'service.stopped', built: BuiltServices): AuditEntry => ({
  at: built.clock.now(),
  kind,
  actor: 'service',
  object: 'service',
  details: { version: packageJson.version },
});

/** Of lines that wait for a slow or full output; what comes on top of them is dropped. */
const mostWaitingOctets = 16 * 2 ** 20;

/** File descriptors: standard output belongs to the log of a service, and to the answer of a verb that ends. */
const logOutputs = { service: 1, verb: 2 } as const;

/** One JSON line an event; what could be a secret never gets there. */
function createLogger(config: Config, of: keyof typeof logOutputs): Logger {
  const output = pino.destination({ dest: logOutputs[of], sync: false, maxLength: mostWaitingOctets });
  // On a disk that is full of the log lines wait, and are written once there is room: the service goes on.
  output.on('error', () => {});
  const paths = ['req.headers.authorization', 'req.headers.cookie', 'headers.authorization', 'headers.cookie'];
  return pino({ level: config.logLevel, base: null, redact: { paths, censor: '[redacted]' } }, gatherLines(output));
}

async function openWebhooks(config: Config): Promise<WebhookSender> {
  const { webhookUrls, webhookSecretFile, webhookTrustFile, webhookAllowedRanges } = config;
  if (webhookUrls.length > 0 && webhookSecretFile === undefined) {
    throw new StartError(
      'badConfiguration',
      'webhookUrls are set without webhookSecretFile, which signs what is sent.',
    );
  }
  return openWebhookSender({
    urls: config.webhookUrls,
    ...(webhookSecretFile !== undefined && { secretFile: webhookSecretFile }),
    ...(webhookTrustFile !== undefined && { trustFile: webhookTrustFile }),
    allowedRanges: webhookAllowedRanges,
  });
}

function serviceSettings(config: Config): ServiceSettings {
  const pss = config.rsaPadding === 'pss' && config.authorityKeyType.startsWith('rsa-');
  return {
    hierarchy: config.hierarchy,
    authorityKeys: {
      vault: config.vault,
      keyType: config.authorityKeyType,
      ...(pss && { signatureAlgorithm: 'rsassa-pss-sha256' as const }),
    },
    crlLifetimeSeconds: config.crlLifetimeSeconds,
    ocspLifetimeSeconds: config.ocspLifetimeSeconds,
    archiveAfterDays: config.archiveAfterDays,
    clockLimits: { ...defaultClockLimits, acceptClock: config.acceptClock },
    serverNames: serverNamesOf(hostname(), config.serverNames),
    productCertificatesPerDay: config.productCertificatesPerDay,
    alertDays: config.alertDays,
    webhookUrls: config.webhookUrls,
    webhookKinds: config.webhookKinds as ServiceSettings['webhookKinds'],
    metricsProducts: config.metricsProducts,
    requestLifetimeSeconds: config.requestLifetimeSeconds,
  };
}

type Ports = RunningService['ports'];

/** What the settings ask for. */
const listenOptions = ({ host, publicPort, adminPort, distributionPort }: Config): ListenOptions => ({
  host,
  ports: { public: publicPort, admin: adminPort, distribution: distributionPort },
});

const facesDeps = ({ built, urls, log }: OpenServices, config: Config): OpenFacesDeps => ({
  services: built.services,
  urls,
  logger: log,
  limits: {
    ...defaultFaceLimits,
    requestsPerMinute: config.requestsPerMinute,
    tokenRequestsPerMinute: config.tokenRequestsPerMinute,
    productRequestsPerMinute: config.productRequestsPerMinute,
  },
  requestLog: config.requestLog,
  now: () => built.clock.now(),
  version: packageJson.version,
});

const housekeepingMs = 1000;

/** Runs the housekeeping again and again, one after the other; resolves when the last one has ended. */
function startHousekeeping(built: BuiltServices, faces: RotatingFaces, log: Logger): () => Promise<void> {
  let running = Promise.resolve();
  let ended = false;
  const once = async (): Promise<void> => {
    // Each step that failed is in the log already, and is taken again.
    await built.housekeep().catch(() => undefined);
    await faces
      .refresh()
      .catch((error: unknown) => log.error({ err: error }, 'the TLS contexts were not looked after; trying again'));
  };
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(() => {
      running = once().finally(() => {
        if (!ended) next();
      });
    }, housekeepingMs);
  };
  next();
  return async () => {
    ended = true;
    clearTimeout(timer);
    await running;
  };
}

/** Makes the home without opening a face; `tell` is called while everything it may ask of is still open. */
export async function initializeHome(
  config: Config,
  tell: (made: Omit<RunningService, 'stop'>) => Promise<void>,
  overrides: Overrides = {},
): Promise<void> {
  const closers: Closers = [];
  const ports = { public: config.publicPort, admin: config.adminPort, distribution: config.distributionPort };
  try {
    const { built, firstRun, passphraseFile } = await openServices({
      config,
      ports,
      overrides,
      closers,
      logOf: 'verb',
    });
    await built.signAuditLog();
    await tell({ ports, built, firstRun, passphraseFile });
  } finally {
    await closeAll(closers);
  }
}

/** Break-glass on the home itself, whose lock says that no service runs on it. StartError `homeDamaged` where there is none. */
export async function recoverOperator(
  config: Config,
  name: string,
  overrides: Overrides = {},
): Promise<RecoveredOperator> {
  const closers: Closers = [];
  const ports = { public: config.publicPort, admin: config.adminPort, distribution: config.distributionPort };
  const names = await listHome(config.home);
  if (!names.includes('privyseal.db') && !holdsUnfinished(names)) {
    const database = inHome(config, 'privyseal.db');
    throw new StartError('homeDamaged', `There is no ${database}. Name the service’s home with --home DIR.`);
  }
  try {
    const { built } = await openServices({ config, ports, overrides, closers, logOf: 'verb' });
    return await built.recoverOperator(name);
  } finally {
    await closeAll(closers);
  }
}
