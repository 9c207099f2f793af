/** Looks at a home that a service may be using, without taking its lock or changing anything. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { isFolder } from '../../files/make-folder.ts';
import { refuseOpenToOthers } from './home-directory.ts';
import { listHome } from './list-home.ts';
import { refuseCutShort, refuseUnmoved } from './unfinished-restore.ts';

/** Throws StartError `homeEmpty`, `homeUnreadable`, `restoreUnfinished` or `homeOpenToOthers` unless there is a home with this file. */
export async function inspectHome(path: string, database: string): Promise<void> {
  const home = resolve(path);
  const names = await listHome(home);
  await refuseCutShort(home);
  await refuseUnmoved(home, 'Then make the backup.');
  if (!names.includes(database)) {
    throw new StartError(
      'homeEmpty',
      `There is no ${database} in ${home}: nothing to back up. Name the home with --home or PRIVYSEAL_HOME.`,
    );
  }
  // A log file made by another user would keep the service out of its own database.
  await refuseOpenToOthers(home);
}

/** The PEM files of `trust/`, by name. */
export async function readTrustFiles(home: string): Promise<readonly { name: string; content: Uint8Array }[]> {
  const folder = join(home, 'trust');
  if (!(await isFolder(folder))) return [];
  const names = (await readdir(folder)).filter((name) => /^[a-z0-9-]+\.pem$/.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
}
