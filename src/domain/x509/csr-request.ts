/** Encodes the to-be-signed part of a PKCS#10 request (RFC 2986 §4.1); the holder of the key signs it and assembleSigned frames it. */
import { contextTag } from '../der/tag.ts';
import { sequence, setOf, smallInteger, tlv } from '../der/writer.ts';
import { subjectAltName } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { oidDer } from './oid-der.ts';

export interface RequestInfoFields {
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  /** Whole Extensions that are asked for; may be none. */
  readonly extensions: readonly Uint8Array[];
}

/** DER of CertificationRequestInfo, version 1. */
export function encodeRequestInfo({ subjectDer, spkiDer, extensions }: RequestInfoFields): Uint8Array {
  // RFC 2985 §5.4.2.
  const extensionRequest = sequence(oidDer.extensionRequest, setOf(sequence(...extensions)));
  return sequence(version1, subjectDer, spkiDer, attributes(...(extensions.length === 0 ? [] : [extensionRequest])));
}

export interface CertificationRequestFields {
  readonly spkiDer: Uint8Array;
  /** None for a certificate that its profile names. */
  readonly names: readonly GeneralName[];
}

/** The same for a product. The subject is empty: the names are in subjectAltName, and the profile decides the subject. */
export const encodeCertificationRequestInfo = ({ spkiDer, names }: CertificationRequestFields): Uint8Array =>
  encodeRequestInfo({
    subjectDer: emptyName,
    spkiDer,
    // RFC 5280 §4.2.1.6: an empty subject makes subjectAltName critical.
    extensions: names.length === 0 ? [] : [subjectAltName(names, true)],
  });

const version1 = smallInteger(0);
const emptyName = sequence();

/** attributes [0] IMPLICIT SET OF Attribute. */
const attributes = (...each: readonly Uint8Array[]): Uint8Array => tlv(contextTag(0, true), ...each);
