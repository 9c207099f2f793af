/** Certificate revocation lists, version 2 (RFC 5280 §5): TBSCertList to sign, entries encoded one by one and kept. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readIntegerBytes, readSmallInteger } from '../der/value.ts';
import { explicit, sequence, smallInteger, time, tlvOf } from '../der/writer.ts';
import { type RevocationReason, revocationReasons } from '../policy/revocation-reason.ts';
import {
  crlNumber,
  decodeCrlNumber,
  decodeInvalidityDate,
  decodeReasonCode,
  invalidityDate,
  reasonCode,
} from './crl-extensions.ts';
import { authorityKeyIdentifier } from './extensions.ts';
import { malformed, reading } from './malformed.ts';
import { type DistinguishedName, decodeName } from './name.ts';
import { oids } from './oids.ts';
import { decodeAuthorityKeyIdentifier, type Extensions, readExtensions } from './read-extensions.ts';
import { serialInteger, serialOfInteger } from './serial.ts';
import { findSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';
import { openSigned } from './signed.ts';
import { readX509Time } from './time.ts';

export interface CrlEntry {
  /** Canonical text, see serial.ts. */
  readonly serial: string;
  /** revocationDate, Unix seconds. */
  readonly at: number;
  readonly reason: RevocationReason;
  /** Unix seconds (RFC 5280 §5.3.2). */
  readonly invalidityDate?: number;
}

/** One element of revokedCertificates; crlEntryExtensions are absent when there is nothing to say (RFC 5280 §5.1.2.6). */
export function encodeCrlEntry(entry: CrlEntry): Uint8Array {
  const extensions = entryExtensions(entry);
  const fields = [serialInteger(entry.serial), time(entry.at)];
  return extensions.length === 0 ? sequence(...fields) : sequence(...fields, sequence(...extensions));
}

function entryExtensions({ reason, invalidityDate: date }: CrlEntry): readonly Uint8Array[] {
  const code = reasonCodes.get(reason);
  return [...(code ? [code] : []), ...(date === undefined ? [] : [invalidityDate(date)])];
}

/** Encoded once each; `unspecified` has none. */
const reasonCodes: ReadonlyMap<RevocationReason, Uint8Array> = new Map(
  (Object.keys(revocationReasons) as RevocationReason[])
    .filter((reason) => reason !== 'unspecified')
    .map((reason) => [reason, reasonCode(reason)]),
);

export interface TbsCertListFields {
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The very bytes of the CA certificate's subject. */
  readonly issuerDer: Uint8Array;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** From encodeCrlEntry, in the order they are to appear. */
  readonly entries: readonly Uint8Array[];
  /** Grows with each list; a safe integer. */
  readonly crlNumber: number;
  /** The CA certificate's subjectKeyIdentifier. */
  readonly authorityKeyIdentifier: Uint8Array;
}

const version2 = smallInteger(1);

/** One buffer, linear in the number of entries. */
export function encodeTbsCertList(fields: TbsCertListFields): Uint8Array {
  const { entries } = fields;
  return sequence(
    version2,
    fields.signatureAlgorithm.identifierDer,
    fields.issuerDer,
    time(fields.thisUpdate),
    time(fields.nextUpdate),
    // RFC 5280 §5.1.2.6: an empty list is absent.
    ...(entries.length === 0 ? [] : [tlvOf(tag.sequence, entries)]),
    explicit(0, sequence(authorityKeyIdentifier(fields.authorityKeyIdentifier), crlNumber(fields.crlNumber))),
  );
}

