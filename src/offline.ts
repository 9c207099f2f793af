/**
 * The composition root of the acts on a home that this process does not serve: backup, restore, and looking at its audit log.
 * A service may run beside a backup.
 */
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { filePart, heldPart } from './adapters/backup-file/octets.ts';
import { type OpenBackup, type OpenPart, openBackup } from './adapters/backup-file/read-backup.ts';
import { type BackupTarget, openBackupTarget } from './adapters/backup-file/write-backup.ts';
import { inspectHome, readTrustFiles } from './adapters/home-directory/inspect-home.ts';
import {
  openHomeToRestore,
  type RestoredHome,
  refuseFilledHome,
  stageFile,
} from './adapters/home-directory/restored-home.ts';
import { appendBeside } from './adapters/inventory-sqlite/copies/append-beside.ts';
import {
  type AuditLogFile,
  isDatabaseFile,
  openAuditLogFile,
} from './adapters/inventory-sqlite/copies/audit-log-file.ts';
import { copyDatabase, readCopy } from './adapters/inventory-sqlite/copies/copy-database.ts';
import { knowsSchema, verifyCopy } from './adapters/inventory-sqlite/copies/verify-copy.ts';
import { openSqliteInventory } from './adapters/inventory-sqlite/inventory-sqlite.ts';
import { systemClock } from './adapters/system-clock.ts';
import { readVaultFiles, type VaultFileContent, vaultFileOf } from './adapters/vault-file/list-vault-files.ts';
import { type Config, inHome } from './config.ts';
import { type BackupManifest, databasePart } from './domain/backup/manifest.ts';
import type { BackupReport, OnProgress, RestoreReport } from './domain/backup/report.ts';
import { CaError, StartError } from './domain/errors.ts';
import type { BackupPart, CopyFacts } from './ports/backup.ts';
import { distributionUrls } from './services/authorities/distribution-urls.ts';
import { earlierRoots, type TrustFile } from './services/authorities/trust-files.ts';
import { type BackupSurroundings, describeBackup } from './services/backup/describe-backup.ts';
import { chooseNewestLists, type GivenList } from './services/backup/newest-lists.ts';
import { type RestorePlan, restoreInventory } from './services/backup/restore-inventory.ts';

const migrationsDirectory = join(import.meta.dirname, '../migrations/sqlite');
const { version } = packageJson;

/** Writes a backup to a new file, whether the home is being served or not. StartError says why not; nothing is left then. */
export async function backUpHome(config: Config, path: string, onProgress: OnProgress): Promise<BackupReport> {
  await inspectHome(config.home, databasePart);
  const target = await openBackupTarget(path);
  try {
    const { manifest, parts } = await gather(config, target, onProgress);
    const written = await target.publish(manifest, parts, onProgress);
    return { file: target.file, ...written, manifest, notAudited: auditBackup(config, manifest, written.sha256) };
  } finally {
    await target.dispose();
  }
}

/** Every key that the database names was in the vault before it, and is in it afterwards, unless it was destroyed meanwhile. */
async function gather(
  config: Config,
  { workspace }: BackupTarget,
  onProgress: OnProgress,
): Promise<{ manifest: BackupManifest; parts: readonly BackupPart[] }> {
  const copy = join(workspace, databasePart);
  const vault = inHome(config, 'vault');
  const before = await readVaultFiles(vault);
  await copyDatabase(inHome(config, databasePart), copy, onProgress);
  const facts = readCopy(copy);
  const { size: total } = await stat(copy);
  let done = 0;
  const database = await filePart(databasePart, copy, (count) => {
    done += count;
    onProgress({ what: 'Measuring the copy', done, total });
  });
  const vaultFiles = withDestroyed(facts, before, await readVaultFiles(vault));
  const trustFiles = await readTrustFiles(config.home);
  const parts = [
    database,
    ...vaultFiles.map(({ name, content }) => heldPart(`vault/${name}`, content)),
    ...trustFiles.map(({ name, content }) => heldPart(`trust/${name}`, content)),
  ];
  return { manifest: describeBackup(facts, parts, surroundings(config)), parts };
}

/** A rotation that ends while a large database is copied destroys a key that the copy still signs with. */
function withDestroyed(
  { authorities }: CopyFacts,
  before: readonly VaultFileContent[],
  after: readonly VaultFileContent[],
): readonly VaultFileContent[] {
  const named = new Map(after.map((file) => [file.name, file]));
  const needed = new Set(
    authorities.filter(({ isKeyNeeded }) => isKeyNeeded).map(({ vaultKey }) => vaultFileOf(vaultKey)),
  );
  const gone = before.filter(({ name }) => needed.has(name) && !named.has(name));
  return [...after, ...gone];
}

function surroundings({ distributionUrl, distributionPort, vaults }: Config): BackupSurroundings {
  const base = distributionUrl ?? (distributionPort === 0 ? undefined : `http://localhost:${distributionPort}`);
  return {
    version,
    now: systemClock.now(),
    crlUrl: base === undefined ? () => null : distributionUrls(base).crl,
    vaults: vaults.map(({ name }) => name),
    keyPart: (key) => `vault/${vaultFileOf(key)}`,
  };
}

/** After the backup is there, so that the log never tells of one that is not; it is the first event that is not in it. */
function auditBackup(config: Config, { audit }: BackupManifest, sha256: string): string | null {
  const details = { version, sha256, seq: audit.seq };
  const entry = {
    at: systemClock.now(),
    kind: 'service.backedUp',
    actor: 'service',
    object: 'service',
    details,
  } as const;
  return appendBeside(inHome(config, databasePart), entry, migrationsDirectory);
}

