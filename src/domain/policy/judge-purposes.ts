/** Whether an authority, and those above it, admit the purposes of what is issued below (RFC 5280 §4.2.1.12, as validators nest it). */
import type { Reason } from '../errors.ts';
import type { ParsedCertificate } from '../x509/certificate.ts';
import { oids } from '../x509/oids.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import type { Profile } from './profile.ts';
import { purposeOids } from './purpose-oids.ts';

/** Dotted OIDs that every one of the authorities admits; undefined where none narrows them. */
export function admittedPurposes(
  authorities: readonly Pick<ParsedCertificate, 'extKeyUsage'>[],
): readonly string[] | undefined {
  const narrow = authorities.flatMap(({ extKeyUsage }) =>
    extKeyUsage && !extKeyUsage.includes(oids.anyExtendedKeyUsage) ? [extKeyUsage] : [],
  );
  const [first, ...others] = narrow;
  return first?.filter((purpose) => others.every((other) => other.includes(purpose)));
}

/** No reason, or one with every purpose of the profile that no validator would believe below the authority. */
export function judgePurposes(
  { extendedKeyUsage }: Pick<Profile, 'extendedKeyUsage'>,
  { authority, purposes }: Pick<IssuerFacts, 'authority' | 'purposes'>,
): readonly Reason[] {
  const lacking = purposes ? extendedKeyUsage.filter((usage) => !purposes.includes(purposeOids[usage])) : [];
  if (lacking.length === 0) return [];
  const message = `The extKeyUsage of its authority ${authority}, or of one above, does not admit this.`;
  return [{ code: 'extendedKeyUsageTooNarrow', message, field: 'extendedKeyUsage', value: lacking.join(', ') }];
}
