/** Whether a certificate in use is believed: after the loss of a key above it, no root vouches for it any more, or a list names who signed it. */
import type { X509Certificate } from 'node:crypto';
import { isIssuedBy } from '../../domain/x509/issued-by.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { parseForeignCrl } from '../../domain/x509/read-crl.ts';
import { type CredentialSet, derOf } from '../files/credential-set.ts';
import type { FetchedList } from './fetch-crls.ts';

type Path = Pick<CredentialSet, 'certPem' | 'chainPem'>;

export const isVouchedFor = (path: Path, rootsPem: string): boolean => believedPart(path, rootsPem) !== undefined;

/**
 * Who checks lists refuses everything below an authority that is on one. Not what was issued since: nothing could be had by
 * rotating that once more.
 */
export function isIssuerRevoked(path: Path, rootsPem: string, lists: readonly FetchedList[]): boolean {
  const [leaf, ...issuers] = believedPart(path, rootsPem) ?? [];
  return issuers.some((issuer) =>
    lists.some((list) => {
      if (!('der' in list) || !isIssuedBy(issuer, openCertificate(list.authority.certificate))) return false;
      const entry = parseForeignCrl(list.der).entries.find(({ serial }) => isSameNumber(serial, issuer.serialNumber));
      return entry !== undefined && entry.at * 1000 >= leaf!.validFromDate.getTime();
    }),
  );
}

/** In hex, with leading zeros or without. */
const isSameNumber = (a: string, b: string): boolean => BigInt(`0x${a}`) === BigInt(`0x${b}`);

/** Up to what a root signed: the chain may go on beyond that, with a cross-certificate by a root that has gone. */
function believedPart({ certPem, chainPem }: Path, rootsPem: string): readonly X509Certificate[] | undefined {
  const path = derOf(certPem + chainPem).map((der) => openCertificate(der));
  const roots = derOf(rootsPem).map((der) => openCertificate(der));
  for (const [index, certificate] of path.entries()) {
    if (roots.some((root) => isIssuedBy(certificate, root))) return path.slice(0, index + 1);
    const issuer = path[index + 1];
    if (!issuer || !isIssuedBy(certificate, issuer)) return undefined;
  }
  return undefined;
}
