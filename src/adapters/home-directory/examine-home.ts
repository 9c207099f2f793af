/** Looks at the folders and files of a home: whether they are there, for whom, and on how much room. Nothing is changed. */
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../domain/diagnosis/finding.ts';
import { StartError } from '../../domain/errors.ts';
import { isLocked } from '../../files/kernel-lock.ts';
import { isFolder } from '../../files/make-folder.ts';
import { leastFreeOctets } from '../../ports/home.ts';
import { entriesBelow } from './entries-below.ts';
import { refuseOpenToOthers } from './home-directory.ts';
import { lockName } from './home-lock.ts';
import { listHome } from './list-home.ts';
import { refuseCutShort, refuseUnmoved } from './unfinished-restore.ts';

/** What others may read, certificates kept aside included: it is in certificates, lists or on the network anyway. */
const publicFiles =
  /^(?:trust\/[^/]+\.pem|admin\/[^/]+\.crt(?:\.\d{8}T\d+Z)?|audit\/(?:checkpoint|system-roots\.pem)|run\/ports\.json|privyseal\.lock)$/;

export async function examineHome(home: string): Promise<Finding[]> {
  try {
    if ((await listHome(home)).length === 0) {
      return [failed((await isFolder(home)) ? `${home} is empty` : `there is no folder ${home}`, another)];
    }
    await refuseOpenToOthers(home);
    await refuseCutShort(home);
    await refuseUnmoved(home, 'Then look again.');
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [failed(error.code, error.message)];
  }
  const findings: Finding[] = [{ check: 'home', state: 'ok', says: `${home}, for its owner alone` }];
  return [...findings, await examinePermissions(home), await examineSpace(home)];
}

const failed = (says: string, next: string): Finding => ({ check: 'home', state: 'fail', says, next });

const another = 'Name another with --home or PRIVYSEAL_HOME, or run `privyseal init`.';

async function examinePermissions(home: string): Promise<Finding> {
  const entries = await entriesBelow(home);
  const open: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const facts = await stat(path).catch(() => undefined);
    // Files come and go while a service runs.
    if (!facts) continue;
    const forbidden = publicFiles.test(path.slice(home.length + 1)) ? 0o022 : 0o077;
    if ((facts.mode & forbidden) !== 0) open.push(path);
  }
  if (open.length === 0) return { check: 'permissions', state: 'ok', says: `${entries.length} files and folders` };
  const says = `others may use ${open.slice(0, 5).join(', ')}${open.length > 5 ? `, and ${open.length - 5} more` : ''}`;
  const next = `Run: chmod go-rwx ${open.slice(0, 5).map(quoted).join(' ')}`;
  return { check: 'permissions', state: 'fail', says, next };
}

const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

const mebi = 2 ** 20;
/** With less, it is time to act. */
const wished = 512 * mebi;

async function examineSpace(home: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  const says = `${Math.floor(free / mebi)} MiB free where the home is`;
  if (free >= wished) return { check: 'space', state: 'ok', says };
  return { check: 'space', state: free < leastFreeOctets ? 'fail' : 'warn', says, next: 'Make room on this disk.' };
}

/** Whether a service has this home now. */
export const isServed = (home: string): Promise<boolean> => isLocked(join(home, lockName));
