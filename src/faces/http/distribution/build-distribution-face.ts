/** The distribution face: plain HTTP, because a CRL behind HTTPS can loop (RFC 5280 §8); nothing secret, nothing that writes. */
import { type AddRoutes, buildFace, type FaceKind } from '../build-face.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addHealthRoutes } from '../routes/health-routes.ts';
import { addRenewalRoutes } from '../routes/renewal-routes.ts';
import { addTrustBundleRoutes } from '../routes/trust-bundle-routes.ts';
import { addAuthorityRoutes } from '../routes/trust-routes.ts';
import { addCertificateFileRoutes, addCrlRoutes } from './file-routes.ts';
import { addOcspRoutes } from './ocsp-routes.ts';

export const distributionFace: FaceKind = {
  name: 'distribution',
  clientCertificate: 'optional',
  auditRefusals: false,
  answersPolls: true,
};

export const buildDistributionFace = (deps: FaceDeps): Face => buildFace(distributionFace, deps, addDistributionRoutes);

export const addDistributionRoutes: AddRoutes = (face, _connections, deps) => {
  const { services, now } = deps;
  addHealthRoutes(face, services);
  addAuthorityRoutes(face, services);
  addTrustBundleRoutes(face, services, now);
  addRenewalRoutes(face, services, now);
  addCrlRoutes(face, services, now);
  addCertificateFileRoutes(face, services, now);
  addOcspRoutes(face, deps);
};
