/** The composition root of `privyseal doctor`: looks at everything a service needs, whether one runs or not, and changes nothing. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { examineHome, isServed } from './adapters/home-directory/examine-home.ts';
import { examineDatabase } from './adapters/inventory-sqlite/copies/examine-database.ts';
import { examinePorts, type FacePort, reachedAt } from './adapters/listening-ports.ts';
import { systemClock } from './adapters/system-clock.ts';
import { examineVault } from './adapters/vault-file/examine-vault.ts';
import { type Config, inHome } from './config.ts';
import { type Checkpoint, parseCheckpointNote } from './domain/audit/checkpoint.ts';
import type { Finding } from './domain/diagnosis/finding.ts';
import {
  type InventoryFacts,
  judgeCertificates,
  judgeClock,
  judgeDatabase,
  judgeFiles,
  judgeImportedLists,
  judgeLists,
} from './domain/diagnosis/judge-inventory.ts';
import { type BegunKey, type CertifiedKey, judgeVaults } from './domain/diagnosis/judge-keys.ts';
import { StartError } from './domain/errors.ts';
import { pkcs11Options } from './open-vaults.ts';
import type { VaultKind, VaultSettings } from './vault-settings.ts';

const migrationsDirectory = join(import.meta.dirname, '../migrations/sqlite');

/** A failure of one look is a finding of it, and keeps none of the others from being made. */
export async function examine(config: Config, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const settings: Finding = { check: 'settings', state: 'ok', says: 'every one is known, and has an allowed value' };
  const home = await examineHome(config.home);
  if (home.some(({ check, state }) => check === 'home' && state === 'fail')) return [settings, ...home];
  const served = await isServed(config.home);
  // The checkpoint first: the database that is read after it has its event.
  const signed = await readCheckpoint(config);
  const inventory = readInventory(config);
  return [
    settings,
    ...home,
    ...(await examineService(config, served)),
    ...(await examineVaults(config, env, 'facts' in inventory ? inventory.facts : { keys: [], begunKeys: [] })),
    ...('facts' in inventory ? judgeInventory(inventory.facts, { config, served, signed }) : [inventory.finding]),
  ];
}

type Examiners = {
  readonly [Kind in VaultKind]: (
    settings: Extract<VaultSettings, { kind: Kind }>,
    env: NodeJS.ProcessEnv,
    certified: readonly CertifiedKey[],
    begun: readonly BegunKey[],
  ) => Promise<Finding[]>;
};

const examiners: Examiners = {
  openbao: async (settings, _env, ...keys) =>
    (await import('./adapters/vault-openbao/examine-openbao.ts')).examineOpenBao(settings, ...keys),
  pkcs11: async (settings, env, ...keys) =>
    (await import('./adapters/vault-pkcs11/examine-pkcs11.ts')).examinePkcs11(pkcs11Options(settings, env), ...keys),
};

/** Each with the keys that authorities sign with in it, and those that were begun in it. */
async function examineVaults(
  config: Config,
  env: NodeJS.ProcessEnv,
  { keys: certified, begunKeys }: Pick<InventoryFacts, 'keys' | 'begunKeys'>,
): Promise<Finding[]> {
  const keysIn = (name: string): [CertifiedKey[], BegunKey[]] => [
    certified.filter(({ vault }) => vault === name),
    begunKeys.filter(({ vault }) => vault === name),
  ];
  const examineOne = (settings: VaultSettings): Promise<Finding[]> =>
    settings.kind === 'openbao'
      ? examiners.openbao(settings, env, ...keysIn(settings.name))
      : examiners.pkcs11(settings, env, ...keysIn(settings.name));
  const found = await Promise.all([
    examineVault({ env, directory: inHome(config, 'vault') }, ...keysIn('file')),
    ...config.vaults.map(examineOne),
  ]);
  return [...found.flat(), ...judgeVaults(certified, ['file', ...config.vaults.map(({ name }) => name)])];
}

async function examineService(config: Config, served: boolean): Promise<Finding[]> {
  const ports = await portsOf(config, served);
  if (!served) {
    const stopped: Finding = { check: 'service', state: 'ok', says: 'none runs on this home' };
    return [
      stopped,
      await examinePorts(
        config.host,
        ports.filter(({ port }) => port !== 0),
        false,
      ),
    ];
  }
  const distribution = ports.find(({ face }) => face === 'distribution')?.port ?? 0;
  return [await examineReadiness(config.host, distribution), await examinePorts(config.host, ports, true)];
}

/** A service that took free ports wrote down which. */
async function portsOf(config: Config, served: boolean): Promise<FacePort[]> {
  const taken = served ? await readTaken(config.home) : {};
  const given = { public: config.publicPort, admin: config.adminPort, distribution: config.distributionPort };
  return Object.entries(given).map(([face, port]) => ({ face, port: port === 0 ? (taken[face] ?? 0) : port }));
}

async function readTaken(home: string): Promise<Readonly<Record<string, number>>> {
  try {
    return JSON.parse(await readFile(join(home, 'run/ports.json'), 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

interface Readiness {
  readonly status: string;
  readonly parts: readonly { readonly name: string; readonly ready: boolean; readonly reason?: string }[];
}

async function examineReadiness(host: string, port: number): Promise<Finding> {
  const check = 'service';
  const address = reachedAt(host);
  try {
    const answer = await fetch(`http://${address.includes(':') ? `[${address}]` : address}:${port}/readyz`, {
      signal: AbortSignal.timeout(5000),
    });
    const { status, parts } = (await answer.json()) as Readiness;
    if (status === 'ready') return { check, state: 'ok', says: 'runs on this home, and is ready' };
    const wrong = parts
      .filter(({ ready }) => !ready)
      .map(({ name, reason = 'no reason given' }) => `${name} (${reason})`);
    const next = 'docs/operating.md says what to do about each part.';
    return { check, state: 'fail', says: `runs on this home, and is not ready: ${wrong.join(', ')}`, next };
  } catch {
    const says = `runs on this home, and does not answer on port ${port}`;
    return { check, state: 'fail', says, next: 'Look at its log; look with its own settings.' };
  }
}

/** The newest of the home; nothing where there is none that can be read. */
async function readCheckpoint(config: Config): Promise<Checkpoint | undefined> {
  const note = await readFile(inHome(config, 'audit/checkpoint'), 'utf8').catch(() => '');
  return parseCheckpointNote(note)?.checkpoint;
}

type ReadInventory = { readonly facts: InventoryFacts } | { readonly finding: Finding };

function readInventory(config: Config): ReadInventory {
  try {
    const facts = examineDatabase(inHome(config, 'privyseal.db'), migrationsDirectory, systemClock.now() / 1000);
    return facts === 'outdated' ? { finding: outdated } : { facts };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { finding: { check: 'database', state: 'fail', says: error.code, next: error.message } };
  }
}

interface Beside {
  readonly config: Config;
  readonly served: boolean;
  readonly signed: Checkpoint | undefined;
}

function judgeInventory(facts: InventoryFacts, { config, served, signed }: Beside): Finding[] {
  const surroundings = { now: systemClock.now(), served };
  return [
    ...judgeFiles(facts, (file) => existsSync(inHome(config, file))),
    ...judgeDatabase(facts, { home: config.home, signed }),
    judgeClock(facts, surroundings),
    judgeLists(facts, surroundings),
    ...judgeImportedLists(facts, surroundings),
    judgeCertificates(facts, surroundings),
  ];
}

const outdated: Finding = {
  check: 'database',
  state: 'warn',
  says: 'it is of an earlier version of this program',
  next: 'Make a backup, then start the service: it brings the database forward.',
};
