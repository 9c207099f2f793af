/** Of which certificates a CRL speaks, where its issuingDistributionPoint leaves some out (RFC 5280 §5.2.5, §6.3.3 (b)). */
import { DerReader } from '../der/reader.ts';
import { contextTag } from '../der/tag.ts';
import type { ForeignCertificate } from './certificate.ts';
import { malformed } from './malformed.ts';
import { oids } from './oids.ts';

export interface CrlScope {
  /** Of certificates of authorities alone, or of all others alone. */
  readonly only?: 'authorities' | 'others';
  /** Of those alone that name one of these as their distribution point; encoded GeneralNames as hex. */
  readonly points?: readonly string[];
}

const what = 'issuingDistributionPoint';

/** CaError `malformed` or DerError; also for a list of other issuers, of attributes or of some reasons: it proves nothing. */
export function decodeIssuingDistributionPoint(value: Uint8Array): CrlScope {
  const fields = new DerReader(value).enterSequence();
  const points = readName(fields);
  const others = readTrue(fields, 1);
  const authorities = readTrue(fields, 2);
  if (!fields.atEnd) throw malformed(what, 'leaves reasons out, or is for other issuers or for attributes');
  if (others && authorities) throw malformed(what, 'leaves every certificate out');
  return {
    ...(others && { only: 'others' }),
    ...(authorities && { only: 'authorities' }),
    ...(points && { points }),
  };
}

/** Every certificate of its issuer. */
export const isWhole = ({ only, points }: CrlScope): boolean => only === undefined && points === undefined;

/** Whether the list would have the certificate if it were revoked. */
export function isInScope(
  { only, points }: CrlScope,
  { basicConstraints, extensions }: Pick<ForeignCertificate, 'basicConstraints' | 'extensions'>,
): boolean {
  const kind = basicConstraints?.ca ? 'authorities' : 'others';
  if (only !== undefined && only !== kind) return false;
  const value = extensions.get(oids.cRLDistributionPoints)?.value;
  return points === undefined || (value !== undefined && readPoints(value).some((point) => points.includes(point)));
}

/** Names of the distribution points that give every reason and the issuer’s own lists. */
function readPoints(value: Uint8Array): readonly string[] {
  const list = new DerReader(value).enterSequence();
  const names: string[] = [];
  while (!list.atEnd) {
    const point = list.enterSequence();
    const named = readName(point) ?? [];
    if (point.atEnd) names.push(...named);
  }
  return names;
}

/** DistributionPointName `[0]`, in full: one relative to the issuer is not in use. */
function readName(fields: DerReader): readonly string[] | undefined {
  if (fields.peekTag() !== contextTag(0, true)) return undefined;
  const name = fields.enter(contextTag(0, true));
  if (name.peekTag() !== contextTag(0, true)) throw malformed(what, 'names a point relative to its issuer');
  const fullName = name.enter(contextTag(0, true));
  name.expectEnd();
  const names: string[] = [];
  while (!fullName.atEnd) names.push(Buffer.from(fullName.whole(fullName.next())).toString('hex'));
  return names;
}

/** X.690 §11.5: FALSE is the default, and not encoded. */
function readTrue(fields: DerReader, number: number): boolean {
  const element = fields.optional(contextTag(number, false));
  if (!element) return false;
  const [octet, ...more] = fields.content(element);
  if (octet !== 0xff || more.length > 0) throw malformed(what, 'encodes a default');
  return true;
}
