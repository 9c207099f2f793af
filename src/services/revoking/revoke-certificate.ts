/** Revokes certificates and releases holds (RFC 5280 §5.3.1), durable and audited before anybody is told. */
import { CaError } from '../../domain/errors.ts';
import { isRevocationReason, type RevocationReason, revocationReasons } from '../../domain/policy/revocation-reason.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { CertificateRecord, Revocation } from '../../domain/records/certificate.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { RevokeOutcome } from '../../ports/revocation-store.ts';
import { actorOf, type Caller } from '../caller.ts';
import { findVisible, type ViewDeps, viewOf } from '../inventory/view-certificate.ts';
import type { CertificateView } from '../services.ts';
import { type CompromiseDeps, finishCompromise } from './finish-compromises.ts';
import type { RevocationNews } from './revocation-news.ts';

export interface RevokeDeps extends ViewDeps, CompromiseDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly news: RevocationNews;
}

/** As a caller asks: any text as the reason, Unix seconds. */
export interface Revoking {
  readonly reason: string;
  readonly invalidityDate?: number;
}

/** Reasons a product may give for its own certificates; the others are an operator's to judge. */
const productReasons: readonly RevocationReason[] = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
];

export const createRevokeCertificate =
  (deps: RevokeDeps) =>
  async (caller: Caller, serial: string, revoking: Revoking): Promise<CertificateView> => {
    checkReason(caller, revoking.reason);
    const record = await findVisible(deps, caller, serial);
    const der = await deps.inventory.certificateDer(record.serial);
    // An intent that was closed. If it was signed all the same, who has the certificate can show it: revoke-by-certificate.ts.
    if (!der && record.revocation) throw alreadyRevoked(record.serial, record.revocation);
    return viewed(deps, await revokeRecorded(deps, caller, record, revoking));
  };

/** What the inventory has, whether it has its bytes or not; resolves to how it is recorded now. */
export async function revokeRecorded(
  deps: RevokeDeps,
  caller: Caller,
  record: CertificateRecord,
  revoking: Revoking,
): Promise<CertificateRecord> {
  const reason = checkReason(caller, revoking.reason);
  refuseOthersPurpose(record, caller);
  const revocation = revocationNow(deps, reason, revoking.invalidityDate);
  const audit = entry(deps, caller, record, { kind: 'certificate.revoked', details: { reason } });
  // A CSR proves possession once, and may be copied: with another's a product could take down what is not its own.
  const scope = caller.kind === 'operator' ? {} : { sharersOf: caller.product };
  return settle(
    deps,
    await deps.inventory.revokeCertificate({ serial: record.serial, revocation, ...scope, audit }),
    true,
  );
}

export const createReleaseCertificate =
  (deps: RevokeDeps) =>
  async (caller: Caller, serial: string): Promise<CertificateView> => {
    if (caller.kind !== 'operator') throw new CaError('unauthorized', 'Only an operator may release a hold.');
    const record = await findVisible(deps, caller, serial);
    refuseOthersPurpose(record, caller);
    const audit = entry(deps, caller, record, { kind: 'certificate.released' });
    const outcome = await deps.inventory.releaseCertificate({ serial: record.serial, audit });
    return viewed(deps, await settle(deps, outcome, false));
  };

async function settle(deps: RevokeDeps, outcome: RevokeOutcome, revoked: boolean): Promise<CertificateRecord> {
  if (outcome.kind === 'notFound') throw new CaError('notFound', 'There is no certificate with this serial.');
  if (outcome.kind === 'lastAdmin') {
    throw new CaError('lastAdmin', 'This is the last valid certificate of an admin. Add another admin first.');
  }
  const { record } = outcome;
  if (outcome.kind === 'alreadyRevoked') throw alreadyRevoked(record.serial, record.revocation!);
  if (outcome.kind === 'notHeld') {
    throw new CaError('conflict', `The certificate ${record.serial} is not on hold; only a hold can be released.`);
  }
  for (const { serial, authority } of [record, ...outcome.sharers]) deps.news.announce({ serial, authority, revoked });
  if (outcome.areLeft) await finishCompromise(deps, record.serial);
  return record;
}

export const alreadyRevoked = (serial: string, { at }: Revocation): CaError =>
  new CaError('alreadyRevoked', `The certificate ${serial} is revoked since ${new Date(at * 1000).toISOString()}.`);

async function viewed(deps: RevokeDeps, record: CertificateRecord): Promise<CertificateView> {
  const der = await deps.inventory.certificateDer(record.serial);
  if (!der) throw new CaError('serverInternal', 'The certificate’s bytes are not recorded.');
  return viewOf(deps, record, der);
}

function entry(
  deps: RevokeDeps,
  caller: Caller,
  record: CertificateRecord,
  what: Pick<AuditEntry, 'kind' | 'details'>,
): AuditEntry {
  return { at: deps.clock.now(), actor: actorOf(caller), object: `certificate:${record.serial}`, ...what };
}

/** CaError `badRevocationReason` for what is none, or not the caller's to give. */
export function checkReason(caller: Caller, text: string): RevocationReason {
  const allowed: readonly string[] = caller.kind === 'operator' ? Object.keys(revocationReasons) : productReasons;
  if (isRevocationReason(text) && allowed.includes(text)) return text;
  throw new CaError('badRevocationReason', `This is no reason you may give. Use one of: ${allowed.join(', ')}.`);
}

/** A revocation as of now; CaError `malformed` for a date that can be none. */
export function revocationNow(
  { clock }: Pick<RevokeDeps, 'clock'>,
  reason: RevocationReason,
  invalidityDate: number | undefined,
): Revocation {
  const at = Math.floor(clock.now() / 1000);
  return {
    at,
    reason,
    ...(invalidityDate !== undefined && { invalidityDate: checkInvalidityDate(invalidityDate, at) }),
  };
}

/** RFC 5280 §5.3.2: a date in the past at which the key may already have been unsafe. */
function checkInvalidityDate(invalidityDate: number, now: number): number {
  if (invalidityDate <= now && invalidityDate >= 0) return invalidityDate;
  throw new CaError(
    'malformed',
    'invalidityDate lies in the future or before 1970; give the time from which the key is not trusted.',
    {
      reasons: [{ code: 'invalidField', field: 'invalidityDate', message: 'must lie between 1970 and now' }],
    },
  );
}

/**
 * An authority's or the service's own certificates are not revoked by serial: replacing an authority is another act. That
 * somebody stays able to administer is judged with the act itself, in the inventory.
 */
function refuseOthersPurpose(record: CertificateRecord, caller: Caller): void {
  if (record.purpose === 'product') return;
  if (record.purpose !== 'operator') {
    throw new CaError(
      'conflict',
      `The certificate ${record.serial} belongs to the service itself: it is neither revoked nor released by serial.`,
    );
  }
  if (caller.kind !== 'operator' || caller.role !== 'admin') {
    refuse([{ code: 'roleNotAllowed', message: 'Only an admin may revoke or release an operator’s certificate.' }]);
  }
}
