/** The tables of requests as records: their columns in one order, and the verdicts that belong to each. */
import type { RequestRecord, RequestStatus, RequestVerdict } from '../../../domain/records/request.ts';
import type { Statements } from '../lazy-statements.ts';
import { splitNames } from './certificate-row.ts';

/** What a request's record is made from; hex(NULL) is the empty string. */
export const requestColumns = `id, status, environment, product, product_version AS productVersion, profile,
  profile_version AS profileVersion, names, key_type AS keyType, lower(hex(key_sha256)) AS keySha256,
  lifetime_seconds AS lifetimeSeconds, approvals_needed AS approvalsNeeded, requested_by AS requestedBy,
  token_id AS tokenId, lower(hex(shown_serial)) AS shownSerial, lower(hex(predecessor)) AS predecessor,
  requested_at AS requestedAt, expires_at AS expiresAt, lower(hex(serial)) AS serial, ended_at AS endedAt`;

/** The same columns as values. */
export interface RequestRow extends Omit<RequestRecord, 'names' | 'verdicts'> {
  readonly status: RequestStatus;
  readonly names: string;
}

export const requestById = `SELECT ${requestColumns} FROM requests WHERE id = ?`;

export const verdictsOfRequest = `SELECT verdict, operator, at, comment FROM request_verdicts WHERE request = ?`;

/** Completes rows with what operators said of them. */
export function requestRecords(connection: Statements): (row: RequestRow) => RequestRecord {
  const verdicts = connection.prepare<[string], RequestVerdict>(verdictsOfRequest);
  return (row) => ({
    ...row,
    names: splitNames(row.names),
    shownSerial: row.shownSerial || null,
    predecessor: row.predecessor || null,
    serial: row.serial || null,
    verdicts: verdicts.all(row.id).sort((a, b) => a.at - b.at),
  });
}
