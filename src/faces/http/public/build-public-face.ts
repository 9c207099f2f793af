/** The public face: HTTPS for products, by enrolment token or by the certificate they have. */
import { ProductRevokeBody } from '../../../api/certificate.ts';
import { identifyCollector, identifyProduct, requireCaller } from '../arrival/authentication.ts';
import { type AddRoutes, buildFace, type FaceKind } from '../build-face.ts';
import { revokeProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addReadRoutes, addRevokeRoute } from '../routes/certificate-routes.ts';
import { addDeploymentRoutes } from '../routes/deployment-routes.ts';
import { addDocsRoutes } from '../routes/docs-routes.ts';
import { addHealthRoutes } from '../routes/health-routes.ts';
import { addRenewalRoutes } from '../routes/renewal-routes.ts';
import { addTrustBundleRoutes } from '../routes/trust-bundle-routes.ts';
import { addAuthorityRoutes } from '../routes/trust-routes.ts';
import { addCollectRoute } from './collect-routes.ts';
import { addSubmitRoutes } from './submit-routes.ts';

export const publicFace: FaceKind = {
  name: 'public',
  clientCertificate: 'optional',
  auditRefusals: true,
  answersPolls: true,
};

export const buildPublicFace = (deps: FaceDeps): Face => buildFace(publicFace, deps, addPublicRoutes);

export const addPublicRoutes: AddRoutes = (face, connections, deps) => {
  const { services, now } = deps;
  const authenticated = requireCaller(identifyProduct(services, connections), connections, deps);
  const security = [{ enrolmentToken: [] }, { clientCertificate: [] }];
  const certificates = {
    ...deps,
    connections,
    mayRead: authenticated,
    mayRevoke: authenticated,
    security,
    revokeBody: ProductRevokeBody,
    revokeProblems,
  };
  addHealthRoutes(face, services);
  addAuthorityRoutes(face, services);
  addTrustBundleRoutes(face, services, now);
  addRenewalRoutes(face, services, now);
  addDocsRoutes(face, 'public');
  addSubmitRoutes(face, deps, authenticated);
  const mayCollect = requireCaller(identifyCollector(services, connections), connections, deps);
  addCollectRoute(face, { ...deps, connections }, mayCollect);
  addReadRoutes(face, certificates);
  addRevokeRoute(face, certificates);
  addDeploymentRoutes(face, {
    services,
    mayRead: authenticated,
    mayReport: authenticated,
    security,
  });
};
