/** Tells a vault that was lost from one that was never made: a new one in its place would hold no authority's key. */
import { StartError } from '../../domain/errors.ts';
import { checkFileName, keyFileSuffix } from './formats.ts';
import { pathsOf } from './rewrap-folder.ts';

interface Named {
  readonly authority: string;
}

/**
 * Throws StartError `homeDamaged` where the folder is gone or holds no vault, and `certified` keys of authorities are to be in it. Those are
 * asked for only then: a volume that is not mounted looks the same. `keyFileDamaged` for one that cannot be looked into.
 */
export async function refuseLostVault(directory: string, certified: () => readonly Named[]): Promise<void> {
  const names = [...(await pathsOf(directory).catch(refuseUnreadable)).keys()];
  if (names.some((name) => name === checkFileName || name.endsWith(keyFileSuffix))) return;
  const lost = [...new Set(certified().map(({ authority }) => authority))];
  if (lost.length === 0) return;
  throw new StartError(
    'homeDamaged',
    `${directory} holds no vault, and the database beside it has authorities whose keys were in it: ${lost.join(', ')}. ` +
      'Put the folder back (is its volume mounted?), or restore a backup into an empty home (docs/backup.md). ' +
      'If those keys are lost for good and others are elsewhere, start once with PRIVYSEAL_ACCEPT_LOST_VAULT=true.',
  );
}

/** Throws StartError `keyFileDamaged` for what the file system says of a vault; whatever else it is goes on as it is. */
export function refuseUnreadable(error: unknown): never {
  const { code, path = 'its folder' } = error as NodeJS.ErrnoException;
  if (error instanceof StartError || code === undefined) throw error;
  const advice = 'Correct its owner and mode, or put it back from a backup (docs/backup.md).';
  throw new StartError('keyFileDamaged', `The vault cannot be read: ${path} (${code}). ${advice}`, error);
}
