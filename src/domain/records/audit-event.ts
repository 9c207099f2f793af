/** The audit log: what an event holds, its canonical bytes, and the SHA-256 chain that makes edits visible. */
import { hash } from 'node:crypto';
import type { CaErrorCode, ReasonCode } from '../errors.ts';

export const auditKinds = [
  'service.initialized',
  'service.started',
  'service.stopped',
  'service.backedUp',
  'service.restored', // `details` name the head of the backup: what came after it is not in this log
  'environment.created',
  'authority.created',
  'authority.activated',
  'authority.requested', // its CSR, to be signed elsewhere
  'authority.imported', // a certificate that was signed elsewhere, with its chain
  'vault.passphraseChanged', // of the file vault: every key was sealed anew
  'vault.passphraseSplit', // into shares; `details` say of how many, and whether it is a fresh one
  'authority.rotationStarted', // a new generation, with a key
  'authority.certified', // a generation got a certificate: its own, a cross, or that of its last OCSP responder
  'authority.rotationAdvanced', // by one step; `forced` and `reason` where something did not hold
  'authority.keyDestroyed', // of a generation
  'authority.compromised', // a generation; nothing is issued by it any more
  'vault.checked', // by an operator; with a code when a key did not sign
  'product.created',
  'product.changed', // a new version
  'product.removed', // with its tokens; its versions stay
  'profile.created',
  'profile.changed', // a new version
  'token.created',
  'token.removed',
  'operator.created',
  'operator.roleChanged',
  'operator.removed',
  'operator.recovered', // break-glass, on the machine itself
  'certificate.requested', // the intent: serial and TBS hash are durable
  'certificate.issued',
  'certificate.intentClosed', // never signed, or never known to be: closed as revoked
  'certificate.revoked',
  'certificate.released',
  'certificate.deployed', // what a target reports of it
  'certificate.quarantined', // a restore found the serial on a list, but not in the backup
  'certificates.archived', // several at once: `details` has their number and the first and last of them
  'request.submitted', // waits for approval
  'request.approved', // by one operator
  'request.approvalWithdrawn', // its operator’s word counts no more, before the certificate was issued: docs/approvals.md
  'request.denied',
  'request.expired', // not decided or not issued in time; with `reasons`: approved, and can never be issued
  'campaign.started', // by an operator; `details` has its filter and its times
  'campaign.collected', // its members are fixed
  'campaign.paused',
  'campaign.resumed',
  'campaign.abandoned',
  'campaign.ended', // nobody waits any more
  'alert.opened', // its condition is met
  'alert.cleared',
  'crl.published',
  'crl.imported', // of an authority whose key is elsewhere
  'auditKey.activated', // from here on this key signs checkpoints
  'request.refused', // any refusal on any face; `code` says which
] as const;
export type AuditKind = (typeof auditKinds)[number];

/** What a service says happened; the inventory adds `seq` and the hashes when it commits the act. */
export interface AuditEntry {
  /** Unix milliseconds. */
  readonly at: number;
  readonly kind: AuditKind;
  /** `token:ID`, `product:dev/a`, `operator:NAME`, `service`, `anonymous`. */
  readonly actor: string;
  /** `certificate:SERIAL`, `token:ID`, `authority:NAME`, ... or the route of a refusal: `POST /v1/certificates`. */
  readonly object: string;
  readonly code?: CaErrorCode;
  readonly reasons?: readonly ReasonCode[];
  /** Small public facts; strings are printable and bounded, never secrets. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface AuditEvent extends AuditEntry {
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number;
  /** Hex SHA-256 of the previous event; 64 zeros before the first. */
  readonly previousHash: string;
  /** Hex SHA-256 over previousHash (32 octets) and the canonical bytes. */
  readonly hash: string;
}

export const auditGenesisHash = '0'.repeat(64);

/** Canonical JSON of an entry and its seq: keys in this fixed order, `details` sorted, absent fields left out. */
export function canonicalAuditEvent(seq: number, entry: AuditEntry): string {
  const { at, kind, actor, object, code, reasons, details } = entry;
  const sorted = details && Object.fromEntries(Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ seq, at, kind, actor, object, code, reasons, details: sorted });
}

/** The hash of an event whose canonical text is `canonical`, chained to `previousHash` (hex). */
export function auditChainHash(previousHash: string, canonical: string): string {
  return hash('sha256', Buffer.concat([Buffer.from(previousHash, 'hex'), Buffer.from(canonical, 'utf8')]), 'hex');
}
