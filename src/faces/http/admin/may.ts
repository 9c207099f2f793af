/** The guards of the admin face's routes. */
import type { onRequestAsyncHookHandler } from 'fastify';
import type { Permission } from '../../../domain/policy/operator-permissions.ts';

/** What lets only operators with this permission in. */
export type May = (permission: Permission) => onRequestAsyncHookHandler[];
