/** What a restore that was cut short leaves in a home, and how the next opening settles it. */
import { mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { syncFolder } from '../../files/sync-folder.ts';

/** Not verified yet, or not whole: only good for being removed. */
export const stagingName = 'restoring';
/** Verified and whole, to be moved into the home around it. */
export const verifiedName = 'restored';

/** Finishes a restore that had only moves left; throws StartError `restoreUnfinished` for one that was not verified. */
export async function settleRestore(home: string): Promise<void> {
  await refuseCutShort(home);
  if (await exists(join(home, verifiedName))) await finishRestore(home);
}

/** Throws as `settleRestore` does, and changes nothing. */
export async function refuseCutShort(home: string): Promise<void> {
  if (!(await exists(join(home, stagingName)))) return;
  throw new StartError(
    'restoreUnfinished',
    `A restore into ${home} was cut short, and what it left is not a home. Run the same \`privyseal restore\` again, or remove ${join(home, stagingName)}.`,
  );
}

/** For who only looks: throws StartError `restoreUnfinished` where only moves are left. `then` says what to do once they are made. */
export async function refuseUnmoved(home: string, then: string): Promise<void> {
  if (!(await exists(join(home, verifiedName)))) return;
  throw new StartError(
    'restoreUnfinished',
    `A restore into ${home} has verified everything, but not moved it all into place. The next start of the service, or the same \`privyseal restore\` again, finishes it. ${then}`,
  );
}

/** Of the names in a home: what is not in its place may be in what a restore left, which opening the home settles or tells. */
export const holdsUnfinished = (names: readonly string[]): boolean =>
  names.includes(stagingName) || names.includes(verifiedName);

/** Moves what is still there; the folder goes last, so that a crash in between is finished by the next call. */
export async function finishRestore(home: string): Promise<void> {
  await moveInto(join(home, verifiedName), home);
  await syncFolder(home);
  await rmdir(join(home, verifiedName));
  await syncFolder(home);
}

async function moveInto(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (!entry.isDirectory()) {
      await rename(source, target);
      continue;
    }
    if (!(await exists(target))) {
      await mkdir(target, { mode: 0o700 });
      await syncFolder(to);
    }
    await moveInto(source, target);
    await syncFolder(target);
    await rmdir(source);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
