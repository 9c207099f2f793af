/** One agent at a time tends a folder: a lock of the kernel, released however the process ends. */
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isTaken, type KernelLock, primaryCode, takeLock } from '../../files/kernel-lock.ts';
import { AgentError } from '../agent-error.ts';

const lockName = 'lock';
const holderName = 'holder';

export interface FolderLock {
  release(): Promise<void>;
}

/** `own` is the agent's folder in it. AgentError `folderLocked` says who has the lock. */
export async function lockFolder(folder: string, own: string): Promise<FolderLock> {
  const lock = await lockOrRefuse(folder, own);
  const holder = join(own, holderName);
  // Only to tell a person who has it: not worth a failed turn.
  await writeFile(holder, `process ${process.pid} on ${hostname()}\n`, { mode: 0o644 }).catch(() => {});
  return {
    async release() {
      if (!lock.isHeld) return;
      await unlink(holder).catch(() => {});
      lock.release();
    },
  };
}

async function lockOrRefuse(folder: string, own: string): Promise<KernelLock> {
  try {
    return await takeLock(join(own, lockName));
  } catch (error) {
    if (isTaken(error)) throw await locked(folder, own, error);
    const code = primaryCode(error);
    if (code === full)
      throw new AgentError('diskFull', `${folder} cannot be locked: its disk is full. Make room.`, error);
    if (!denied.includes(code)) throw error;
    const advice = `Check the owner and mode of ${own} and what is in it: was the agent run as another user?`;
    throw new AgentError('folderUnwritable', `${folder} cannot be locked. ${advice}`, error);
  }
}

/** SQLITE_FULL. */
const full = 13;
/** SQLITE_PERM, SQLITE_READONLY, SQLITE_IOERR and SQLITE_CANTOPEN. */
const denied: readonly number[] = [3, 8, 10, 14];

async function locked(folder: string, own: string, cause: unknown): Promise<AgentError> {
  const text = (await readFile(join(own, holderName), 'utf8').catch(() => '')).trim();
  const holder = /^process \d{1,10} on [\w.-]{1,255}$/.test(text) ? text : 'another process';
  const message = `${folder} is tended by ${holder}. Let one agent tend it: stop the other, or take the target out of one file.`;
  return new AgentError('folderLocked', message, cause);
}
