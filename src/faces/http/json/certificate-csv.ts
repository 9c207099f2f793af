/** Certificates as CSV (RFC 4180) that a spreadsheet shows and never runs. */
import type { CertificateSummary } from '../../../api/certificate.ts';

type Cell = string | number | null;

const columns: readonly (readonly [string, (summary: CertificateSummary) => Cell])[] = [
  ['serial', ({ serial }) => serial],
  ['status', ({ status }) => status],
  ['purpose', ({ purpose }) => String(purpose)],
  ['environment', ({ environment }) => environment],
  ['product', ({ product }) => product],
  ['productVersion', ({ productVersion }) => productVersion],
  ['authority', ({ authority }) => authority],
  ['profile', ({ profile }) => profile.name],
  ['profileVersion', ({ profile }) => profile.version],
  ['subject', ({ subject }) => subject],
  ['names', ({ names }) => names.join(' ')],
  ['keyType', ({ key }) => key.type],
  ['keySha256', ({ key }) => key.sha256],
  ['notBefore', ({ notBefore }) => notBefore],
  ['notAfter', ({ notAfter }) => notAfter],
  ['requestedBy', ({ requestedBy }) => requestedBy],
  ['requestedAt', ({ requestedAt }) => requestedAt],
  ['issuedAt', ({ issuedAt }) => issuedAt],
  ['predecessor', ({ predecessor }) => predecessor],
  ['successor', ({ successor }) => successor],
  ['revokedAt', ({ revocation }) => revocation?.at ?? null],
  ['revocationReason', ({ revocation }) => revocation?.reason ?? null],
];

const startsFormula = /^[=+\-@\t\r\n|]/;
const isPlain = /^(?![=+\-@\t\r\n|])[^"]*$/;

/** Always quoted, so that no content ends a cell; what would start a formula starts with an apostrophe instead. */
export function csvCell(value: Cell): string {
  const text = value === null ? '' : String(value);
  if (isPlain.test(text)) return `"${text}"`;
  const safe = startsFormula.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

export const csvHeader = `${columns.map(([name]) => csvCell(name)).join(',')}\r\n`;

export const csvLine = (summary: CertificateSummary): string =>
  `${columns.map(([, read]) => csvCell(read(summary))).join(',')}\r\n`;
