/** The certificates table as records: its columns in one order, and the spelling of serials, hashes and names. */
import type { RevocationReason } from '../../../domain/policy/revocation-reason.ts';
import type { CertificatePurpose, CertificateRecord, CertificateState } from '../../../domain/records/certificate.ts';

/** What `recordOf` reads, in its order. Hexadecimal is made in SQLite: a short string crosses cheaper than a Buffer. */
export const recordColumns = `lower(hex(serial)), state, purpose, environment, owner, authority,
  lower(hex(issuer_serial)), profile, profile_version, subject, names, key_type, lower(hex(key_sha256)),
  not_before, not_after, requested_by, requested_at, issued_at, lower(hex(predecessor)), lower(hex(successor)),
  revoked_at, revocation_reason, invalidity_date, product_version`;

/** The same columns as values. */
export type CertificateRow = readonly [
  serial: string,
  state: CertificateState,
  purpose: CertificatePurpose,
  environment: string | null,
  owner: string,
  authority: string,
  issuerSerial: string,
  profile: string,
  profileVersion: number,
  subject: string,
  names: string,
  keyType: string,
  keySha256: string,
  notBefore: number,
  notAfter: number,
  requestedBy: string,
  requestedAt: number,
  issuedAt: number | null,
  predecessor: string,
  successor: string,
  revokedAt: number | null,
  revocationReason: RevocationReason | null,
  invalidityDate: number | null,
  productVersion: number | null,
];

/** The record of a row that was selected raw with `recordColumns`. */
export function recordOf(row: CertificateRow): CertificateRecord {
  const [revokedAt, reason, invalidityDate] = [row[20], row[21], row[22]];
  return {
    serial: row[0],
    purpose: row[2],
    environment: row[3],
    owner: row[4],
    authority: row[5],
    issuerSerial: row[6],
    profile: row[7],
    profileVersion: row[8],
    productVersion: row[23],
    subject: row[9],
    names: splitNames(row[10]),
    keyType: row[11],
    keySha256: row[12],
    notBefore: row[13],
    notAfter: row[14],
    requestedBy: row[15],
    requestedAt: row[16],
    // hex(NULL) is the empty string.
    predecessor: row[18] || null,
    state: row[1],
    issuedAt: row[17],
    revocation: revokedAt === null || reason === null ? null : revocationOf(revokedAt, reason, invalidityDate),
    successor: row[19] || null,
  };
}

/** An absent invalidityDate is left out, not null. */
export function revocationOf(at: number, reason: RevocationReason, invalidityDate: number | null) {
  return invalidityDate === null ? { at, reason } : { at, reason, invalidityDate };
}

/** No name holds a line feed: all four kinds of GeneralName are printable text. An error beats a name split in two. */
export function joinNames(names: readonly string[]): string {
  if (names.some((name) => name.includes('\n'))) throw new Error('a name holds a line feed');
  return names.join('\n');
}

export const splitNames = (text: string): string[] => (text === '' ? [] : text.split('\n'));

/** An intent that was not redeemed for this long is not redeemed any more: its serial belongs to recovery. */
export const redeemableMs = 24 * 3_600_000;

/** Spelled backwards, by code points. */
export function reversed(name: string): string {
  let backwards = '';
  for (const character of name) backwards = character + backwards;
  return backwards;
}

/** Octets of text that is hexadecimal, as hashes are. */
export const octets = (hex: string): Buffer => Buffer.from(hex, 'hex');

const serialPattern = /^[0-9a-f]{40}$/;

/** Octets of a serial; an empty one, which no row has, for text that is no serial: decoding would stop at a stray character. */
export const serialOctets = (serial: string): Buffer => Buffer.from(serialPattern.test(serial) ? serial : '', 'hex');
