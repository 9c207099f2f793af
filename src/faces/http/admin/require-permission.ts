/** Lets operators do on the admin face what their role permits. */
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { type Permission, permissions } from '../../../domain/policy/operator-permissions.ts';
import { refuse } from '../../../domain/refusal.ts';
import { callerOf } from '../arrival/authentication.ts';

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