export interface ParsedCrl {
  readonly der: Uint8Array;
  /** What `signature` signs. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: readonly CrlEntry[];
  readonly crlNumber: number;
  readonly authorityKeyIdentifier: Uint8Array;
}

const what = 'CRL';

/** A complete CRL as this CA publishes it, of any length. Throws CaError `malformed`. Does not verify the signature. */
export function parseCrl(der: Uint8Array): ParsedCrl {
  return reading(what, () => {
    const { tbs, algorithmDer, signature } = openSigned(der);
    const parsed = readTbsCertList(tbs);
    // RFC 5280 §5.1.1.2: the two algorithm fields are the same.
    if (Buffer.compare(parsed.signatureAlgorithm.identifierDer, algorithmDer) !== 0) {
      throw malformed(what, 'names two signature algorithms');
    }
    return { der, tbs, signature, ...parsed };
  });
}

/** Reads every element by its grammar, which admits one encoding of each: a walk of its own would cost as much again. */
function readTbsCertList(tbs: Uint8Array): Omit<ParsedCrl, 'der' | 'tbs' | 'signature'> {
  const fields = new DerReader(tbs).enterSequence();
  if (readSmallInteger(fields) !== 1) throw malformed(what, 'is not version 2');
  const signatureAlgorithm = findSignatureAlgorithm(fields.whole(fields.expect(tag.sequence)));
  if (!signatureAlgorithm) throw malformed(what, 'names a signature algorithm that is not in use here');
  const issuerDer = fields.whole(fields.expect(tag.sequence));
  assertCanonicalDer(issuerDer);
  const thisUpdate = readX509Time(fields, what);
  const nextUpdate = readX509Time(fields, what);
  const entries = fields.peekTag() === tag.sequence ? readEntries(fields.enterSequence()) : [];
  const wrapped = fields.enter(contextTag(0, true));
  fields.expectEnd();
  const extensions = readExtensions(wrapped, what);
  wrapped.expectEnd();
  const issuer = decodeName(issuerDer);
  return { signatureAlgorithm, issuer, thisUpdate, nextUpdate, entries, ...readCrlExtensions(extensions) };
}

/** RFC 5280 §5.2: both are in every CRL of a conforming CA; a critical one besides changes what the list means. */
function readCrlExtensions(extensions: Extensions): Pick<ParsedCrl, 'crlNumber' | 'authorityKeyIdentifier'> {
  refuseUnknownCritical(extensions, [oids.cRLNumber, oids.authorityKeyIdentifier]);
  const number = extensions.get(oids.cRLNumber);
  const issuerKey = extensions.get(oids.authorityKeyIdentifier);
  const keyIdentifier = issuerKey && decodeAuthorityKeyIdentifier(issuerKey.value);
  if (!number || !keyIdentifier) throw malformed(what, 'lacks its cRLNumber or authorityKeyIdentifier');
  return { crlNumber: decodeCrlNumber(number.value), authorityKeyIdentifier: keyIdentifier };
}

function refuseUnknownCritical(extensions: Extensions, known: readonly string[]): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && !known.includes(oid)) throw malformed(what, 'has a critical extension that is not in use here');
  }
}

/** RFC 5280 §5.1.2.6: revokedCertificates is absent when empty. */
function readEntries(list: DerReader): readonly CrlEntry[] {
  const entries: CrlEntry[] = [];
  while (!list.atEnd) entries.push(readEntry(list.enterSequence()));
  if (entries.length === 0) throw malformed(what, 'has an empty list of entries');
  return entries;
}

function readEntry(fields: DerReader): CrlEntry {
  const serial = serialOfInteger(readIntegerBytes(fields));
  if (serial === undefined) throw malformed(what, 'lists a serial that is not positive or over 20 octets');
  const at = readX509Time(fields, what);
  if (fields.atEnd) return { serial, at, reason: 'unspecified' };
  const extensions = readExtensions(fields, what);
  fields.expectEnd();
  refuseUnknownCritical(extensions, [oids.reasonCode, oids.invalidityDate]);
  const code = extensions.get(oids.reasonCode);
  const date = extensions.get(oids.invalidityDate);
  return {
    serial,
    at,
    reason: code ? decodeReasonCode(code.value) : 'unspecified',
    ...(date && { invalidityDate: decodeInvalidityDate(date.value) }),
  };
}
