/**
 * The one path by which anything is signed: durable intent, signature, durable certificate, answer.
 * What was prepared (and linted) is redeemed once; the bytes that were checked are the bytes that are signed.
 */
import { hash } from 'node:crypto';
import { CaError } from '../../domain/errors.ts';
import type { PreparedCertificate } from '../../domain/policy/prepare-certificate.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { CertificateDetails, CertificatePurpose, CertificateRecord } from '../../domain/records/certificate.ts';
import { assembleSigned } from '../../domain/x509/signed.ts';
import type { IntentOutcome, Inventory, IssuanceIntent, OperatorHolder } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer } from '../../ports/vault.ts';
import type { GuardedClock } from '../guard-clock.ts';

export interface IssueInput {
  readonly serial: string;
  readonly prepared: PreparedCertificate;
  readonly signer: Signer;
  readonly authority: string;
  readonly issuerSerial: string;
  readonly purpose: CertificatePurpose;
  readonly environment: string | null;
  readonly owner: string;
  /** Version of the product that asked; only for a product's certificate. */
  readonly productVersion?: number;
  readonly requestedBy: string;
  readonly predecessor?: string;
  /** How long after the issue the predecessor is revoked as superseded; if absent, it is left as it is. */
  readonly overlapSeconds?: number;
  readonly tokenId?: string;
  readonly idempotency?: IssuanceIntent['idempotency'];
  readonly quota?: IssuanceIntent['quota'];
  readonly holder?: OperatorHolder;
  /** Id of the approved request that this issues. */
  readonly request?: string;
}

export type IssueOutcome =
  | { readonly kind: 'issued'; readonly record: CertificateRecord; readonly der: Uint8Array }
  | Exclude<IntentOutcome, { readonly kind: 'recorded' }>;

export type IssueCertificate = (input: IssueInput) => Promise<IssueOutcome>;

export interface IssueCertificateDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly log: Log;
}

export function createIssueCertificate(deps: IssueCertificateDeps): IssueCertificate {
  return async (input) => {
    const { tbs } = input.prepared;
    const refusal = input.signer.refusal?.();
    if (refusal) throw refusal;
    const details = detailsOf(input, deps.clock.now());
    const outcome = await deps.inventory.recordIntent(intentOf(input, details));
    if (outcome.kind !== 'recorded') return outcome;
    const der = assembleSigned(tbs, input.signer.algorithm, await signOrClose(deps, input, tbs));
    const issuedAt = deps.clock.now();
    try {
      await deps.inventory.recordIssued({
        serial: input.serial,
        certificateDer: der,
        issuedAt,
        ...(input.holder && { holder: input.holder }),
        ...(input.overlapSeconds !== undefined && {
          supersedesAt: Math.floor(issuedAt / 1000) + input.overlapSeconds,
        }),
        audit: entryOf('certificate.issued', input, issuedAt, details),
      });
    } catch (error) {
      return refusedAfterAll(deps, input, error);
    }
    const record = { ...details, state: 'issued', issuedAt, revocation: null, successor: null } as const;
    return { kind: 'issued', record, der };
  };
}

function detailsOf(input: IssueInput, requestedAt: number): CertificateDetails {
  const { serial, prepared } = input;
  return {
    serial,
    purpose: input.purpose,
    environment: input.environment,
    owner: input.owner,
    authority: input.authority,
    issuerSerial: input.issuerSerial,
    profile: prepared.profile,
    profileVersion: prepared.profileVersion,
    productVersion: input.productVersion ?? null,
    subject: prepared.subject,
    names: prepared.names,
    keyType: prepared.keyType,
    keySha256: prepared.keySha256,
    notBefore: prepared.notBefore,
    notAfter: prepared.notAfter,
    requestedBy: input.requestedBy,
    requestedAt,
    predecessor: input.predecessor ?? null,
  };
}

const intentOf = (input: IssueInput, details: CertificateDetails): IssuanceIntent => ({
  certificate: details,
  tbsSha256: hash('sha256', input.prepared.tbs, 'hex'),
  ...(input.tokenId !== undefined && { tokenId: input.tokenId }),
  ...(input.idempotency && { idempotency: input.idempotency }),
  ...(input.quota && { quota: input.quota }),
  ...(input.request !== undefined && { request: input.request }),
  ...(input.holder && { holder: input.holder }),
  audit: entryOf('certificate.requested', input, details.requestedAt, details),
});

function entryOf(kind: AuditEntry['kind'], input: IssueInput, at: number, details: CertificateDetails): AuditEntry {
  return {
    at,
    kind,
    actor: input.requestedBy,
    object: `certificate:${input.serial}`,
    details: {
      purpose: details.purpose,
      owner: details.owner,
      authority: details.authority,
      profile: details.profile,
      ...(input.request !== undefined && { request: input.request }),
    },
  };
}

/** Not what the disk or the database says, which may be otherwise at the next try. */
const decided: readonly string[] = ['signerUnavailable', 'conflict', 'notFound', 'unauthorized'];

/**
 * It could not be recorded, because of what happened while it was being signed: its key was reported compromised, which closes the
 * intent, its authority was replaced, or the operator came or went by another's hand.
 */
async function refusedAfterAll(deps: IssueCertificateDeps, input: IssueInput, error: unknown): Promise<IssueOutcome> {
  const code = error instanceof CaError ? error.code : undefined;
  // What is decided is decided: nothing else closes this intent within the minute, and an operator's key may be tried again.
  if (code !== undefined && decided.includes(code)) await close(deps, input, error);
  const isClosed = code === 'conflict' && input.purpose === 'product';
  const block = isClosed ? await deps.inventory.keyBlock(input.prepared.keySha256) : undefined;
  if (!block) throw error;
  return { kind: 'keyBlocked', block };
}

/** A signer that fails leaves no certificate: the intent is closed now, or by recover-unfinished when that fails, too. */
async function signOrClose(deps: IssueCertificateDeps, input: IssueInput, tbs: Uint8Array): Promise<Uint8Array> {
  try {
    return await input.signer.sign(tbs);
  } catch (cause) {
    await close(deps, input, cause);
    if (cause instanceof CaError) throw cause;
    throw new CaError('signerUnavailable', 'The signing key cannot be used now; nothing was issued. Try again.', {
      retryAfterSeconds: 2,
      cause,
    });
  }
}

/** Never rejects. */
async function close(
  { inventory, clock, log }: IssueCertificateDeps,
  { serial }: IssueInput,
  cause: unknown,
): Promise<void> {
  const at = clock.now();
  const audit: AuditEntry = {
    at,
    kind: 'certificate.intentClosed',
    actor: 'service',
    object: `certificate:${serial}`,
    code: cause instanceof CaError ? cause.code : 'signerUnavailable',
  };
  await inventory.closeIntent({ serial, at, audit }).catch((error: unknown) => {
    log.error({ err: error, serial }, 'an intent could not be closed; the next start closes it');
  });
}
