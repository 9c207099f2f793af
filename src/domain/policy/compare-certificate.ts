/** How a certificate that is to be signed differs from the one that a product has: what an operator should look at first. */
import type { CertificateDetails } from '../records/certificate.ts';
import type { PreparedCertificate } from './prepare-certificate.ts';

export interface CertificateComparison {
  readonly namesAdded: readonly string[];
  readonly namesRemoved: readonly string[];
  readonly subjectChanged: boolean;
  readonly profileChanged: boolean;
  readonly keyChanged: boolean;
  readonly keyTypeChanged: boolean;
  /** Of the new one, less that of the old one. */
  readonly lifetimeSecondsAdded: number;
}

export function compareCertificate(before: CertificateDetails, after: PreparedCertificate): CertificateComparison {
  return {
    namesAdded: after.names.filter((name) => !before.names.includes(name)),
    namesRemoved: before.names.filter((name) => !after.names.includes(name)),
    subjectChanged: before.subject !== after.subject,
    profileChanged: before.profile !== after.profile,
    keyChanged: before.keySha256 !== after.keySha256,
    keyTypeChanged: before.keyType !== after.keyType,
    lifetimeSecondsAdded: after.notAfter - after.notBefore - (before.notAfter - before.notBefore),
  };
}

/** The one of `candidates` that is most like it: most names in common, the same profile, then the newest. */
export function mostAlike<T extends CertificateDetails>(
  candidates: readonly T[],
  after: PreparedCertificate,
): T | undefined {
  const likeness = ({ names, profile, requestedAt }: T): readonly number[] => [
    names.filter((name) => after.names.includes(name)).length,
    -names.filter((name) => !after.names.includes(name)).length,
    Number(profile === after.profile),
    requestedAt,
  ];
  const byLikeness = (a: T, b: T): number => {
    const [left, right] = [likeness(a), likeness(b)];
    const first = left.findIndex((value, index) => value !== right[index]);
    return first < 0 ? 0 : right[first]! - left[first]!;
  };
  return candidates.toSorted(byLikeness).find(({ names }) => names.some((name) => after.names.includes(name)));
}
