/** Refuses to go on with an older database, or another, than the one that the home's checkpoint was signed over. */
import { parseCheckpointNote } from '../../domain/audit/checkpoint.ts';
import { StartError } from '../../domain/errors.ts';
import type { Home } from '../../ports/home.ts';
import type { Inventory } from '../../ports/inventory.ts';

/** The newest checkpoint, whole, for whoever keeps copies elsewhere. */
export const checkpointFile = 'audit/checkpoint';

/**
 * Events are durable before they are signed, so a log that ends before its checkpoint was put in the place of the right one:
 * new lists would make good again what was revoked since, and whatever was issued since would be unknown. Throws StartError
 * `homeDamaged`; an event that was changed is for `audit verify`.
 */
export async function refuseOlderLog({ inventory, home }: { inventory: Inventory; home: Home }): Promise<void> {
  if (!(await home.exists(checkpointFile))) return;
  const signed = parseCheckpointNote(await home.read(checkpointFile))?.checkpoint;
  if (!signed) return;
  const ends = await inventory.auditEnds();
  if (ends && ends.first.hash === signed.log && ends.newest.seq >= signed.seq) return;
  const file = `${home.path}/${checkpointFile}`;
  const found = ends
    ? `${ends.first.hash === signed.log ? 'ends' : 'is another log, which ends'} with event ${ends.newest.seq}`
    : 'is empty';
  throw new StartError(
    'homeDamaged',
    `The audit log of privyseal.db ${found}, but ${file} was signed over event ${signed.seq}: an older database, or another, was put in its place. ` +
      'What was revoked since would be good again. Put the right one back, or restore a backup into an empty home (docs/backup.md). ' +
      `If this one is to stay, move ${file} away.`,
  );
}
