/** The lock of a home: one service at a time, released by the kernel however the process ends. */

import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../domain/errors.ts';

export const lockName = 'privyseal.lock';
const pidName = 'privyseal.pid';

/** Everything a lock puts into the home; SQLite makes a journal for as long as it is held. */
export const lockFiles: readonly string[] = [lockName, pidName, `${lockName}-journal`];

/**
 * Node has no file locks, but SQLite in it does: an open transaction on an empty database holds a lock of the kernel
 * (fcntl, LockFileEx). A file with a process number alone cannot tell a dead holder from one in another container.
 */
export interface HomeLock {
  release(): Promise<void>;
}

/** SQLite closes a database that is collected as garbage: a lock lasts as long as the process, whatever becomes of its home. */
const held = new Set<DatabaseSync>();

/**
 * Throws StartError `homeLocked`. The empty lock file stays: removing it would let two processes lock two files of one name.
 * Nothing else in this process may open it: POSIX drops a process's locks on a file when any descriptor of it closes.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const database = await openLocked(home);
  held.add(database);
  const pidFile = join(home, pidName);
  // Only to tell a person who holds the home: not worth a failed start.
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 }).catch(() => {});
  return {
    async release() {
      if (!held.delete(database)) return;
      await unlink(pidFile).catch(() => {});
      database.close();
    },
  };
}

async function openLocked(home: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(join(home, lockName), { timeout: 0 });
  try {
    // No journal: nothing is ever written.
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw isBusy(error) ? await locked(home, error) : error;
  }
}

/** https://www.sqlite.org/rescode.html: SQLITE_BUSY, whatever its extended form. */
export const isBusy = (error: unknown): boolean => (Number((error as { errcode?: number }).errcode) & 0xff) === 5;

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
