/** Operators that come to be with a certificate, and the conditions of those that are there already. */
import { CaError } from '../../../domain/errors.ts';
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { OperatorHolder } from '../../../ports/inventory.ts';
import type { Statements } from '../lazy-statements.ts';
import { actingOperators } from './acting-operators.ts';

export function operatorHolders(connection: Statements) {
  const select = connection.prepare<[string]>('SELECT 1 FROM operators WHERE name = ?').pluck();
  const put = connection.prepare(
    `INSERT INTO operators (name, role, created_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET role = excluded.role`,
  );
  const assertAdmin = actingOperators(connection, 'administer');
  const exists = (name: string): boolean => select.get(name) !== undefined;

  return {
    /** Throws CaError `conflict`, `notFound` or `unauthorized`; asked with the intent, and again when the certificate was signed. */
    check(name: string, { kind, by }: OperatorHolder): void {
      if (by !== name || kind !== 'known') assertAdmin(by);
      if (kind === 'new' && exists(name)) throw new CaError('conflict', `There is already an operator ${name}.`);
      if (kind === 'known' && !exists(name)) throw new CaError('notFound', `There is no operator ${name}.`);
    },
    /** The audit entry of what came to be, if anything did. */
    bring(holder: OperatorHolder): AuditEntry | undefined {
      if (holder.kind === 'known') return undefined;
      const { name, role, createdAt } = holder.operator;
      put.run(name, role, createdAt);
      return holder.audit;
    },
  };
}
