/** A certificate of a list as its REST shape; apart from the rest, for it is made on the thread that searches, too. */
import { CertificateSummary } from '../../../api/certificate.ts';
import { type CertificateRecord, certificateStatus } from '../../../domain/records/certificate.ts';
import { jsonWriter } from './json-writer.ts';
import { rfc3339, rfc3339Ms } from './rfc3339.ts';

/** `now` in Unix milliseconds decides between valid and expired. */
export function certificateSummary(record: CertificateRecord, now: number): CertificateSummary {
  const { revocation } = record;
  return {
    serial: record.serial,
    status: certificateStatus(record, now / 1000),
    purpose: record.purpose,
    environment: record.environment,
    product: record.purpose === 'product' ? record.owner : null,
    productVersion: record.productVersion,
    authority: record.authority,
    profile: { name: record.profile, version: record.profileVersion },
    subject: record.subject,
    names: [...record.names],
    key: { type: record.keyType, sha256: record.keySha256 },
    notBefore: rfc3339(record.notBefore),
    notAfter: rfc3339(record.notAfter),
    // RFC 5280 §4.1.2.5: both ends belong to the validity period.
    lifetimeSeconds: record.notAfter - record.notBefore + 1,
    requestedBy: record.requestedBy,
    requestedAt: rfc3339Ms(record.requestedAt),
    issuedAt: record.issuedAt === null ? null : rfc3339Ms(record.issuedAt),
    predecessor: record.predecessor,
    successor: record.successor,
    revocation: revocation && {
      at: rfc3339(revocation.at),
      reason: revocation.reason,
      ...(revocation.invalidityDate !== undefined && { invalidityDate: rfc3339(revocation.invalidityDate) }),
    },
  };
}

const writeSummary = jsonWriter(CertificateSummary);

/** The same as JSON text. */
export const certificateSummaryText = (record: CertificateRecord, now: number): string =>
  writeSummary(certificateSummary(record, now));
