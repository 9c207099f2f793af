/** Acts of issuing: the intent with everything it uses up, the certificate that redeems it, and the closing of what was not redeemed. */
import { CaError } from '../../../domain/errors.ts';
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { CertificateDetails } from '../../../domain/records/certificate.ts';
import type { IntentOutcome, IssuanceIntent } from '../../../ports/inventory.ts';
import type { Statements } from '../lazy-statements.ts';
import { joinNames, octets, redeemableMs, serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import {
  idempotencyKeys,
  keyBlocks,
  type Row,
  removedProducts,
  requestLinks,
  successorLinks,
  tokenUses,
} from './intent-conditions.ts';
import { openLabels } from './labels.ts';
import { operatorHolders } from './operator-holders.ts';
import type { QuotaCounts } from './quota-counts.ts';
import { supersessionPlans } from './supersession-acts.ts';
import { approvalWithdrawal } from './withdrawn-approvals.ts';

const insertCertificateSql = `INSERT INTO certificates (serial, state, purpose, environment, owner, authority,
  issuer_serial, profile, profile_version, subject, names, key_type, key_sha256, tbs_sha256, not_before, not_after,
  requested_by, requested_at, token_id, predecessor, product_version, label, requested_event)
  VALUES (?, 'intent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

interface OpenIntent extends Pick<CertificateDetails, 'owner' | 'purpose' | 'requestedAt'> {
  readonly id: number;
  readonly tokenId: string | null;
  readonly predecessor: Buffer | null;
}

interface IssuedRow {
  readonly id: number;
  /** Empty without one. */
  readonly predecessor: string;
  /** Whether what signed it was given up, or retired, since the intent. */
  readonly isStopped: 0 | 1;
}

/** See the port for what each act promises; the order of an intent's conditions is the port's, too. */
export function issuanceActs(
  connection: Statements,
  audit: AuditChain,
  quotas: QuotaCounts,
): Pick<Acts, 'recordIntent' | 'recordIssued' | 'closeIntent'> {
  const keys = idempotencyKeys(connection);
  const tokens = tokenUses(connection);
  const successors = successorLinks(connection);
  const blocks = keyBlocks(connection);
  const requests = requestLinks(connection);
  const approvals = approvalWithdrawal(connection, audit);
  const refuseRemoved = removedProducts(connection);
  const holders = operatorHolders(connection);
  const planSupersession = supersessionPlans(connection);
  const insertCertificate = connection.prepare(insertCertificateSql);
  const labelOf = openLabels(connection);
  const blockKey = connection.prepare('INSERT OR IGNORE INTO blocked_keys (key_sha256, reason) VALUES (?, ?)');
  const certified = connection.prepare(
    `SELECT 1 FROM (SELECT key_sha256, issued_at IS NOT NULL OR state = 'intent' AS is_used FROM certificates UNION ALL
       SELECT key_sha256, issued_at IS NOT NULL FROM archived_certificates)
     WHERE key_sha256 = ? AND is_used LIMIT 1`,
  );
  const openIntent = connection.prepare<[Buffer], OpenIntent>(
    `SELECT id, owner, purpose, requested_at AS requestedAt, token_id AS tokenId, predecessor
     FROM certificates WHERE serial = ? AND state = 'intent'`,
  );
  const redeemable = connection.prepare<[Buffer, number], IssuedRow>(
    `SELECT id, lower(hex(predecessor)) AS predecessor, purpose IN ('product', 'operator') AND EXISTS (
       SELECT 1 FROM authority_certificates AS a JOIN authority_generations AS g ON g.id = a.generation
       WHERE a.serial = issuer_serial AND (g.is_compromised OR g.phase = 'retired')) AS isStopped
     FROM certificates WHERE serial = ? AND state = 'intent' AND requested_at > ? - ${redeemableMs}`,
  );
  const setIssued = connection.prepare(
    "UPDATE certificates SET state = 'issued', issued_at = ?, issued_event = ? WHERE id = ?",
  );
  const insertBody = connection.prepare('INSERT INTO certificate_bodies (certificate, der) VALUES (?, ?)');
  const setClosed = connection.prepare(
    `UPDATE certificates SET state = 'revoked', revoked_at = ?, revocation_reason = 'cessationOfOperation' WHERE id = ?`,
  );

  /** An operator's key that was never certified, because the signer failed, may be tried again; not while that is still going on. */
  const holderKeyBlocked = (keySha256: string): IntentOutcome | undefined => {
    const outcome = blocks.refusal(keySha256);
    const isUnused = outcome?.block === 'operator' && !certified.get(octets(keySha256));
    return isUnused ? undefined : outcome;
  };

  /** What would be asked of an unused intent, in the port's order; nothing is written yet. */
  const refusal = (intent: IssuanceIntent): IntentOutcome | undefined => {
    const { certificate, tokenId, idempotency, request, holder } = intent;
    return (
      (idempotency && keys.find(idempotency, certificate.requestedAt)) ??
      (request === undefined ? undefined : requests.refusal(request)) ??
      (certificate.purpose === 'product' ? blocks.refusal(certificate.keySha256) : undefined) ??
      (holder && holderKeyBlocked(certificate.keySha256)) ??
      (tokenId === undefined ? undefined : tokens.refusal(tokenId, certificate.requestedAt)) ??
      (certificate.predecessor === null ? undefined : successors.refusal(certificate.predecessor)) ??
      quotas.refusal(intent)
    );
  };

  const insert = ({ certificate, tbsSha256, tokenId }: IssuanceIntent, event: number | null): Row => {
    const columns = columnsOf(certificate, tbsSha256, tokenId ?? null);
    const { lastInsertRowid } = insertCertificate.run(...columns, labelOf(certificate), event);
    const { purpose, keySha256 } = certificate;
    if (purpose === 'authority' || purpose === 'operator') blockKey.run(octets(keySha256), purpose);
    return lastInsertRowid;
  };

  return {
    recordIntent(intent) {
      const { certificate, tokenId, idempotency, request } = intent;
      const refused = refusal(intent);
      if (refused) return refused;
      if (intent.holder) holders.check(certificate.owner, intent.holder);
      // A token goes with its product: who shows one was refused already.
      if (certificate.purpose === 'product' && tokenId === undefined) refuseRemoved(certificate.owner);
      const event = numberFor(audit, certificate.serial, intent.audit);
      const id = insert(intent, event);
      if (tokenId !== undefined) tokens.take(tokenId);
      if (certificate.predecessor !== null) successors.set(certificate.predecessor, certificate.serial);
      if (idempotency) keys.bind(idempotency, { certificate: id }, certificate.requestedAt);
      if (request !== undefined) requests.bind(request, certificate.serial);
      quotas.add(certificate);
      audit.append(intent.audit, event !== null);
      return { kind: 'recorded' };
    },

    recordIssued({ serial, certificateDer, issuedAt, holder, supersedesAt, audit: entry }) {
      if (holder?.kind === 'new') holders.check(holder.operator.name, holder);
      const event = numberFor(audit, serial, entry);
      const row = redeemable.get(serialOctets(serial), issuedAt);
      if (!row) throw new CaError('conflict', `The serial ${serial} is no open intent of the last day.`);
      // Who recovers an operator is to get in, also to replace a `system` that is compromised.
      if (row.isStopped && holder?.kind !== 'recovered')
        throw new CaError('signerUnavailable', 'The authority was replaced meanwhile. Ask again.', {
          retryAfterSeconds: 2,
        });
      setIssued.run(issuedAt, event, row.id);
      insertBody.run(row.id, certificateDer);
      requests.finish(serial, issuedAt);
      if (supersedesAt !== undefined && row.predecessor) planSupersession(row.predecessor, supersedesAt);
      audit.append(entry, event !== null);
      const came = holder && holders.bring(holder);
      if (came) audit.append(came);
      // Whoever gets in this way has lost a key, perhaps to somebody who used it.
      if (came && holder?.kind === 'recovered') approvals.ofOperator(holder.operator.name, came);
    },

    closeIntent({ serial, at, audit: entry }) {
      const row = openIntent.get(serialOctets(serial));
      if (!row) return false;
      setClosed.run(Math.floor(at / 1000), row.id);
      if (row.tokenId !== null) tokens.giveBack(row.tokenId);
      if (row.predecessor) successors.clear(row.predecessor, serialOctets(serial));
      keys.forget(row.id);
      quotas.giveBack(row);
      audit.append(entry);
      approvals.ofClosedIntent(serial, entry);
      requests.release(serial);
      return true;
    },
  };
}

/** For the certificate's row; null when the event that comes next is about something else. */
const numberFor = (audit: AuditChain, serial: string, { object }: AuditEntry): number | null =>
  object === `certificate:${serial}` ? audit.next() : null;

const columnsOf = (details: CertificateDetails, tbsSha256: string, tokenId: string | null): unknown[] => [
  serialOctets(details.serial),
  details.purpose,
  details.environment,
  details.owner,
  details.authority,
  serialOctets(details.issuerSerial),
  details.profile,
  details.profileVersion,
  details.subject,
  joinNames(details.names),
  details.keyType,
  octets(details.keySha256),
  octets(tbsSha256),
  details.notBefore,
  details.notAfter,
  details.requestedBy,
  details.requestedAt,
  tokenId,
  details.predecessor === null ? null : serialOctets(details.predecessor),
  details.productVersion,
];
