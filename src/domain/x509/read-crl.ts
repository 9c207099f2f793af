/** Reads certificate revocation lists (RFC 5280 §5): strictly those of this CA, and what is asked of lists that others made. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readIntegerBytes, readSmallInteger } from '../der/value.ts';
import type { CrlEntry } from './crl.ts';
import { decodeCrlNumber, decodeInvalidityDate, decodeReasonCode } from './crl-extensions.ts';
import { type CrlScope, decodeIssuingDistributionPoint } from './crl-scope.ts';
import { malformed, reading } from './malformed.ts';
import { type DistinguishedName, decodeName } from './name.ts';
import { oids } from './oids.ts';
import {
  decodeAuthorityKeyIdentifier,
  type Extensions,
  readExtensions,
  refuseUnknownCritical,
} from './read-extensions.ts';
import { serialOfInteger } from './serial.ts';
import { findSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';
import { openSigned } from './signed.ts';
import { readX509Time } from './time.ts';

export interface ParsedCrl extends ReadCrl<CrlEntry> {
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly authorityKeyIdentifier: Uint8Array;
  readonly crlNumber: number;
}

/** Made elsewhere: signed with whatever algorithm, and of its entries no more than their serials and times. */
export interface ForeignCrl extends ReadCrl<Pick<CrlEntry, 'serial' | 'at'>> {
  /** Up to 20 octets; absent in version 1. */
  readonly crlNumber?: bigint;
  readonly authorityKeyIdentifier?: Uint8Array;
  readonly scope: CrlScope;
}

interface ReadCrl<Entry> {
  readonly der: Uint8Array;
  /** What `signature` signs. */
  readonly tbs: Uint8Array;
  /** The whole AlgorithmIdentifier. */
  readonly algorithmDer: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: readonly Entry[];
}

const what = 'CRL';

/** A complete CRL as this CA publishes it, of any length. Throws CaError `malformed`. Does not verify the signature. */
export function parseCrl(der: Uint8Array): ParsedCrl {
  return reading(what, () => {
    const { extensions, ...read } = readCrl(der, readEntry);
    const signatureAlgorithm = findSignatureAlgorithm(read.algorithmDer);
    if (!signatureAlgorithm) throw malformed(what, 'names a signature algorithm that is not in use here');
    refuseUnknownCritical(extensions, [oids.cRLNumber, oids.authorityKeyIdentifier], what);
    const { authorityKeyIdentifier: issuerKey, crlNumber } = readNumberAndKey(extensions);
    if (!issuerKey) throw malformed(what, 'lacks its authorityKeyIdentifier');
    if (crlNumber === undefined) throw malformed(what, 'lacks its cRLNumber');
    // This CA numbers its lists by the clock.
    if (crlNumber > Number.MAX_SAFE_INTEGER) throw malformed('cRLNumber', 'is out of range');
    return { ...read, signatureAlgorithm, authorityKeyIdentifier: issuerKey, crlNumber: Number(crlNumber) };
  });
}

/** A complete CRL as others publish it; algorithm, issuer and scope are not judged yet. Throws CaError `malformed`. */
export function parseForeignCrl(der: Uint8Array): ForeignCrl {
  return reading(what, () => {
    const { extensions, ...read } = readCrl(der, readForeignEntry);
    refuseUnknownCritical(extensions, foreignExtensions, what);
    const point = extensions.get(oids.issuingDistributionPoint);
    const scope = point ? decodeIssuingDistributionPoint(point.value) : {};
    return { ...read, ...readNumberAndKey(extensions), scope };
  });
}

const foreignExtensions = [oids.cRLNumber, oids.authorityKeyIdentifier, oids.issuingDistributionPoint];

function readCrl<Entry>(
  der: Uint8Array,
  read: (fields: DerReader, version: 1 | 2) => Entry,
): ReadCrl<Entry> & { readonly extensions: Extensions } {
  const { tbs, algorithmDer, signature } = openSigned(der);
  const parsed = readTbsCertList(tbs, read);
  // RFC 5280 §5.1.1.2: the two algorithm fields are the same.
  if (Buffer.compare(parsed.algorithmDer, algorithmDer) !== 0) {
    throw malformed(what, 'names two signature algorithms');
  }
  return { der, tbs, signature, ...parsed };
}

