/** Encodes the to-be-signed part of a PKCS#10 request (RFC 2986 §4.1); the holder of the key signs it and assembleSigned frames it. */
import { contextTag } from '../der/tag.ts';
import { sequence, setOf, smallInteger, tlv } from '../der/writer.ts';
import { subjectAltName } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { encodeName } from './name.ts';
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
  /** One of them, for a profile that takes the CN that is asked for. */
  readonly commonName?: string | undefined;
}

/** The same for a product. Of the subject there is a CN at most: the names are in subjectAltName, and the profile decides the rest. */
export const encodeCertificationRequestInfo = ({
  spkiDer,
  names,
  commonName,
}: CertificationRequestFields): Uint8Array =>
  encodeRequestInfo({
    subjectDer: encodeName(commonName === undefined ? [] : [{ type: 'commonName', value: commonName }]),
    spkiDer,
    // RFC 5280 §4.2.1.6: an empty subject makes subjectAltName critical.
    extensions: names.length === 0 ? [] : [subjectAltName(names, commonName === undefined)],
  });

const version1 = smallInteger(0);

/** attributes [0] IMPLICIT SET OF Attribute. */
const attributes = (...each: readonly Uint8Array[]): Uint8Array => tlv(contextTag(0, true), ...each);
