/** The home on disk: made for its owner alone, locked for one service, its files replaced atomically. */
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { removeFile, replaceFile } from '../../files/whole-file.ts';
import type { Home } from '../../ports/home.ts';
import { type HomeLock, lockHome } from './home-lock.ts';
import { sweepLeftovers } from './sweep-leftovers.ts';
import { settleRestore } from './unfinished-restore.ts';

export interface OpenHome extends Home {
  /** Lets another process have the home; may be called twice. */
  release(): Promise<void>;
}

/**
 * Makes the folder (0700) if it is not there and takes its lock. Throws StartError `homeUnwritable`, `homeOpenToOthers`,
 * `homeLocked` or `restoreUnfinished`; each message says what to do.
 */
export async function openHomeDirectory(path: string): Promise<OpenHome> {
  const home = resolve(path);
  await unlessUnwritable(home, () => makeFolder(home, 0o700));
  await refuseOpenToOthers(home);
  const lock = await unlessUnwritable(home, () => lockHome(home));
  try {
    await unlessUnwritable(home, () => settleRestore(home));
    await unlessUnwritable(home, () => sweepLeftovers(home));
  } catch (error) {
    await lock.release();
    throw error;
  }
  return homeOf(home, lock);
}

function homeOf(path: string, lock: HomeLock): OpenHome {
  return {
    path,
    exists: (name) => exists(inside(path, name)),
    read: (name) => read(inside(path, name)),
    async freeOctets() {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    async write(name, content, mode) {
      const file = inside(path, name);
      await unlessUnwritable(path, async () => {
        await makeFolder(dirname(file), 0o700);
        await replaceFile(file, { content, mode });
      });
    },
    remove: (name) => unlessUnwritable(path, () => removeFile(inside(path, name))),
    release: () => lock.release(),
  };
}

export async function refuseOpenToOthers(home: string): Promise<void> {
  const { mode, uid } = await stat(home);
  const self = process.geteuid?.() ?? uid;
  if (uid !== self) {
    throw openToOthers(
      home,
      `belongs to user ${uid}, and this runs as user ${self}. Run it as that one: sudo -u '#${uid}' …; or, to make the home this user’s, stop the service and run: chown -R ${self} '${home}'`,
    );
  }
  if ((mode & 0o077) !== 0) {
    throw openToOthers(home, `may be entered by others (mode ${(mode & 0o777).toString(8)}). Run: chmod 700 '${home}'`);
  }
}

const openToOthers = (home: string, what: string): StartError =>
  new StartError('homeOpenToOthers', `The home ${home} ${what}`);

/** Names are the program's own; one that leaves the home is a mistake in it. */
function inside(home: string, name: string): string {
  const file = join(home, name);
  if (relative(home, file).startsWith('..')) throw new RangeError(`not a file of the home: ${name}`);
  return file;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw unreadable(file, error);
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

const unreadable = (file: string, cause: unknown): StartError =>
  new StartError('homeDamaged', `${file} cannot be read. Put it back from a backup.`, cause);

export async function unlessUnwritable<T>(home: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError('homeUnwritable', `The home ${home} cannot be written: ${whyNot(error)}.`, error);
  }
}

const sentences: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file, not a folder. Move it away, or set PRIVYSEAL_HOME',
  ENOTDIR: 'a part of its path is a file. Set PRIVYSEAL_HOME to a folder',
  EACCES: 'this user may not write there. Change its owner, or set PRIVYSEAL_HOME',
  EPERM: 'this user may not write there. Change its owner, or set PRIVYSEAL_HOME',
  EROFS: 'its file system is read-only. Set PRIVYSEAL_HOME to a writable one',
  ENOSPC: 'its disk is full. Make room and start again',
};

const whyNot = (error: unknown): string => sentences[codeOf(error)] ?? 'check its disk and its owner';

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code);