/** Reads every element by its grammar, which admits one encoding of each: a walk of its own would cost as much again. */
function readTbsCertList<Entry>(
  tbs: Uint8Array,
  read: (fields: DerReader, version: 1 | 2) => Entry,
): Omit<ReadCrl<Entry>, 'der' | 'tbs' | 'signature'> & { readonly extensions: Extensions } {
  const fields = new DerReader(tbs).enterSequence();
  const version = readVersion(fields);
  const algorithmDer = fields.whole(fields.expect(tag.sequence));
  const issuerDer = fields.whole(fields.expect(tag.sequence));
  assertCanonicalDer(issuerDer);
  const thisUpdate = readX509Time(fields, what);
  const nextUpdate = readX509Time(fields, what);
  const entries =
    fields.peekTag() === tag.sequence ? readEntries(fields.enterSequence(), (entry) => read(entry, version)) : [];
  const extensions = version === 2 && !fields.atEnd ? readListExtensions(fields) : new Map();
  fields.expectEnd();
  return { algorithmDer, issuer: decodeName(issuerDer), thisUpdate, nextUpdate, entries, extensions };
}

/** RFC 5280 §5.1.2.1: absent in version 1, which has no extensions. */
function readVersion(fields: DerReader): 1 | 2 {
  if (fields.peekTag() !== tag.integer) return 1;
  if (readSmallInteger(fields) !== 1) throw malformed(what, 'is neither version 1 nor 2');
  return 2;
}

function readListExtensions(fields: DerReader): Extensions {
  const wrapped = fields.enter(contextTag(0, true));
  const extensions = readExtensions(wrapped, what);
  wrapped.expectEnd();
  return extensions;
}

/** RFC 5280 §5.2: both are in every CRL of a conforming CA. */
function readNumberAndKey(extensions: Extensions): Pick<ForeignCrl, 'crlNumber' | 'authorityKeyIdentifier'> {
  const number = extensions.get(oids.cRLNumber);
  const issuerKey = extensions.get(oids.authorityKeyIdentifier);
  const keyIdentifier = issuerKey && decodeAuthorityKeyIdentifier(issuerKey.value);
  return {
    ...(number && { crlNumber: decodeCrlNumber(number.value) }),
    ...(keyIdentifier && { authorityKeyIdentifier: keyIdentifier }),
  };
}

/** RFC 5280 §5.1.2.6: revokedCertificates is absent when empty. */
function readEntries<Entry>(list: DerReader, read: (fields: DerReader) => Entry): readonly Entry[] {
  const entries: Entry[] = [];
  while (!list.atEnd) entries.push(read(list.enterSequence()));
  if (entries.length === 0) throw malformed(what, 'has an empty list of entries');
  return entries;
}

function readSerial(fields: DerReader): string {
  const serial = serialOfInteger(readIntegerBytes(fields));
  if (serial === undefined) throw malformed(what, 'lists a serial that is not positive or over 20 octets');
  return serial;
}

/** A critical extension may say that the serial is another issuer's (RFC 5280 §5.3.3); why it is revoked is not asked. */
function readForeignEntry(fields: DerReader, version: 1 | 2): Pick<CrlEntry, 'serial' | 'at'> {
  const serial = readSerial(fields);
  const at = readX509Time(fields, what);
  if (version === 2 && !fields.atEnd)
    refuseUnknownCritical(readExtensions(fields, what), [oids.reasonCode, oids.invalidityDate], what);
  fields.expectEnd();
  return { serial, at };
}

function readEntry(fields: DerReader): CrlEntry {
  const serial = readSerial(fields);
  const at = readX509Time(fields, what);
  if (fields.atEnd) return { serial, at, reason: 'unspecified' };
  const extensions = readExtensions(fields, what);
  fields.expectEnd();
  refuseUnknownCritical(extensions, [oids.reasonCode, oids.invalidityDate], what);
  const code = extensions.get(oids.reasonCode);
  const date = extensions.get(oids.invalidityDate);
  return {
    serial,
    at,
    reason: code ? decodeReasonCode(code.value) : 'unspecified',
    ...(date && { invalidityDate: decodeInvalidityDate(date.value) }),
  };
}
