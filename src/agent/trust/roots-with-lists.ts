/** Which roots of an environment a target may take up while lists are lacking: a root that is new waits for every list below it. */
import type { X509Certificate } from 'node:crypto';
import type { AuthorityJson } from '../../api/service.ts';
import { encodePem } from '../../domain/der/pem.ts';
import { isIssuedBy } from '../../domain/x509/issued-by.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { derOf } from '../files/credential-set.ts';

export interface RootsAndLists {
  /** What the service says, PEM. */
  readonly toldPem: string;
  readonly inUsePem: string;
  /** Of the environment. */
  readonly authorities: readonly AuthorityJson[];
  /** Those without any list. */
  readonly uncovered: readonly AuthorityJson[];
}

/**
 * Who checks lists refuses everything below an authority without one. A target that reported a root which it would refuse would
 * let a rotation go on, until nobody gets in any more. PEM.
 */
export function rootsWithLists({ toldPem, inUsePem, authorities, uncovered }: RootsAndLists): string {
  const issuers = authorities.map(({ certificate }) => openCertificate(certificate));
  const without = uncovered.map(({ certificate }) => openCertificate(certificate));
  const isBelow = (certificate: X509Certificate, root: X509Certificate, steps = issuers.length): boolean =>
    certificate.fingerprint256 === root.fingerprint256 ||
    (steps > 0 &&
      issuers.some(
        (issuer) =>
          issuer.fingerprint256 !== certificate.fingerprint256 &&
          isIssuedBy(certificate, issuer) &&
          isBelow(issuer, root, steps - 1),
      ));
  const inUse = new Set(derOf(inUsePem).map((der) => openCertificate(der).fingerprint256));
  const told = derOf(toldPem).map((der) => openCertificate(der));
  const taken = told.filter(
    (root) => inUse.has(root.fingerprint256) || !without.some((certificate) => isBelow(certificate, root)),
  );
  return taken.length === told.length ? toldPem : taken.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('');
}
