/** The admin face: HTTPS for operators, whose client certificates of `system` are required in the handshake. */
import { RevokeBody } from '../../../api/certificate.ts';
import type { Permission } from '../../../domain/policy/operator-permissions.ts';
import { identifyOperator, requireCaller } from '../arrival/authentication.ts';
import { type AddRoutes, buildFace, type FaceKind } from '../build-face.ts';
import { operatorSecurity, revokeProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addReadRoutes, addRevokeRoute } from '../routes/certificate-routes.ts';
import { addDeploymentRoutes } from '../routes/deployment-routes.ts';
import { addDocsRoutes } from '../routes/docs-routes.ts';
import { addHealthRoutes } from '../routes/health-routes.ts';
import { addAuthorityRoutes } from '../routes/trust-routes.ts';
import { addAlertRoutes } from './alert-routes.ts';
import { addAuditRoutes } from './audit-routes.ts';
import { addAuthorityDetailRoutes } from './authority-routes.ts';
import { addCampaignRoutes } from './campaign-routes.ts';
import { addCrlStateRoutes } from './crl-routes.ts';
import { addEnvironmentRoutes } from './environment-routes.ts';
import { addInventoryRoutes } from './inventory-routes.ts';
import { addMetricsRoute } from './metrics-routes.ts';
import { addOperatorRoutes } from './operator-routes.ts';
import { addProductRoutes } from './product-routes.ts';
import { addProfileRoutes } from './profile-routes.ts';
import { addReleaseRoute } from './release-routes.ts';
import { addRequestRoutes } from './request-routes.ts';
import { requirePermission, requirePermissionOnOthers } from './require-permission.ts';
import { addRevocationRoute } from './revocation-routes.ts';
import { addOperatorRotateRoute } from './rotate-routes.ts';
import { addRotationRoutes } from './rotation-routes.ts';
import { addStatusRoutes } from './status-routes.ts';
import { addTokenRoutes } from './token-routes.ts';
import { addVaultRoutes } from './vault-routes.ts';

export const adminFace: FaceKind = {
  name: 'admin',
  clientCertificate: 'required',
  auditRefusals: true,
  answersPolls: false,
};

/** `version` is the service's, for the status. */
export const buildAdminFace = (deps: FaceDeps & { readonly version: string }): Face =>
  buildFace(adminFace, deps, addAdminRoutes(deps.version));

export const addAdminRoutes =
  (version: string): AddRoutes =>
  (face, connections, deps) => {
    const { services } = deps;
    const operator = requireCaller(identifyOperator(services, connections), connections, deps);
    const may = (permission: Permission) => [operator, requirePermission(permission)];
    const mayOnOthers = (permission: Permission) => [operator, requirePermissionOnOthers(permission)];
    const certificates = {
      ...deps,
      connections,
      mayRead: may('read'),
      mayRevoke: may('revoke'),
      security: operatorSecurity,
      revokeBody: RevokeBody,
      // An operator's certificate may be the last of an admin.
      revokeProblems: [...revokeProblems, 'lastAdmin'] as const,
    };
    addHealthRoutes(face, services);
    addAuthorityRoutes(face, services, may('read'));
    addAuthorityDetailRoutes(face, deps, may);
    addRotationRoutes(face, services, may);
    addDocsRoutes(face, 'admin', may('read'));
    addReadRoutes(face, certificates);
    addRevokeRoute(face, certificates);
    addOperatorRotateRoute(face, deps, may('manage'));
    addReleaseRoute(face, certificates);
    addRevocationRoute(face, certificates);
    addDeploymentRoutes(face, {
      services,
      mayRead: may('read'),
      mayReport: may('manage'),
      security: operatorSecurity,
    });
    addEnvironmentRoutes(face, services, may);
    addVaultRoutes(face, services, may);
    addProductRoutes(face, services, may);
    addProfileRoutes(face, services, may);
    addTokenRoutes(face, deps, may);
    addRequestRoutes(face, deps, may);
    addCampaignRoutes(face, services, may);
    addOperatorRoutes(face, { ...deps, connections, may, mayOnOthers });
    addCrlStateRoutes(face, { ...deps, mayRead: may('read') });
    addMetricsRoute(face, services, may('read'));
    addAlertRoutes(face, services, may('read'));
    addAuditRoutes(face, services, may('read'));
    addInventoryRoutes(face, deps, may);
    addStatusRoutes(face, services, { version, mayRead: may('read') });
  };
