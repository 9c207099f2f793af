/** Refuses to go on with an older database, or another, than the one that the home's checkpoint was signed over. */
import { afterExchange, behindCheckpoint } from '../../domain/audit/behind-checkpoint.ts';
import { parseCheckpointNote } from '../../domain/audit/checkpoint.ts';
import { StartError } from '../../domain/errors.ts';
import type { Home } from '../../ports/home.ts';
import type { Inventory } from '../../ports/inventory.ts';

/** The newest checkpoint, whole, for whoever keeps copies elsewhere. */
export const checkpointFile = 'audit/checkpoint';

/** Throws StartError `homeDamaged`; an event that was changed is for `audit verify`. */
export async function refuseOlderLog({ inventory, home }: { inventory: Inventory; home: Home }): Promise<void> {
  if (!(await home.exists(checkpointFile))) return;
  const signed = parseCheckpointNote(await home.read(checkpointFile))?.checkpoint;
  const fault = signed && behindCheckpoint(await inventory.auditEnds(), signed);
  if (fault === undefined) return;
  throw new StartError('homeDamaged', `In ${home.path} ${fault}. ${afterExchange(home.path)}`);
}
