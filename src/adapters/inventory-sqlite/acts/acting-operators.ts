/** What operators may do, judged inside the transaction of the act: a role that was good when the request came in may be gone by then. */
import { CaError } from '../../../domain/errors.ts';
import { type Permission, permissions } from '../../../domain/policy/operator-permissions.ts';
import type { Operator } from '../../../domain/records/environment.ts';
import type { Statements } from '../lazy-statements.ts';
import { adminRuleSql } from './admin-rule.ts';

/** Throws CaError `unauthorized` for whose role does not permit it, or who is no operator, by now; acts of the service itself are nobody's. */
export function actingOperators(connection: Statements, permission: Permission): (by: string | undefined) => void {
  const roleOf = connection.prepare<[string], Operator['role']>(adminRuleSql.role).pluck();
  return (by) => {
    if (by === undefined) return;
    const role = roleOf.get(by);
    if (role && permissions[role][permission]) return;
    throw new CaError('unauthorized', `The operator ${by} does not have the permission to ${permission} any more.`);
  };
}
