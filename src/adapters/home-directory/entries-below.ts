/** Everything in a home, folders within included. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder in it that this user may not read is none of ours, as `lost+found` where the home is a file system of its own. */
export async function entriesBelow(home: string): Promise<readonly Dirent[]> {
  const entries = await readdir(home, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  const within = await Promise.all(folders.map(({ name }) => entriesBelow(join(home, name)).catch(unlessForbidden)));
  return [...entries, ...within.flat()];
}

function unlessForbidden(error: NodeJS.ErrnoException): readonly Dirent[] {
  if (error.code === 'EACCES' || error.code === 'EPERM') return [];
  throw error;
}
