/** Where the vault's passphrase comes from: the environment, a file, a systemd credential, or the home itself. */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import type { PassphraseSource } from '../../domain/records/vault-change.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { readAtMost } from '../../files/read-at-most.ts';
import { createFile } from '../../files/whole-file.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { SecretConsole } from '../../ports/secret-console.ts';
import { checkFileName, keyFileSuffix } from './formats.ts';
import { pathsOf } from './rewrap-folder.ts';
import { readShareSet } from './share-set.ts';

export interface PassphraseSources {
  /** The process's; the variable that holds the passphrase itself is removed, so that no child inherits it. */
  readonly env: NodeJS.ProcessEnv;
  /** The vault's folder. */
  readonly directory: string;
  readonly randomness: Randomness;
  /** Who is asked for shares where the passphrase was split; nobody if absent. */
  readonly console?: SecretConsole;
}

export interface ResolvedPassphrase {
  readonly passphrase: string;
  readonly source: Exclude<PassphraseSource, 'given'>;
  /** Where it was read from or written to, unless it came from the environment. */
  readonly file?: string;
  /** Made just now, of 256 random bits, because this is a first run without one: no derivation needs to make it any stronger. */
  readonly generated: boolean;
}

const variable = 'PRIVYSEAL_VAULT_PASSPHRASE';
const fileVariable = 'PRIVYSEAL_VAULT_PASSPHRASE_FILE';
const credentialName = 'privyseal-vault-passphrase';
const homeFileName = 'passphrase';
export const longestPassphrase = 4096;
/** As much as the keys it protects are worth: no derivation makes a weaker secret stronger than that. */
const generatedOctets = 32;

/**
 * The first source that is there decides; one that is there and unusable stops the start instead of falling through.
 * Throws StartError `passphraseMissing`, `sharesMissing`, `shareUnusable`, `keyFileOpenToOthers`, `homeUnwritable`.
 */
export async function resolvePassphrase(sources: PassphraseSources): Promise<ResolvedPassphrase> {
  return (await findPassphrase(sources)) ?? (await fromShares(sources)) ?? (await generate(sources));
}

type Places = Omit<PassphraseSources, 'randomness' | 'console'>;

/** The same, without making one: undefined if there is none. */
export async function findPassphrase(places: Places): Promise<ResolvedPassphrase | undefined> {
  return (
    fromEnvironment(places) ?? (await fromFile(places)) ?? (await fromCredential(places)) ?? (await fromHome(places))
  );
}

function fromEnvironment({ env }: Places): ResolvedPassphrase | undefined {
  const passphrase = env[variable];
  if (passphrase === undefined) return undefined;
  delete env[variable];
  return { passphrase: notEmpty(passphrase, variable), source: 'environment', generated: false };
}

/** An orchestrator mounts secrets for a group of ours (Kubernetes with fsGroup), never for everybody. */
async function fromFile({ env }: Places): Promise<ResolvedPassphrase | undefined> {
  const file = env[fileVariable];
  if (file === undefined) return undefined;
  const passphrase = await readSecret(notEmpty(file, fileVariable), 0o027);
  if (passphrase === undefined) throw missing(`${fileVariable} names ${file}, which does not exist.`);
  return { passphrase, source: 'file', file, generated: false };
}

/** systemd.exec(5), LoadCredential=: read by an ACL, whose mask shows as the group's bits. */
async function fromCredential({ env }: Places): Promise<ResolvedPassphrase | undefined> {
  const folder = env.CREDENTIALS_DIRECTORY;
  if (folder === undefined || folder === '') return undefined;
  const file = join(folder, credentialName);
  const passphrase = await readSecret(file, 0o007);
  return passphrase === undefined ? undefined : { passphrase, source: 'credential', file, generated: false };
}

/** A file named for one act. Throws StartError `passphraseMissing` and `keyFileOpenToOthers`. */
export async function readPassphraseFile(file: string): Promise<string> {
  const passphrase = await readSecret(file, 0o027);
  if (passphrase === undefined) throw new StartError('passphraseMissing', `There is no ${file}.`);
  return passphrase;
}

async function fromHome({ directory }: Places): Promise<ResolvedPassphrase | undefined> {
  // While a change of it waits to be finished, the one that it will be.
  const paths = await pathsOf(directory).catch((error: unknown) => {
    throw cannotBeRead(join(directory, homeFileName), error);
  });
  const file = paths.get(homeFileName);
  if (file === undefined) return undefined;
  const passphrase = await readSecret(file, 0o077);
  return passphrase === undefined ? undefined : { passphrase, source: 'home', file, generated: false };
}

/** Asks for the shares of a split passphrase; undefined for one that is whole. The scheme is loaded only where it is needed. */
export async function fromShares({
  directory,
  console = nobody,
}: Pick<PassphraseSources, 'directory' | 'console'>): Promise<ResolvedPassphrase | undefined> {
  const set = await readShareSet(directory);
  if (!set) return undefined;
  const { askForShares } = await import('./shares.ts');
  return { passphrase: await askForShares(set, console), source: 'shares', generated: false };
}

const nobody: SecretConsole = { ask: async () => undefined, tell: () => undefined };

/** Only for a vault that holds nothing: for any other, a new passphrase would open no key. */
async function generate({ directory, randomness }: PassphraseSources): Promise<ResolvedPassphrase> {
  const file = join(directory, homeFileName);
  const passphrase = Buffer.from(randomness.bytes(generatedOctets)).toString('base64url');
  try {
    await makeFolder(directory, 0o700);
    if (await holdsKeys(directory)) throw missing(`The vault ${directory} exists, but no passphrase was given.`);
    await createFile(file, { content: `${passphrase}\n`, mode: 0o600 });
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError('homeUnwritable', `${file} cannot be written. Check the folder’s disk and owner.`, error);
  }
  return { passphrase, source: 'home', file, generated: true };
}

async function holdsKeys(directory: string): Promise<boolean> {
  const names = await readdir(directory);
  return names.some((name) => name === checkFileName || name.endsWith(keyFileSuffix));
}

/** UTF-8 text without its last line ending; undefined when there is no such file. `forbidden` are mode bits of others. */
async function readSecret(path: string, forbidden: number): Promise<string | undefined> {
  try {
    // Not O_NOFOLLOW: mounted secrets are links. What was opened is what is checked.
    await using file: FileHandle = await open(path, 'r');
    const { mode } = await file.stat();
    if ((mode & forbidden) !== 0) throw openToOthers(path, mode);
    const octets = await readAtMost(file, longestPassphrase);
    if (!octets) throw missing(`${path} is too long for a passphrase (more than ${longestPassphrase} octets).`);
    return notEmpty(decode(octets, path), path);
  } catch (error) {
    if (error instanceof StartError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannotBeRead(path, error);
  }
}

const cannotBeRead = (path: string, cause: unknown): StartError =>
  new StartError('passphraseMissing', `The passphrase cannot be read from ${path}.`, cause);

function decode(octets: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets).replace(/\r?\n$/, '');
  } catch {
    throw missing(`${path} is not UTF-8 text.`);
  } finally {
    octets.fill(0);
  }
}

function notEmpty(text: string, source: string): string {
  if (text === '') throw missing(`${source} is empty.`);
  return text;
}

const missing = (what: string): StartError =>
  new StartError('passphraseMissing', `${what} Give the vault’s passphrase with ${fileVariable} (docs/keys.md).`);

const openToOthers = (path: string, mode: number): StartError =>
  new StartError(
    'keyFileOpenToOthers',
    `Others may access ${path} (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 '${path}'`,
  );
