/** What each role of an operator may do: one total table, shown by docs/operating.md. */
import type { OperatorRole } from '../records/environment.ts';

/**
 * `read` sees everything, the audit log included; `revoke` revokes and releases; `approve` decides requests; `manage` changes
 * products and their tokens; `administer` changes what the service is: environments, authorities, profiles, operators.
 */
export type Permission = 'read' | 'revoke' | 'approve' | 'manage' | 'administer';

/** A role or a permission that is missing here does not compile. */
export const permissions: Readonly<Record<OperatorRole, Readonly<Record<Permission, boolean>>>> = {
  auditor: { read: true, revoke: false, approve: false, manage: false, administer: false },
  operator: { read: true, revoke: true, approve: true, manage: true, administer: false },
  admin: { read: true, revoke: true, approve: true, manage: true, administer: true },
};
