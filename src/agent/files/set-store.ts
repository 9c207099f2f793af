/** The sets of one target, each in a folder of its own; `current` names the one in use, and switches by one rename. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import { writeNewFile } from '../../files/whole-file.ts';
import { AgentError } from '../agent-error.ts';
import type { FilesConfig } from '../config/agent-schema.ts';
import { type CredentialSet, derOf, factsFile, keyFits, ownFiles, type SetFacts } from './credential-set.ts';
import { isGone, unreadable, writingIn } from './disk-refusals.ts';
import { contentOf } from './output-content.ts';
import { type OutputFile, outputFiles, secret } from './output-files.ts';

/** `NNNN-SERIAL`: the number only grows. */
const setName = /^(\d{4,9})-([0-9a-f]{2,40})$/;

export interface SetStore {
  /** The agent's own folder in the target's, 0700. */
  readonly own: string;
  /** Through which a program reads the set in use. */
  readonly current: string;
  /** Sets, oldest first. */
  list(): Promise<string[]>;
  inUse(): Promise<string | null>;
  /** AgentError `setDamaged` when a file is missing or the key is not the certificate's, else `fileUnreadable`. */
  read(name: string): Promise<CredentialSet>;
  /** A new set, whole and on disk; not in use yet. */
  write(set: CredentialSet): Promise<string>;
  switchTo(name: string): Promise<void>;
  /** Removes what a crash left. */
  sweep(): Promise<void>;
  /** Removes sets but those of the newest `keep` certificates and `spared`; leaves those of another layout their keys for the agent’s user alone. */
  clean(keep: number, spared: readonly (string | null)[]): Promise<void>;
}

/** In `link` mode programs read `FOLDER/current`; in `replace` mode it is the agent's own memory of what is installed. */
export function openSetStore(files: FilesConfig): SetStore {
  const { folder } = files;
  const { own, root, sets } = foldersOf(files);
  const current = join(root, 'current');
  const list = async (): Promise<string[]> =>
    (await readdir(sets).catch(noneOr(sets, [])))
      .filter((name) => setName.test(name))
      .toSorted((a, b) => numberOf(a) - numberOf(b));
  const inUse = async (): Promise<string | null> =>
    basename(await readlink(current).catch(noneOr(current, ''))) || null;
  return {
    own,
    current,
    list,
    inUse,
    read: (name) => readSet(join(sets, name)),
    write: (set) =>
      writingIn(folder, async () => {
        const number = numberOf((await list()).at(-1) ?? '0-') + 1;
        const name = `${String(number).padStart(4, '0')}-${set.facts.serial}`;
        await writeSet(own, join(sets, name), { set, files: await outputFiles(files), alias: files.alias });
        await syncFolder(sets);
        return name;
      }),
    switchTo: (name) =>
      writingIn(folder, async () => {
        const link = join(own, `current.${randomBytes(8).toString('hex')}.new`);
        await symlink(join('sets', name), link);
        await rename(link, current);
        await syncFolder(root);
      }),
    clean: (keep, spared) =>
      writingIn(folder, async () => {
        const kept = new Set([...newest(await list(), keep), await inUse(), ...spared]);
        const old = (await list()).filter((name) => !kept.has(name));
        await Promise.all(old.map((name) => removeSet(own, join(sets, name))));
        const [used, ...others] = [await inUse(), ...kept].filter((name) => name !== null);
        if (used !== undefined) await takeBackKeys(sets, used, others);
      }),
    sweep: () => writingIn(folder, () => sweep(own)),
  };
}

/** The agent's own in a target's. */
export const ownFolder = (folder: string): string => join(folder, '.privyseal');

function foldersOf({ folder, mode }: FilesConfig) {
  const own = ownFolder(folder);
  const root = mode === 'link' ? folder : own;
  return { own, root, sets: join(root, 'sets') };
}

/** For the first set; may be repeated. AgentError `folderUnwritable` or `diskFull`. */
export async function makeSetFolders(files: FilesConfig): Promise<void> {
  const { own, sets } = foldersOf(files);
  await writingIn(files.folder, async () => {
    await makeFolder(files.folder, 0o755);
    await makeFolder(own, 0o700);
    await makeFolder(sets, 0o755);
  });
}

/** EINVAL: no link. What cannot be read is not taken for what is not there: then the agent would enrol anew. */
const noneOr =
  <None>(path: string, none: None) =>
  (error: unknown): None => {
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return none;
    throw unreadable(path, error);
  };

