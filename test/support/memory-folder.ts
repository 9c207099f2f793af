/**
 * Where a person waits for `npm test`, the tests' temporary folders are in memory: thousands of homes and databases wait for a
 * disk otherwise. Nothing that a test sees differs, for none cuts the power. With JUDGES_REQUIRED, as in CI, or a TMPDIR of
 * one's own, they are where that says.
 */
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Far more than the tests ever hold at a time; a container often has 64 MiB. */
const wantedBytes = 2 ** 30;

/** A folder for one run, or undefined where there is no room, or where programs must not be (noexec): tests write some. */
function memoryFolder(): string | undefined {
  let folder: string | undefined;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize < wantedBytes) return undefined;
    folder = mkdtempSync('/dev/shm/privyseal-tests-');
    // Tests become other users, who have to get at what is inside, as in /tmp.
    chmodSync(folder, 0o711);
    writeFileSync(join(folder, 'program'), '', { mode: 0o700 });
    accessSync(join(folder, 'program'), constants.X_OK);
    return folder;
  } catch {
    if (folder) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

/** Vitest calls it before it starts the workers, which take this process's environment, and what it returns at the end. */
export default function setup(): (() => void) | undefined {
  if (process.env.JUDGES_REQUIRED === '1' || process.env.TMPDIR !== undefined) return undefined;
  const folder = memoryFolder();
  if (folder === undefined) return undefined;
  process.env.TMPDIR = folder;
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Also for Ctrl-C: what stays here takes memory.
  process.once('exit', remove);
  return () => {
    delete process.env.TMPDIR;
    remove();
  };
}
