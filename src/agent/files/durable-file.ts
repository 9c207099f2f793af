/** Writes files so that a crash leaves the old content or the new, and turns what a disk refuses into words. */
import { randomBytes } from 'node:crypto';
import { chmod, type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../files/sync-folder.ts';
import { AgentError } from '../agent-error.ts';
import type { OwnerIds } from './owner.ts';

export interface FileContent {
  readonly content: string | Uint8Array;
  readonly mode: number;
  /** Undefined: the agent's own. */
  readonly owner?: OwnerIds;
}

/** A new file, on disk when it returns; the caller makes its name durable. */
export async function writeNewFile(path: string, { content, mode, owner }: FileContent): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', 0o600);
  await file.writeFile(content);
  if (owner) await file.chown(owner.uid, owner.gid);
  // After chown, which clears bits; the mode given to open is cut by the umask.
  await file.chmod(mode);
  await file.sync();
}

export const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.new`);

/** Atomic and durable. */
export async function replaceFile(path: string, content: FileContent): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeNewFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Durable, with the folders above it, whose modes are 0755, whatever the umask: programs of other users go through them. What is there stays as it is. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  await chmod(path, mode);
  let made = path;
  for (; made.length > first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
    await chmod(dirname(made), 0o755);
  }
  await syncFolder(dirname(made));
}

/** What a file that is not there says; whatever else the system says may be over the next time. */
export const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Undefined where there is none. AgentError `fileUnreadable` for one that is there: it must not be taken for lost, and replaced. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return undefined;
    throw unreadable(path, error);
  }
}

export const unreadable = (path: string, error: unknown): AgentError => {
  const advice = 'Check its owner and mode, the agent’s user, and the disk.';
  return new AgentError('fileUnreadable', `${path} cannot be read: ${(error as Error).message}. ${advice}`, error);
};

const reasons: Readonly<Record<string, AgentError['code']>> = {
  ENOSPC: 'diskFull',
  EDQUOT: 'diskFull',
  EACCES: 'folderUnwritable',
  EPERM: 'folderUnwritable',
  EROFS: 'folderUnwritable',
  ENOTDIR: 'folderUnwritable',
};

/** Runs what writes below `folder`; what the file system refuses becomes AgentError `diskFull` or `folderUnwritable`. */
export async function writingIn<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code = '', errno, message } = error as NodeJS.ErrnoException;
    if (error instanceof AgentError || errno === undefined) throw error;
    const known = reasons[code];
    if (known === undefined)
      throw new AgentError('folderUnwritable', `${folder} cannot be written: ${message}.`, error);
    const advice =
      known === 'diskFull' ? 'Make room: nothing was switched.' : 'Check its owner and mode, and the agent’s user.';
    throw new AgentError(known, `${folder} cannot be written (${code}). ${advice}`, error);
  }
}
