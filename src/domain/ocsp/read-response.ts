/** Reads OCSPResponse (RFC 6960 §4.2.1) as a client: what is said of which certificate, and what proves it. Judges nothing. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readOctetAlignedBitString, readOid, readTime } from '../der/value.ts';
import { malformed, reading } from '../x509/malformed.ts';
import { oids } from '../x509/oids.ts';
import { type OcspCertId, readCertId } from './request.ts';
import { errorStatus } from './response.ts';

export interface OcspStatus {
  readonly certId: OcspCertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** Unix seconds; of a revoked one. */
  readonly revokedAt?: number;
  /** Unix seconds. */
  readonly thisUpdate: number;
  /** Absent: newer information may be there at any time. */
  readonly nextUpdate?: number;
}

export interface OcspAnswer {
  /** What `signature` signs. */
  readonly tbs: Uint8Array;
  /** The whole AlgorithmIdentifier. */
  readonly algorithmDer: Uint8Array;
  readonly signature: Uint8Array;
  readonly statuses: readonly OcspStatus[];
  /** Sent to prove who signed. */
  readonly certificatesDer: readonly Uint8Array[];
}

const what = 'OCSP response';

const errorNames = new Map(Object.entries(errorStatus).map(([name, status]): [number, string] => [status, name]));

/** A signed answer, or the name of the error that came instead. Throws CaError `malformed`. */
export function parseOcspResponse(der: Uint8Array): OcspAnswer | string {
  return reading(what, () => {
    assertCanonicalDer(der);
    const response = new DerReader(der).enterSequence();
    // The canonical form has one octet for every status there is; of a longer one the first octet says nothing.
    const octets = response.content(response.expect(tag.enumerated));
    const [status = 0] = octets;
    if (octets.length !== 1) throw malformed(what, 'has a status that there is none of');
    if (status !== 0) return errorNames.get(status) ?? `error ${status}`;
    const bytes = enterWrapped(response);
    response.expectEnd();
    if (readOid(bytes) !== oids.idPkixOcspBasic) throw malformed(what, 'is of no type known here');
    const basic = new DerReader(bytes.content(bytes.expect(tag.octetString))).enterSequence();
    bytes.expectEnd();
    return readBasic(basic);
  });
}

/** A SEQUENCE that is all there is in an EXPLICIT [0]. */
function enterWrapped(fields: DerReader): DerReader {
  const wrapper = fields.enter(contextTag(0, true));
  const sequence = wrapper.enterSequence();
  wrapper.expectEnd();
  return sequence;
}

function readBasic(fields: DerReader): OcspAnswer {
  const data = fields.expect(tag.sequence);
  const algorithmDer = fields.whole(fields.expect(tag.sequence));
  const signature = readOctetAlignedBitString(fields);
  const certificatesDer = fields.atEnd ? [] : readCertificates(enterWrapped(fields));
  fields.expectEnd();
  return {
    tbs: fields.whole(data),
    algorithmDer,
    signature,
    statuses: readResponseData(fields.inside(data)),
    certificatesDer,
  };
}

function readCertificates(list: DerReader): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  while (!list.atEnd) certificates.push(list.whole(list.expect(tag.sequence)));
  return certificates;
}

/** Who signed is found by trying, so that the ResponderID is not asked. */
function readResponseData(fields: DerReader): OcspStatus[] {
  fields.optional(contextTag(0, true)); // version
  if (!fields.optional(contextTag(1, true))) fields.expect(contextTag(2, true));
  readTime(fields); // producedAt
  const list = fields.enterSequence();
  fields.optional(contextTag(1, true)); // responseExtensions
  fields.expectEnd();
  const statuses: OcspStatus[] = [];
  while (!list.atEnd) statuses.push(readStatus(list.enterSequence()));
  return statuses;
}

function readStatus(fields: DerReader): OcspStatus {
  const certId = readCertId(fields);
  const status = readCertStatus(fields);
  const thisUpdate = readTime(fields);
  const bounded = fields.peekTag() === contextTag(0, true) ? fields.enter(contextTag(0, true)) : undefined;
  const nextUpdate = bounded && readTime(bounded);
  bounded?.expectEnd();
  fields.optional(contextTag(1, true)); // singleExtensions
  fields.expectEnd();
  return { certId, ...status, thisUpdate, ...(nextUpdate !== undefined && { nextUpdate }) };
}

/** CertStatus ::= CHOICE { good [0], revoked [1], unknown [2] }, all IMPLICIT. */
function readCertStatus(fields: DerReader): Pick<OcspStatus, 'status' | 'revokedAt'> {
  if (fields.optional(contextTag(0, false))) return { status: 'good' };
  if (fields.optional(contextTag(2, false))) return { status: 'unknown' };
  const revoked = fields.enter(contextTag(1, true));
  const revokedAt = readTime(revoked);
  revoked.optional(contextTag(0, true)); // revocationReason
  revoked.expectEnd();
  return { status: 'revoked', revokedAt };
}
