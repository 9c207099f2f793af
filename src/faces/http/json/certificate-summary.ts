/** A certificate of a list as its REST shape; apart from the rest, for it is made on the thread that searches, too. */
import type { CertificateSummary } from '../../../api/certificate.ts';
import { type CertificateRecord, certificateStatus, type Revocation } from '../../../domain/records/certificate.ts';
import { rfc3339, rfc3339Ms } from './rfc3339.ts';

/** `now` in Unix milliseconds decides between valid and expired. */
export function certificateSummary(record: CertificateRecord, now: number): CertificateSummary {
  const { revocation } = record;
  return {
    serial: record.serial,
    status: certificateStatus(record, now / 1000),
    purpose: record.purpose,
    environment: record.environment,
    product: productOf(record),
    productVersion: record.productVersion,
    authority: record.authority,
    profile: { name: record.profile, version: record.profileVersion },
    subject: record.subject,
    names: [...record.names],
    key: { type: record.keyType, sha256: record.keySha256 },
    notBefore: rfc3339(record.notBefore),
    notAfter: rfc3339(record.notAfter),
    lifetimeSeconds: lifetimeSeconds(record),
    requestedBy: record.requestedBy,
    requestedAt: rfc3339Ms(record.requestedAt),
    issuedAt: record.issuedAt === null ? null : rfc3339Ms(record.issuedAt),
    predecessor: record.predecessor,
    successor: record.successor,
    revocation: revocation && revocationSummary(revocation),
  };
}

/** What JSON.stringify makes of it, octet for octet, in half of its time or less: an export writes it for a million. */
export function certificateSummaryText(record: CertificateRecord, now: number): string {
  const { environment, productVersion, issuedAt, predecessor, successor, revocation } = record;
  return (
    `{"serial":"${record.serial}","status":"${certificateStatus(record, now / 1000)}","purpose":"${record.purpose}"` +
    `,"environment":${orNull(environment)}` +
    `,"product":${orNull(productOf(record))},"productVersion":${productVersion}` +
    `,"authority":"${escaped(record.authority)}"` +
    `,"profile":{"name":"${escaped(record.profile)}","version":${record.profileVersion}}` +
    `,"subject":"${escaped(record.subject)}","names":${list(record.names)}` +
    `,"key":{"type":"${record.keyType}","sha256":"${record.keySha256}"}` +
    `,"notBefore":"${rfc3339(record.notBefore)}","notAfter":"${rfc3339(record.notAfter)}"` +
    `,"lifetimeSeconds":${lifetimeSeconds(record)},"requestedBy":"${escaped(record.requestedBy)}"` +
    `,"requestedAt":"${rfc3339Ms(record.requestedAt)}","issuedAt":${orNull(issuedAt === null ? null : rfc3339Ms(issuedAt))}` +
    `,"predecessor":${orNull(predecessor)},"successor":${orNull(successor)}` +
    `,"revocation":${revocation === null ? null : JSON.stringify(revocationSummary(revocation))}}`
  );
}

const productOf = ({ purpose, owner }: CertificateRecord): string | null => (purpose === 'product' ? owner : null);

/** RFC 5280 §4.1.2.5: both ends belong to the validity period. */
const lifetimeSeconds = ({ notBefore, notAfter }: CertificateRecord): number => notAfter - notBefore + 1;

export const revocationSummary = ({
  at,
  reason,
  invalidityDate,
}: Revocation): NonNullable<CertificateSummary['revocation']> => ({
  at: rfc3339(at),
  reason,
  ...(invalidityDate !== undefined && { invalidityDate: rfc3339(invalidityDate) }),
});

/** Printable ASCII but the quotation mark and the backslash, which is almost everything. */
const isPlain = /^[ !#-[\]-~]*$/;

const escaped = (text: string): string => (isPlain.test(text) ? text : JSON.stringify(text).slice(1, -1));

/** In quotation marks, unless it is null. */
const orNull = (text: string | null): string => (text === null ? 'null' : `"${escaped(text)}"`);

function list(texts: readonly string[]): string {
  let items = '';
  for (const text of texts) items += items === '' ? `"${escaped(text)}"` : `,"${escaped(text)}"`;
  return `[${items}]`;
}
