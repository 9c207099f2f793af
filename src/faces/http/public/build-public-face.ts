/** The public face: HTTPS for products, by enrolment token or by the certificate they have. */
import { identifyProduct, requireCaller } from '../authentication.ts';
import { buildFace } from '../build-face.ts';
import { addReadRoutes, addRevokeRoute } from '../certificate-routes.ts';
import { addDocsRoutes } from '../docs-routes.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addHealthRoutes } from '../health-routes.ts';
import { addAuthorityRoutes, addTrustBundleRoutes } from '../trust-routes.ts';
import { addSubmitRoutes } from './submit-routes.ts';

export function buildPublicFace(deps: FaceDeps): Face {
  const { services, now } = deps;
  return buildFace(
    { name: 'public', clientCertificate: 'optional', auditRefusals: true },
    deps,
    (face, connections) => {
      const authenticated = requireCaller(identifyProduct(services, connections), connections, deps);
      addHealthRoutes(face, services);
      addAuthorityRoutes(face, services);
      addTrustBundleRoutes(face, services, now);
      addDocsRoutes(face, 'public');
      addSubmitRoutes(face, deps, authenticated);
      const security = [{ enrolmentToken: [] }, { clientCertificate: [] }];
      const certificates = { ...deps, connections, mayRead: authenticated, mayRevoke: authenticated, security };
      addReadRoutes(face, certificates);
      addRevokeRoute(face, certificates);
    },
  );
}
