/** Approved requests that can never become a certificate: no wait for a signer helps them. */
import type { CertificateState } from '../../../domain/records/certificate.ts';
import type { RequestRecord } from '../../../domain/records/request.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import { keyBlocks } from './intent-conditions.ts';
import { requestGrounds } from './request-grounds.ts';

/**
 * Versions, tokens, blocked keys, revocations and what is archived do not come back. A hold may be released, and an intent that follows the same
 * predecessor may be closed: with these the request goes on waiting.
 */
export function hopelessRequests(connection: Statements): (record: RequestRecord) => boolean {
  const changedGrounds = requestGrounds(connection);
  const blocks = keyBlocks(connection);
  const revokedForGood = connection
    .prepare<[Buffer], number>(
      "SELECT 1 FROM certificates WHERE serial = ? AND state = 'revoked' AND revocation_reason <> 'certificateHold'",
    )
    .pluck();
  const isThere = connection.prepare<[Buffer], number>('SELECT 1 FROM certificates WHERE serial = ?').pluck();
  // Null: the successor is archived, long issued.
  const successorState = connection
    .prepare<[Buffer], CertificateState | null>(
      `SELECT followed_by.state FROM certificates AS followed LEFT JOIN certificates AS followed_by
       ON followed_by.serial = followed.successor WHERE followed.serial = ? AND followed.successor IS NOT NULL`,
    )
    .pluck();

  const isRevoked = (serial: string): boolean => revokedForGood.get(serialOctets(serial)) !== undefined;
  const isArchived = (serial: string): boolean => isThere.get(serialOctets(serial)) === undefined;
  const isFollowed = (serial: string): boolean => {
    const state = successorState.get(serialOctets(serial));
    return state !== undefined && state !== 'intent';
  };
  return (record) => {
    const { predecessor, shownSerial, keySha256 } = record;
    return (
      changedGrounds(record).some((ground) => ground !== 'certificate' || isRevoked(shownSerial!)) ||
      blocks.refusal(keySha256) !== undefined ||
      (predecessor !== null && (isArchived(predecessor) || isRevoked(predecessor) || isFollowed(predecessor)))
    );
  };
}
