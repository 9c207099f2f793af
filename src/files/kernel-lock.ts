/**
 * A lock of the kernel (fcntl, LockFileEx) on a file, released however the process ends. Node has none, but its SQLite does:
 * an open transaction on an empty database holds one. A file with a process number alone cannot tell a dead holder from one
 * in another container.
 */
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

export interface KernelLock {
  /** Not released yet. */
  readonly isHeld: boolean;
  /** Once; afterwards nothing. The file stays: if it were removed, two processes could lock two files of one name. */
  release(): void;
}

/** SQLite closes a database that is collected as garbage: a lock lasts until it is released, whatever becomes of its owner. */
const held = new Set<DatabaseSync>();

/**
 * Nothing else in this process may open the file: POSIX drops a process's locks on it when any descriptor of it closes.
 * Rejects with SQLite's own error; `isTaken` tells the one that says that another has it. `mustExist`: makes no file.
 */
export async function takeLock(file: string, { mustExist = false } = {}): Promise<KernelLock> {
  const { DatabaseSync } = await import('node:sqlite');
  const url = pathToFileURL(file);
  url.searchParams.set('mode', mustExist ? 'rw' : 'rwc');
  const database = new DatabaseSync(url, { timeout: 0 });
  try {
    // No file beside it: nothing is ever written. OFF would do, but Node's SQLite is defensive and refuses it without a word.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  return {
    get isHeld() {
      return held.has(database);
    },
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

/** Whether another process has the lock, without taking it, or making or changing the file. */
export async function isLocked(file: string): Promise<boolean> {
  const { DatabaseSync } = await import('node:sqlite');
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    try {
      database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
      return false;
    } finally {
      database.close();
    }
  } catch (error) {
    return isTaken(error);
  }
}

/** https://www.sqlite.org/rescode.html: the primary code of an error, whatever its extended form. */
export const primaryCode = (error: unknown): number => Number((error as { errcode?: number }).errcode) & 0xff;

/** SQLITE_BUSY. */
export const isTaken = (error: unknown): boolean => primaryCode(error) === 5;
