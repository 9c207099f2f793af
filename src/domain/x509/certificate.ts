/** Reads certificates and to-be-signed certificates (RFC 5280 §4.1): canonical DER and this profile's grammar, or nothing. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readIntegerBytes, readSmallInteger } from '../der/value.ts';
import type { BasicConstraints, KeyUsageName } from './extensions.ts';
import { malformed, reading } from './malformed.ts';
import { type DistinguishedName, decodeName } from './name.ts';
import { oids } from './oids.ts';
import { parseSubjectPublicKey, type SubjectPublicKey } from './public-key.ts';
import {
  decodeAuthorityKeyIdentifier,
  decodeBasicConstraints,
  decodeExtKeyUsage,
  decodeKeyUsage,
  decodeSubjectAltName,
  decodeSubjectKeyIdentifier,
  type Extensions,
  type ReadGeneralName,
  readExtensions,
} from './read-extensions.ts';
import { serialOfInteger } from './serial.ts';
import { findSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';
import { openSigned } from './signed.ts';
import { readX509Time } from './time.ts';

export interface ParsedTbsCertificate extends ForeignTbsCertificate {
  readonly signatureAlgorithm: SignatureAlgorithm;
}

/** Signed elsewhere, with whatever algorithm. */
interface ForeignTbsCertificate {
  /** Canonical text, see serial.ts. */
  readonly serial: string;
  /** The whole AlgorithmIdentifier. */
  readonly algorithmDer: Uint8Array;
  readonly issuer: DistinguishedName;
  /** Unix seconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subject: DistinguishedName;
  readonly spkiDer: Uint8Array;
  /**
   * Read and checked when first asked for, which costs more than all the rest; throws CaError `badPublicKey`. No getter, for V8
   * keeps an object with one of its own as a dictionary (ADR 0002).
   */
  readonly publicKey: () => SubjectPublicKey;
  readonly extensions: Extensions;
  /** subjectAltName in its order; empty without one. */
  readonly names: readonly ReadGeneralName[];
  readonly keyUsage?: readonly KeyUsageName[];
  /** Dotted OIDs. */
  readonly extKeyUsage?: readonly string[];
  readonly basicConstraints?: BasicConstraints;
  readonly subjectKeyIdentifier?: Uint8Array;
  readonly authorityKeyIdentifier?: Uint8Array;
}

interface SignedCertificate {
  readonly der: Uint8Array;
  /** What `signature` signs. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

export interface ParsedCertificate extends ParsedTbsCertificate, SignedCertificate {}
export interface ForeignCertificate extends ForeignTbsCertificate, SignedCertificate {}

/** Throws CaError `malformed`. Does not verify the signature. */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  return reading('certificate', () => withKnownAlgorithm(readCertificate(der)));
}

/** The same of one whose signature algorithm is not judged yet. */
export function parseForeignCertificate(der: Uint8Array): ForeignCertificate {
  return reading('certificate', () => readCertificate(der));
}

function readCertificate(der: Uint8Array): ForeignCertificate {
  assertCanonicalDer(der);
  const { tbs, algorithmDer, signature } = openSigned(der);
  const parsed = readTbs(tbs);
  // RFC 5280 §4.1.1.2: the two algorithm fields are the same.
  if (Buffer.compare(parsed.algorithmDer, algorithmDer) !== 0) {
    throw malformed('certificate', 'names two signature algorithms');
  }
  return Object.assign(parsed, { der, tbs, signature });
}

function withKnownAlgorithm<Read extends ForeignTbsCertificate>(
  read: Read,
): Read & { readonly signatureAlgorithm: SignatureAlgorithm } {
  const signatureAlgorithm = findSignatureAlgorithm(read.algorithmDer);
  if (!signatureAlgorithm) throw malformed(what, 'names a signature algorithm that is not in use here');
  return Object.assign(read, { signatureAlgorithm });
}

