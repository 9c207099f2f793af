/** The lock of a home: one service at a time, released by the kernel however the process ends. */

import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { isTaken, type KernelLock, takeLock } from '../../files/kernel-lock.ts';

export const lockName = 'privyseal.lock';
const pidName = 'privyseal.pid';

/** Everything a lock puts into the home. */
export const lockFiles: readonly string[] = [lockName, pidName];

export interface HomeLock {
  release(): Promise<void>;
}

/** Throws StartError `homeLocked`. */
export async function lockHome(home: string): Promise<HomeLock> {
  const lock = await lockOrRefuse(home);
  const pidFile = join(home, pidName);
  // Only to tell a person who holds the home: not worth a failed start.
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 }).catch(() => {});
  return {
    async release() {
      if (!lock.isHeld) return;
      await unlink(pidFile).catch(() => {});
      lock.release();
    },
  };
}

async function lockOrRefuse(home: string): Promise<KernelLock> {
  try {
    return await takeLock(join(home, lockName));
  } catch (error) {
    throw isTaken(error) ? await locked(home, error) : error;
  }
}

/** The process number is for the person only: nothing is decided by it. */
async function locked(home: string, cause: unknown): Promise<StartError> {
  const pid = (await readFile(join(home, pidName), 'utf8').catch(() => '')).trim();
  const holder = /^\d{1,10}$/.test(pid) ? `process ${pid}` : 'another process';
  return new StartError(
    'homeLocked',
    `The home ${home} is in use by ${holder}. Stop it, or set PRIVYSEAL_HOME.`,
    cause,
  );
}
