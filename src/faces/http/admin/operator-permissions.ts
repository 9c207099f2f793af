/** What each role of an operator may do on the admin face: one total table, shown by docs/operating.md. */
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { OperatorRole } from '../../../domain/records/environment.ts';
import { refuse } from '../../../domain/refusal.ts';
import { callerOf } from '../arrival/authentication.ts';

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

/** An onRequest hook after the authentication of the operator; refuses with `unauthorized`. */
export const requirePermission =
  (permission: Permission): onRequestAsyncHookHandler =>
  async (request) =>
    judge(request, permission);

/** The same for routes below `/v1/operators/:name`: on itself an operator of any role may act. */
export const requirePermissionOnOthers =
  (permission: Permission): onRequestAsyncHookHandler =>
  async (request) => {
    if (!isOwnName(request)) judge(request, permission);
  };

/** Whether the operator that asks is the one of the path. */
export function isOwnName(request: FastifyRequest): boolean {
  const caller = callerOf(request);
  return caller.kind === 'operator' && caller.name === (request.params as { name?: string }).name;
}

function judge(request: FastifyRequest, permission: Permission): void {
  const caller = callerOf(request);
  if (caller.kind === 'operator' && permissions[caller.role][permission]) return;
  const role = caller.kind === 'operator' ? `The role ${caller.role}` : 'This caller';
  refuse([{ code: 'roleNotAllowed', message: `${role} may not do this; it takes the permission to ${permission}.` }]);
}
