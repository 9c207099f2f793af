/** Requests that wait for a product which is removed: nobody can approve them any more. */
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { Statements } from '../lazy-statements.ts';
import type { AuditChain } from './audit-chain.ts';

const comment = 'The product was removed.';

/** Denies each that nothing is being signed for, in the name of who removes the product. `entry` is that of the removal; resolves to their ids. */
export function denialWithProduct(connection: Statements, audit: AuditChain) {
  const open = connection
    .prepare<[string], string>(
      'SELECT id FROM requests WHERE product = ? AND ended_at IS NULL AND serial IS NULL ORDER BY id',
    )
    .pluck();
  const deny = connection.prepare("UPDATE requests SET status = 'denied', ended_at = ? WHERE id = ?");
  const addVerdict = connection.prepare("INSERT INTO request_verdicts VALUES (?, ?, 'denied', ?, ?)");
  return (product: string, operator: string, entry: AuditEntry): readonly string[] => {
    const ids = open.all(product);
    for (const id of ids) {
      addVerdict.run(id, operator, entry.at, comment);
      deny.run(entry.at, id);
      audit.append({ ...entry, kind: 'request.denied', object: `request:${id}`, details: { product, comment } });
    }
    return ids;
  };
}
