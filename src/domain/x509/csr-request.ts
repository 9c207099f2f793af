/** Encodes the to-be-signed part of a PKCS#10 request (RFC 2986 §4.1); the holder of the key signs it and assembleSigned frames it. */
import { contextTag } from '../der/tag.ts';
import { oid, sequence, setOf, smallInteger, tlv } from '../der/writer.ts';
import { subjectAltName } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { oids } from './oids.ts';

export interface CertificationRequestFields {
  readonly spkiDer: Uint8Array;
  /** None for a certificate that its profile names. */
  readonly names: readonly GeneralName[];
}

/** DER of CertificationRequestInfo. The subject is empty: the names are in subjectAltName, and the profile decides the subject. */
export function encodeCertificationRequestInfo({ spkiDer, names }: CertificationRequestFields): Uint8Array {
  if (names.length === 0) return sequence(version1, emptyName, spkiDer, attributes());
  // RFC 5280 §4.2.1.6: an empty subject makes subjectAltName critical.
  const extensions = sequence(subjectAltName(names, true));
  const extensionRequest = sequence(oid(oids.extensionRequest), setOf(extensions));
  return sequence(version1, emptyName, spkiDer, attributes(extensionRequest));
}

const version1 = smallInteger(0);
const emptyName = sequence();

/** attributes [0] IMPLICIT SET OF Attribute. */
const attributes = (...each: readonly Uint8Array[]): Uint8Array => tlv(contextTag(0, true), ...each);
