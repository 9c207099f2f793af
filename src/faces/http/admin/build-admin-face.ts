/** The admin face: HTTPS for operators, whose client certificates of `system` are required in the handshake. */
import { identifyOperator, requireCaller } from '../authentication.ts';
import { buildFace } from '../build-face.ts';
import { addReadRoutes, addRevokeRoute } from '../certificate-routes.ts';
import { addDocsRoutes } from '../docs-routes.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addHealthRoutes } from '../health-routes.ts';
import { addAuthorityRoutes } from '../trust-routes.ts';
import { addEnvironmentRoutes } from './environment-routes.ts';
import { type Permission, requirePermission } from './operator-permissions.ts';
import { addReleaseRoute } from './release-routes.ts';
import { addStatusRoutes } from './status-routes.ts';

/** `version` is the service's, for the status. */
export function buildAdminFace(deps: FaceDeps & { readonly version: string }): Face {
  const { services, version } = deps;
  return buildFace({ name: 'admin', clientCertificate: 'required', auditRefusals: true }, deps, (face, connections) => {
    const operator = requireCaller(identifyOperator(services, connections), connections, deps);
    const may = (permission: Permission) => [operator, requirePermission(permission)];
    const security = [{ operatorCertificate: [] }];
    const certificates = { ...deps, connections, mayRead: may('read'), mayRevoke: may('revoke'), security };
    addHealthRoutes(face, services);
    addAuthorityRoutes(face, services, may('read'));
    addDocsRoutes(face, 'admin', may('read'));
    addReadRoutes(face, certificates);
    addRevokeRoute(face, certificates);
    addReleaseRoute(face, certificates);
    addEnvironmentRoutes(face, services, may);
    addStatusRoutes(face, services, { version, mayRead: may('read') });
  });
}
