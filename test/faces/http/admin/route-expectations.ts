/** Who may call each route of the admin face: one line a route. A route without a line here fails admin-roles.test.ts. */
import type { OperatorRole } from '../../../../src/domain/records/environment.ts';

const everyone: readonly OperatorRole[] = ['admin', 'operator', 'auditor'];
const operators: readonly OperatorRole[] = ['admin', 'operator'];
const admins: readonly OperatorRole[] = ['admin'];

/** HEAD goes with GET. Parameters of the path are somebody else's, never the caller's own name. */
export const routeExpectations: Readonly<Record<string, readonly OperatorRole[]>> = {
  'GET /livez': everyone,
  'GET /readyz': everyone,
  'GET /docs': everyone,
  'GET /docs/*': everyone,
  'GET /v1/status': everyone,
  'GET /metrics': everyone,
  'GET /v1/crls': everyone,
  'GET /v1/crls/:name': everyone,
  'GET /v1/audit-events': everyone,
  'GET /v1/audit-checkpoints/latest': everyone,
  'GET /v1/authorities': everyone,
  'GET /v1/authorities/:name/certificate': everyone,
  'GET /v1/certificates': everyone,
  'GET /v1/certificates/:serial': everyone,
  'POST /v1/certificates/:serial/revoke': operators,
  'POST /v1/certificates/:serial/release': operators,
  'GET /v1/inventory/summary': everyone,
  'GET /v1/inventory/expiring': everyone,
  'GET /v1/environments': everyone,
  'GET /v1/environments/:environment': everyone,
  'POST /v1/environments': admins,
  'GET /v1/products': everyone,
  'GET /v1/products/:environment/:name': everyone,
  'POST /v1/products': operators,
  'PUT /v1/products/:environment/:name': operators,
  'DELETE /v1/products/:environment/:name': operators,
  'GET /v1/profiles': everyone,
  'GET /v1/profiles/:environment/:name': everyone,
  'POST /v1/profiles': admins,
  'PUT /v1/profiles/:environment/:name': admins,
  'GET /v1/tokens': everyone,
  'POST /v1/tokens': operators,
  'DELETE /v1/tokens/:id': operators,
  'GET /v1/requests': everyone,
  'GET /v1/requests/:id': everyone,
  'POST /v1/requests/:id/approve': operators,
  'POST /v1/requests/:id/deny': operators,
  'GET /v1/operators': everyone,
  'GET /v1/operators/:name': everyone,
  'POST /v1/operators': admins,
  'PUT /v1/operators/:name': admins,
  'DELETE /v1/operators/:name': admins,
  'POST /v1/operators/:name/certificates': admins,
};
