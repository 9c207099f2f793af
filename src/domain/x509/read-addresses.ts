/** Reads where a certificate says its CRL, OCSP responder and issuer are (RFC 5280 §4.2.1.13 and §4.2.2.1). */
import { DerReader } from '../der/reader.ts';
import { contextTag } from '../der/tag.ts';
import { readOid } from '../der/value.ts';
import { malformed } from './malformed.ts';

const uriTag = contextTag(6, false);

/** The URLs of cRLDistributionPoints whose one point has a fullName and nothing else; CaError or DerError for another form. */
export function decodeCrlDistributionPoints(value: Uint8Array): readonly string[] {
  const points = new DerReader(value).enterSequence();
  const point = points.enterSequence();
  points.expectEnd();
  const distributionPoint = point.enter(contextTag(0, true));
  point.expectEnd();
  const fullName = distributionPoint.enter(contextTag(0, true));
  distributionPoint.expectEnd();
  const urls: string[] = [];
  while (!fullName.atEnd) urls.push(readUri(fullName));
  return urls;
}

export interface AccessDescription {
  /** Dotted. */
  readonly method: string;
  readonly url: string;
}

/** authorityInfoAccess, in its order, with URLs as locations. */
export function decodeAuthorityInfoAccess(value: Uint8Array): readonly AccessDescription[] {
  const list = new DerReader(value).enterSequence();
  const descriptions: AccessDescription[] = [];
  while (!list.atEnd) {
    const fields = list.enterSequence();
    descriptions.push({ method: readOid(fields), url: readUri(fields) });
    fields.expectEnd();
  }
  if (descriptions.length === 0) throw malformed('authorityInfoAccess', 'is empty');
  return descriptions;
}

const readUri = (reader: DerReader): string => reader.text(reader.expect(uriTag), 'latin1');
