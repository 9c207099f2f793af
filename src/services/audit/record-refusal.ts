/** Makes the audit event of a refusal durable; the refusal itself never depends on it. */
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Services } from '../services.ts';

export interface RecordRefusalDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly log: Log;
}

export const createRecordRefusal =
  (deps: RecordRefusalDeps): Services['recordRefusal'] =>
  async (refusal) => {
    try {
      await deps.inventory.appendAudit({ at: deps.clock.now(), kind: 'request.refused', ...refusal });
    } catch (error) {
      deps.log.error({ err: error, code: refusal.code, object: refusal.object }, 'a refusal could not be audited');
    }
  };
