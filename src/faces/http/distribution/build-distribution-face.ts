/** The distribution face: plain HTTP, because a CRL behind HTTPS can loop (RFC 5280 §8); nothing secret, nothing that writes. */
import { buildFace } from '../build-face.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addHealthRoutes } from '../health-routes.ts';
import { addAuthorityRoutes, addTrustBundleRoutes } from '../trust-routes.ts';
import { addCertificateFileRoutes, addCrlRoutes } from './file-routes.ts';
import { addOcspRoutes } from './ocsp-routes.ts';

export function buildDistributionFace(deps: FaceDeps): Face {
  const { services, now } = deps;
  return buildFace({ name: 'distribution', clientCertificate: 'optional', auditRefusals: false }, deps, (face) => {
    addHealthRoutes(face, services);
    addAuthorityRoutes(face, services);
    addTrustBundleRoutes(face, services, now);
    addCrlRoutes(face, services, now);
    addCertificateFileRoutes(face, services, now);
    addOcspRoutes(face, deps);
  });
}