const numberOf = (name: string): number => Number.parseInt(name, 10);
const serialOf = (name: string): string => setName.exec(name)?.[2] ?? '';

/** Of each of the newest `keep` certificates its newest set. */
function newest(names: readonly string[], keep: number): string[] {
  const bySerial = new Map(names.map((name) => [serialOf(name), name]));
  return [...bySerial.values()].toSorted((a, b) => numberOf(a) - numberOf(b)).slice(-keep);
}

interface SetToWrite {
  readonly set: CredentialSet;
  readonly files: readonly OutputFile[];
  readonly alias: string;
}

/** Under a name of the agent's own until it is whole. */
async function writeSet(own: string, folder: string, { set, files, alias }: SetToWrite): Promise<void> {
  const staging = join(own, `${randomBytes(8).toString('hex')}.new`);
  await mkdir(staging, { mode: 0o755 });
  // Programs of other users read it, whatever the umask of the agent is.
  await chmod(staging, 0o755);
  try {
    for (const { output, mode, owner } of files) {
      const content = await contentOf[output](set, alias);
      await writeNewFile(join(staging, output), { content, mode, ...(owner && { owner }) });
    }
    for (const output of ownFiles.filter((name) => !files.some((file) => file.output === name))) {
      await writeNewFile(join(staging, output), { content: await contentOf[output](set, alias), mode: 0o600 });
    }
    await writeNewFile(join(staging, factsFile), { content: `${JSON.stringify(set.facts, null, 2)}\n`, mode: 0o600 });
    await syncFolder(staging);
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

async function readSet(folder: string): Promise<CredentialSet> {
  try {
    const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
    const set: CredentialSet = {
      facts: readFacts(await read(factsFile)),
      keyPem: await read('key.pem'),
      certPem: await read('cert.pem'),
      chainPem: await read('chain.pem'),
      trustPem: rootsOrNone(await read('trust.pem')),
      crlPem: await read('crl.pem'),
      storePassword: await read('store-password'),
    };
    if (!keyFits(set)) throw new Error('the key is not the certificate’s');
    return set;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && !isGone(error)) throw unreadable(folder, error);
    throw new AgentError('setDamaged', `${folder} is not as the agent wrote it: ${message}.`, error);
  }
}

/** Roots can be had again: without those of before the next set has those of then. */
function rootsOrNone(pem: string): string {
  try {
    for (const der of derOf(pem)) openCertificate(der);
    return pem;
  } catch {
    return '';
  }
}

function readFacts(text: string): SetFacts {
  const facts = JSON.parse(text) as Partial<SetFacts> | null;
  const { names, ...texts } = facts ?? {};
  const isWhole = Array.isArray(names) && wholeTexts.every((key) => typeof texts[key] === 'string');
  if (!isWhole) throw new Error(`${factsFile} does not say what the certificate is`);
  return facts as SetFacts;
}

const wholeTexts = ['serial', 'environment', 'product', 'profile', 'notBefore', 'notAfter', 'crlUrl'] as const;

/** Sets of another layout may have been given to others: they stay for a look back, and their keys with the agent's user alone. */
async function takeBackKeys(sets: string, inUse: string, others: readonly string[]): Promise<void> {
  // Of a set without its facts nobody knows to whom it was given.
  const layoutOf = (name: string): Promise<string | undefined> =>
    readFile(join(sets, name, factsFile), 'utf8')
      .then((text) => readFacts(text).layout)
      .catch(() => undefined);
  const layout = await layoutOf(inUse);
  for (const name of others) {
    if (layout !== undefined && (await layoutOf(name)) === layout) continue;
    for (const output of secret) await takeBack(join(sets, name, output));
  }
}

async function takeBack(path: string): Promise<void> {
  try {
    await chown(path, process.geteuid!(), process.getegid!());
    await chmod(path, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** First out of sight: nobody should find half of an old set. */
async function removeSet(own: string, folder: string): Promise<void> {
  const gone = join(own, `${randomBytes(8).toString('hex')}.old`);
  await rename(folder, gone);
  await rm(gone, { recursive: true, force: true });
}

/** What a crash left; only for the one agent that tends this folder. */
async function sweep(own: string): Promise<void> {
  const left = (await readdir(own)).filter((name) => /\.(?:new|old|tmp)$/.test(name));
  await Promise.all(left.map((name) => rm(join(own, name), { recursive: true, force: true })));
}
