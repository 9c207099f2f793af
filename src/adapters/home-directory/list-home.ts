/** Lists what lies in a home that an act on the machine itself was pointed at, or says why this user cannot. */
import { readdir } from 'node:fs/promises';
import { StartError } from '../../domain/errors.ts';
import { refuseOpenToOthers } from './home-directory.ts';

/** Nothing where there is no folder. Throws StartError `homeUnreadable`, or `homeOpenToOthers` where the home is another user's. */
export async function listHome(home: string): Promise<readonly string[]> {
  try {
    return await readdir(home);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    // Whose it is says more than that it cannot be read.
    if (code !== 'ENOTDIR') await refuseOpenToOthers(home).catch(rethrowRefusal);
    throw new StartError('homeUnreadable', `The home ${home} cannot be read: ${whyNot(String(code))}`, error);
  }
}

function rethrowRefusal(error: unknown): void {
  if (error instanceof StartError) throw error;
}

const mayNot =
  'this user may not enter it, or a folder above it. Run this as the user of the service, or name another with --home.';

const sentences: Readonly<Record<string, string>> = {
  EACCES: mayNot,
  EPERM: mayNot,
  ENOTDIR: 'it, or a part of its path, is a file. Name a folder with --home.',
};

const whyNot = (code: string): string => sentences[code] ?? `${code}. Check its disk.`;
