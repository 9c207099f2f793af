/** One agent at a time tends a folder: a lock of the kernel, released however the process ends. */
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AgentError } from '../agent-error.ts';

const lockName = 'lock';
const holderName = 'holder';

export interface FolderLock {
  release(): Promise<void>;
}

/** Kept here until they are released: a database that is collected as garbage is closed, and its lock is gone. */
const held = new Set<DatabaseSync>();

/**
 * `own` is the agent's folder in it. AgentError `folderLocked` says who has the lock. Node has no file locks, but its SQLite
 * does: an open transaction on an empty database holds one. The lock file stays: if it were removed, two processes could lock
 * two files of one name.
 */
export async function lockFolder(folder: string, own: string): Promise<FolderLock> {
  const database = await openLocked(folder, own);
  held.add(database);
  const holder = join(own, holderName);
  // Only to tell a person who has it: not worth a failed turn.
  await writeFile(holder, `process ${process.pid} on ${hostname()}\n`, { mode: 0o644 }).catch(() => {});
  return {
    async release() {
      if (!held.delete(database)) return;
      await unlink(holder).catch(() => {});
      database.close();
    },
  };
}

async function openLocked(folder: string, own: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await import('node:sqlite');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(own, lockName), { timeout: 0 });
    // No journal: nothing is ever written.
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    const code = primaryCode(error);
    if (code === busy) throw await locked(folder, own, error);
    if (code === full)
      throw new AgentError('diskFull', `${folder} cannot be locked: its disk is full. Make room.`, error);
    if (!denied.includes(code)) throw error;
    const advice = `Check the owner and mode of ${own} and what is in it: was the agent run as another user?`;
    throw new AgentError('folderUnwritable', `${folder} cannot be locked. ${advice}`, error);
  }
}

/** https://www.sqlite.org/rescode.html: SQLITE_BUSY and SQLITE_FULL, whatever their extended form. */
const [busy, full] = [5, 13];
/** SQLITE_PERM, SQLITE_READONLY, SQLITE_IOERR and SQLITE_CANTOPEN. */
const denied: readonly number[] = [3, 8, 10, 14];
const primaryCode = (error: unknown): number => Number((error as { errcode?: number }).errcode) & 0xff;

async function locked(folder: string, own: string, cause: unknown): Promise<AgentError> {
  const text = (await readFile(join(own, holderName), 'utf8').catch(() => '')).trim();
  const holder = /^process \d{1,10} on [\w.-]{1,255}$/.test(text) ? text : 'another process';
  const message = `${folder} is tended by ${holder}. Let one agent tend it: stop the other, or take the target out of one file.`;
  return new AgentError('folderLocked', message, cause);
}
