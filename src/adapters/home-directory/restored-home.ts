/** A home that a restore fills: staged in a folder of its own, put in place by one rename and moves that the next opening finishes. */
import { mkdir, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { isFolder, makeFolder } from '../../files/make-folder.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import { refuseOpenToOthers, unlessUnwritable } from './home-directory.ts';
import { lockFiles, lockHome } from './home-lock.ts';
import { listHome } from './list-home.ts';
import { finishRestore, settleRestore, stagingName, verifiedName } from './unfinished-restore.ts';

export interface RestoredHome {
  /** Absolute path. */
  readonly path: string;
  /** Where everything is put, in the folders it has in a home; 0700. */
  readonly staging: string;
  /** True when the leftovers of a restore that was cut short were removed. */
  readonly hadLeftovers: boolean;
  /**
   * Puts all that is staged in place, durably, and lets the home go. StartError `homeUnwritable` or, where only moves are
   * left, `restoreUnfinished`.
   */
  complete(): Promise<void>;
  /** Leaves the home as it was found, unless only moves are left, and lets it go. */
  abandon(): Promise<void>;
}

/** What an empty home may hold: its lock, the start of a file system, and what an earlier restore left. */
const ignorable: ReadonlySet<string> = new Set([...lockFiles, 'lost+found', stagingName]);

/**
 * Throws StartError `homeNotEmpty` unless the home is absent or holds nothing, `homeUnreadable` where that cannot be told.
 * Finishes an earlier restore that had only moves left; changes nothing else.
 */
export async function refuseFilledHome(path: string): Promise<void> {
  const home = resolve(path);
  const names = await listHome(home);
  if (names.includes(verifiedName)) await finishEarlier(home);
  refuseFilled(home, names);
}

async function finishEarlier(home: string): Promise<never> {
  await refuseOpenToOthers(home);
  const lock = await unlessUnwritable(home, () => lockHome(home));
  try {
    await unlessUnwritable(home, () => settleRestore(home));
  } finally {
    await lock.release();
  }
  throw new StartError(
    'homeNotEmpty',
    `An earlier restore into ${home} had verified everything and was cut short while its files were moved; they are in their places now. Start the service there, or name another folder with --home.`,
  );
}

function refuseFilled(home: string, names: readonly string[]): void {
  const found = names.filter((name) => !ignorable.has(name)).sort();
  if (found.length === 0) return;
  const shown = found.length > 4 ? `${found.slice(0, 3).join(', ')} and ${found.length - 3} more` : found.join(', ');
  throw new StartError(
    'homeNotEmpty',
    `The home ${home} is not empty (${shown}), and a restore overwrites nothing. Name an empty or new folder with --home, or move this one away.`,
  );
}

/** Takes the lock of the home, which is made if need be. */
export async function openHomeToRestore(path: string): Promise<RestoredHome> {
  const home = resolve(path);
  await refuseFilledHome(home);
  const existed = await isFolder(home);
  await unlessUnwritable(home, () => makeFolder(home, 0o700));
  await refuseOpenToOthers(home);
  const before = await readdir(home);
  const lock = await unlessUnwritable(home, () => lockHome(home));
  const staging = join(home, stagingName);
  let verified = false;
  const abandon = async (): Promise<void> => {
    if (verified) return lock.release();
    // What cannot be removed is told to the next who opens the home; why it is abandoned is worth more now.
    await rm(staging, { recursive: true, force: true }).catch(() => {});
    for (const name of lockFiles) if (!before.includes(name)) await unlink(join(home, name)).catch(() => {});
    await lock.release();
    if (!existed) await rmdir(home).catch(() => {});
  };
  try {
    refuseFilled(home, await listHome(home));
    await unlessUnwritable(home, async () => {
      await rm(staging, { recursive: true, force: true });
      await mkdir(staging, { mode: 0o700 });
    });
  } catch (error) {
    await abandon();
    throw error;
  }
  return {
    path: home,
    staging,
    hadLeftovers: before.includes(stagingName),
    abandon,
    async complete() {
      await unlessUnwritable(home, async () => {
        await syncAll(staging);
        await rename(staging, join(home, verifiedName));
      });
      // From here on the restore is done, whatever happens: opening the home finishes the moves.
      verified = true;
      await syncFolder(home)
        .then(() => finishRestore(home))
        .catch((error: unknown) => {
          throw notMoved(home, error);
        });
      await lock.release();
    },
  };
}

const notMoved = (home: string, cause: unknown): StartError =>
  new StartError(
    'restoreUnfinished',
    `The backup is verified and in ${home}, but not all of it could be moved into its place (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}). Check the disk and the owner, then start the service or run the same \`privyseal restore\` again: either finishes it.`,
    cause,
  );

/** Every file and folder, innermost first. */
async function syncAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncAll(path);
    else await syncFile(path);
  }
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}

/** Makes a file of the staging folder (0600, or 0644 for what everybody may read) to be written piece by piece. */
export async function stageFile({ path: home, staging }: RestoredHome, name: string) {
  const path = join(staging, name);
  const mode = name.endsWith('.pem') ? 0o644 : 0o600;
  const file = await unlessUnwritable(home, async () => {
    await makeFolder(dirname(path), 0o700);
    return open(path, 'wx', mode);
  });
  return {
    write: (piece: Uint8Array): Promise<void> => unlessUnwritable(home, () => file.writeFile(piece)),
    async end(): Promise<void> {
      try {
        // Public files stay readable whatever the umask is.
        await unlessUnwritable(home, () => file.chmod(mode));
        await unlessUnwritable(home, () => file.sync());
      } finally {
        await file.close();
      }
    },
  };
}
