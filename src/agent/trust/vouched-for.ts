/** Whether roots vouch for a certificate that is in use: after the loss of a root's key they do not any more. */
import { X509Certificate } from 'node:crypto';
import { isIssuedBy } from '../../client/check-answer.ts';
import { type CredentialSet, derOf } from '../files/credential-set.ts';

/** The chain may go on beyond what they vouch for, with a cross-certificate by a root that has gone. */
export function isVouchedFor({ certPem, chainPem }: Pick<CredentialSet, 'certPem' | 'chainPem'>, rootsPem: string) {
  const path = derOf(certPem + chainPem).map((der) => new X509Certificate(der));
  const roots = derOf(rootsPem).map((der) => new X509Certificate(der));
  for (const [index, certificate] of path.entries()) {
    if (roots.some((root) => isIssuedBy(certificate, root))) return true;
    const issuer = path[index + 1];
    if (!issuer || !isIssuedBy(certificate, issuer)) return false;
  }
  return false;
}