/** The same for bytes that are not signed yet, as the lint sees them. */
export function parseTbsCertificate(tbs: Uint8Array): ParsedTbsCertificate {
  return reading('TBSCertificate', () => {
    assertCanonicalDer(tbs);
    return withKnownAlgorithm(readTbs(tbs));
  });
}

const what = 'certificate';

function readTbs(tbs: Uint8Array): ForeignTbsCertificate {
  const outer = new DerReader(tbs);
  const fields = outer.enterSequence();
  outer.expectEnd();
  readVersion3(fields);
  const serialContent = readIntegerBytes(fields);
  const algorithmDer = fields.whole(fields.expect(tag.sequence));
  const issuer = decodeName(fields.whole(fields.expect(tag.sequence)));
  if (issuer.attributes.length === 0) throw malformed(what, 'has an empty issuer');
  const validity = readValidity(fields);
  const subject = decodeName(fields.whole(fields.expect(tag.sequence)));
  const serial = serialOf(serialContent, Buffer.compare(issuer.der, subject.der) === 0);
  const spkiDer = fields.whole(fields.expect(tag.sequence));
  // RFC 5280 §4.1.2.8: unique identifiers are not in this profile, so extensions follow at once, and nothing after them.
  const wrapped = fields.enter(contextTag(3, true));
  fields.expectEnd();
  const extensions = readExtensions(wrapped, what);
  wrapped.expectEnd();
  let key: SubjectPublicKey | undefined;
  return {
    ...{ serial, algorithmDer, issuer, ...validity, subject, spkiDer, extensions },
    ...decodeKnown(extensions),
    publicKey() {
      key ??= parseSubjectPublicKey(spkiDer);
      return key;
    },
  };
}

/** RFC 5280 §4.1.2.1: extensions are present, so the version is 3, written as 2. */
function readVersion3(fields: DerReader): void {
  const version = fields.enter(contextTag(0, true));
  if (readSmallInteger(version) !== 2) throw malformed(what, 'is not version 3');
  version.expectEnd();
}

/** RFC 5280 §4.1.2.2: users of certificates bear with a serial of zero, which many old roots have, and nothing else. */
function serialOf(content: Uint8Array, isRoot: boolean): string {
  const isZero = content.length === 1 && content[0] === 0;
  const serial = isRoot && isZero ? '00' : serialOfInteger(content);
  if (serial === undefined) throw malformed(what, 'has no positive serial of at most 20 octets');
  return serial;
}

function readValidity(fields: DerReader): { notBefore: number; notAfter: number } {
  const validity = fields.enterSequence();
  const notBefore = readX509Time(validity, what);
  const notAfter = readX509Time(validity, what);
  validity.expectEnd();
  return { notBefore, notAfter };
}

type KnownExtensions = Pick<
  ForeignTbsCertificate,
  'names' | 'keyUsage' | 'extKeyUsage' | 'basicConstraints' | 'subjectKeyIdentifier' | 'authorityKeyIdentifier'
>;

function decodeKnown(extensions: Extensions): KnownExtensions {
  const decoded = <T>(oid: string, decode: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(oid);
    return extension && decode(extension.value);
  };
  const keyUsage = decoded(oids.keyUsage, decodeKeyUsage);
  const extKeyUsage = decoded(oids.extKeyUsage, decodeExtKeyUsage);
  const basicConstraints = decoded(oids.basicConstraints, decodeBasicConstraints);
  const subjectKeyIdentifier = decoded(oids.subjectKeyIdentifier, decodeSubjectKeyIdentifier);
  const authorityKeyIdentifier = decoded(oids.authorityKeyIdentifier, decodeAuthorityKeyIdentifier);
  return {
    names: decoded(oids.subjectAltName, decodeSubjectAltName) ?? [],
    ...(keyUsage && { keyUsage }),
    ...(extKeyUsage && { extKeyUsage }),
    ...(basicConstraints && { basicConstraints }),
    ...(subjectKeyIdentifier && { subjectKeyIdentifier }),
    ...(authorityKeyIdentifier && { authorityKeyIdentifier }),
  };
}
