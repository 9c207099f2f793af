/** Makes a folder, with those above it, durably: a name is only when the folder that holds it is synced (fsync(2)). */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/**
 * Each name is durable before anything lies in it. `above`: mode of the folders above it, the same if absent; both whatever the
 * umask. What is there stays as it is. One by one: Node's own `recursive` never ends where a folder refuses new names as if it
 * were missing, as /proc does.
 */
export async function makeFolder(path: string, mode: number, above = mode): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  await makeFolder(parent, above);
  try {
    await mkdir(path, { mode: 0o700 });
    await chmod(path, mode);
  } catch (error) {
    // Another process may have made it in the meantime.
    if (codeOf(error) !== 'EEXIST' || !(await isFolder(path))) throw error;
  }
  await syncFolder(parent);
}

/** False where there is nothing, or something else. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
