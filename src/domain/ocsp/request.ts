/** Reads OCSPRequest (RFC 6960 §4.1.1, nonces by RFC 9654), strict and bounded, requestor and signature unused; and asks as a client. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readIntegerBytes, readOid, readSmallInteger } from '../der/value.ts';
import { nullValue, octetString, sequence } from '../der/writer.ts';
import { digest } from '../digest.ts';
import { malformed, reading } from '../x509/malformed.ts';
import { oidDer } from '../x509/oid-der.ts';
import { oids } from '../x509/oids.ts';
import { subjectPublicKeyBits } from '../x509/public-key.ts';
import { type Extensions, readExtensions, refuseUnknownCritical } from '../x509/read-extensions.ts';
import { serialInteger, serialOfInteger } from '../x509/serial.ts';

export interface OcspCertId {
  readonly hashAlgorithm: OcspHash;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Canonical text, see serial.ts; empty for an INTEGER that no certificate here can have. */
  readonly serial: string;
  /** The whole CertID as it came, to be echoed. */
  readonly der: Uint8Array;
}

/** Who issued the certificate that is asked about. */
export interface OcspIssuer {
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
}

/** A request about one certificate, with the SHA-1 CertID that every responder knows (RFC 5019 §2.1.1), and no nonce. */
export const encodeOcspRequest = (issuer: OcspIssuer, serial: string): Uint8Array =>
  sequence(
    sequence(
      sequence(
        sequence(
          sequence(
            sequence(oidDer.sha1, nullValue()),
            octetString(digest('sha1', issuer.subjectDer)),
            octetString(digest('sha1', subjectPublicKeyBits(issuer.spkiDer))),
            serialInteger(serial),
          ),
        ),
      ),
    ),
  );

/** Whether a CertID is about the certificate with this serial of this issuer. */
export const isAbout = (certId: OcspCertId, issuer: OcspIssuer, serial: string): boolean =>
  certId.serial === serial &&
  Buffer.compare(certId.issuerNameHash, digest(certId.hashAlgorithm, issuer.subjectDer)) === 0 &&
  Buffer.compare(certId.issuerKeyHash, digest(certId.hashAlgorithm, subjectPublicKeyBits(issuer.spkiDer))) === 0;

export interface OcspRequest {
  /** 1 to 100, in the order of the request. */
  readonly certIds: readonly OcspCertId[];
  /** 1 to 128 octets. */
  readonly nonce?: Uint8Array;
}

export type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

const hashes: ReadonlyMap<string, { readonly name: OcspHash; readonly octets: number }> = new Map([
  [oids.sha1, { name: 'sha1', octets: 20 }],
  [oids.sha256, { name: 'sha256', octets: 32 }],
  [oids.sha384, { name: 'sha384', octets: 48 }],
  [oids.sha512, { name: 'sha512', octets: 64 }],
]);

const maxCertIds = 100;
const maxNonceOctets = 128;
/** 20, and the zero before a leading 1 bit. */
const maxSerialOctets = 21;
const what = 'OCSP request';

/** Throws CaError `malformed`, which a responder answers with `malformedRequest`. */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  return reading(what, () => {
    assertCanonicalDer(der);
    const request = new DerReader(der).enterSequence();
    const tbsRequest = request.enterSequence();
    // RFC 6960 §4.1.2: a signature identifies the requestor, and these answers are the same for everybody.
    request.optional(contextTag(0, true));
    request.expectEnd();
    return readTbsRequest(tbsRequest);
  });
}

function readTbsRequest(fields: DerReader): OcspRequest {
  readVersion(fields);
  fields.optional(contextTag(1, true)); // requestorName
  const certIds = readRequestList(fields.enterSequence());
  const extensions = readOptionalExtensions(fields, 2);
  fields.expectEnd();
  if (extensions) refuseUnknownCritical(extensions, [oids.idPkixOcspNonce], what);
  const nonce = extensions?.get(oids.idPkixOcspNonce);
  return nonce ? { certIds, nonce: readNonce(nonce.value) } : { certIds };
}

/** DEFAULT v1; the only version, so some clients' explicit v1 is let pass. */
function readVersion(fields: DerReader): void {
  if (fields.peekTag() !== contextTag(0, true)) return;
  const version = fields.enter(contextTag(0, true));
  if (readSmallInteger(version) !== 0) throw malformed(what, 'is not version 1');
  version.expectEnd();
}

function readRequestList(list: DerReader): readonly OcspCertId[] {
  const certIds: OcspCertId[] = [];
  while (!list.atEnd) {
    if (certIds.length === maxCertIds) throw malformed(what, `asks about more than ${maxCertIds} certificates`);
    const request = list.enterSequence();
    certIds.push(readCertId(request));
    const ofRequest = readOptionalExtensions(request, 0);
    if (ofRequest) refuseUnknownCritical(ofRequest, [], what);
    request.expectEnd();
  }
  if (certIds.length === 0) throw malformed(what, 'asks about no certificate');
  return certIds;
}

/** Of a request, or of an answer. DerError, or CaError `malformed`. */
export function readCertId(request: DerReader): OcspCertId {
  const element = request.expect(tag.sequence);
  const fields = request.inside(element);
  const hash = readHashAlgorithm(fields.enterSequence());
  const issuerNameHash = fields.content(fields.expect(tag.octetString));
  const issuerKeyHash = fields.content(fields.expect(tag.octetString));
  const serialNumber = readIntegerBytes(fields);
  if (serialNumber.length > maxSerialOctets) throw malformed(what, 'has a serial of over 20 octets');
  fields.expectEnd();
  if (issuerNameHash.length !== hash.octets || issuerKeyHash.length !== hash.octets) {
    throw malformed(what, 'has a hash that does not fit its algorithm');
  }
  // RFC 6960 §2.2: about a serial that nobody issued the answer is `unknown`, so zero or a negative one is no error.
  const serial = serialOfInteger(serialNumber) ?? '';
  return { hashAlgorithm: hash.name, issuerNameHash, issuerKeyHash, serial, der: request.whole(element) };
}

/** Parameters are absent or NULL: both are in use for hashes (RFC 4055 §2.1, RFC 5754 §2). */
function readHashAlgorithm(fields: DerReader): { readonly name: OcspHash; readonly octets: number } {
  const hash = hashes.get(readOid(fields));
  fields.optional(tag.null);
  fields.expectEnd();
  if (!hash) throw malformed(what, 'uses a hash other than SHA-1, SHA-256, SHA-384 and SHA-512');
  return hash;
}

function readOptionalExtensions(fields: DerReader, number: number): Extensions | undefined {
  if (fields.peekTag() !== contextTag(number, true)) return undefined;
  const wrapped = fields.enter(contextTag(number, true));
  const extensions = readExtensions(wrapped, what);
  wrapped.expectEnd();
  return extensions;
}

/** RFC 9654 §2.1: an OCTET STRING of 1 to 128 octets, or the request is malformed. */
function readNonce(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value);
  const nonce = reader.content(reader.expect(tag.octetString));
  if (nonce.length === 0 || nonce.length > maxNonceOctets) throw malformed(what, 'has a nonce of a wrong length');
  return nonce;
}