export interface RestoreInput {
  readonly file: string;
  /** Files of lists (CRL), DER or PEM. */
  readonly crls: readonly string[];
  readonly withoutCrl: readonly string[];
  readonly keepTokens: boolean;
}

/** Fills an empty home from a backup. Everything is verified first; StartError says what is wrong, and the home is as it was. */
export async function restoreHome(config: Config, input: RestoreInput, onProgress: OnProgress): Promise<RestoreReport> {
  await refuseFilledHome(config.home);
  const backup = await openBackup(input.file);
  refuseNewer(backup);
  const given = await Promise.all(input.crls.map(readList));
  const lists = chooseNewestLists(backup.manifest, { given, withoutCrl: input.withoutCrl });
  await backup.verify(onProgress);
  const home = await openHomeToRestore(config.home);
  try {
    const { withoutCrl, keepTokens } = input;
    const plan = { manifest: backup.manifest, lists, withoutCrl, keepTokens };
    const report = await fill(home, { backup, plan, onProgress });
    await home.complete();
    return { home: home.path, manifest: backup.manifest, ...report };
  } catch (error) {
    await home.abandon();
    throw error;
  }
}

interface Filling {
  readonly backup: OpenBackup;
  readonly plan: RestorePlan;
  readonly onProgress: OnProgress;
}

async function fill(home: RestoredHome, { backup, plan, onProgress }: Filling) {
  await backup.extract((part) => stageFile(home, part.name), onProgress);
  const file = join(home.staging, databasePart);
  await verifyCopy(file, { migrationsDirectory, audit: plan.manifest.audit }, onProgress);
  onProgress({ what: 'Applying the lists', done: 0, total: 1 });
  const inventory = await openSqliteInventory({ file, migrationsDirectory, work: 'here' });
  try {
    const report = await restoreInventory({ inventory, now: systemClock.now(), version }, plan);
    const roots = await earlierRoots(inventory);
    if (roots) await stage(home, roots);
    return report;
  } catch (error) {
    throw error instanceof CaError && error.code === 'inventoryUnavailable' ? notApplied(home, error) : error;
  } finally {
    await inventory.close();
  }
}

/** There is no service whose log could tell the cause. */
const notApplied = ({ path }: RestoredHome, error: CaError): StartError =>
  new StartError(
    'homeUnwritable',
    `The lists could not be applied to the database in ${path} (${error.cause instanceof Error ? error.cause.message : 'unknown'}). Check the space on its disk and give the same command again.`,
    error,
  );

/** The log of a home that has not been started yet can be verified, too. */
async function stage(home: RestoredHome, { file, text }: TrustFile): Promise<void> {
  const { write, end } = await stageFile(home, file);
  await write(Buffer.from(text)).finally(end);
}

function refuseNewer({ file, manifest }: OpenBackup): void {
  if (knowsSchema(manifest.schema, migrationsDirectory)) return;
  throw new StartError(
    'backupTooNew',
    `${file} was written by version ${manifest.program}, whose schema (${manifest.schema}) this version, ${version}, does not know. Restore it with that version.`,
  );
}

/** 256 MiB: several million entries. */
const longestList = 2 ** 28;

async function readList(file: string): Promise<GivenList> {
  try {
    const { size } = await stat(file);
    if (size > longestList) throw new StartError('crlUnusable', `${file} is too large to be a list.`);
    return { file, content: await readFile(file) };
  } catch (error) {
    if (error instanceof StartError) throw error;
    const code = String((error as NodeJS.ErrnoException).code);
    throw new StartError('crlUnusable', `${file} cannot be read (${code}). Check its name, owner and mode.`, error);
  }
}

/** The audit log of a database, which a service may be writing, or of a backup, whose database is unpacked for as long as it is read. */
export async function openAuditLog(file: string, onProgress: OnProgress): Promise<AuditLogFile> {
  if (await isDatabaseFile(file)) return openAuditLogFile(file);
  const backup = await openBackup(file);
  const unpacking = <T>(act: Promise<T>): Promise<T> => act.catch((error) => Promise.reject(noRoom(file, error)));
  const folder = await unpacking(mkdtemp(join(tmpdir(), 'privyseal-audit-')));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await backup.extract(async (part) => {
      if (part.name !== databasePart) return nowhere;
      const { write, end } = await unpacking(newFile(join(folder, part.name)));
      return { write: (piece) => unpacking(write(piece)), end: () => unpacking(end()) };
    }, onProgress);
    const log = openAuditLogFile(join(folder, databasePart));
    return { ...log, close: () => log.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** As on a read-only root file system, or where `/tmp` is small. */
const noRoom = (file: string, error: unknown): StartError =>
  new StartError(
    'backupUnreadable',
    `The database of ${file} cannot be unpacked into ${tmpdir()} (${(error as NodeJS.ErrnoException).code}). Set TMPDIR to a folder that you may write and that has room for it.`,
    error,
  );

const nowhere: Promise<OpenPart> = Promise.resolve({ write: async () => {}, end: async () => {} });

async function newFile(path: string): Promise<OpenPart> {
  const file = await open(path, 'wx', 0o600);
  return { write: (piece) => file.writeFile(piece), end: () => file.close() };
}
