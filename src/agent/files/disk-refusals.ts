/** What a disk refuses, in words. */
import { readFile } from 'node:fs/promises';
import { AgentError } from '../agent-error.ts';

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
