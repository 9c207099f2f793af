/** What the faces may ask about rotations of authorities, and what they are shown. */
import type { AuthorityRotation, RotationState } from '../../domain/records/authority-rotation.ts';
import type { AuthorityRole } from '../../domain/records/environment.ts';
import type { AuthorityCertificateKind } from '../../domain/records/generation.ts';
import type { RotationObstacle } from '../../domain/rotation/authority-steps.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import type { Caller } from '../caller.ts';
import type { ProductCount } from '../inventory/product-counts.ts';

export interface RotationInput {
  /** Of the new key; as before if absent. */
  readonly vault?: string;
  /** A key that the vault has already; a new one if absent. */
  readonly key?: string;
  readonly keyType?: KeyType;
}

/** What a rotation would be, without starting it. */
export interface RotationPlan {
  readonly authority: string;
  readonly role: AuthorityRole;
  /** Ids of the generations. */
  readonly from: string;
  readonly to: string;
  readonly vault: string;
  /** One that the vault has already; null: it makes one. */
  readonly key: string | null;
  readonly keyType: KeyType;
  /** A new root has to be trusted everywhere before it signs anything. */
  readonly isRoot: boolean;
  /** Its certificate comes by a CSR and an import. */
  readonly isSignedElsewhere: boolean;
  /** Authorities below, which are rotated after it, each by a rotation of its own. */
  readonly below: readonly string[];
  /** Good certificates that nothing has followed yet; the largest product first. */
  readonly products: readonly ProductCount[];
}

export interface RotationView {
  readonly rotation: AuthorityRotation;
  readonly from: string;
  readonly to: string;
  /** The step that comes; null at an end. */
  readonly next: RotationState | null;
  /** What stands in its way. */
  readonly obstacles: readonly RotationObstacle[];
  /** Of the new generation. */
  readonly certificates: readonly { readonly kind: AuthorityCertificateKind; readonly serial: string }[];
  /** Unix milliseconds; null while the old key exists. */
  readonly oldKeyDestroyedAt: number | null;
}

export interface AdvanceInput {
  /** Why what does not hold is overruled; absent: nothing is. */
  readonly reason?: string;
  /** Unix seconds: when all certificates of the old generation are to be rotated; in 30 days if absent. */
  readonly rotateBy?: number;
}

export interface CompromiseInput {
  /** What is known of it; the audit log keeps it. */
  readonly reason: string;
  /** Of the new keys; each where the lost one was, if absent. */
  readonly vault?: string;
  /** Number of the generation that is compromised, where another one was before. */
  readonly generation?: number;
  /** Unix seconds; in a day if absent. */
  readonly rotateBy?: number;
}

export interface CompromisePlan {
  /** Ids of the generations that are given up, and of those that take their places; the root first. */
  readonly replaced: readonly { readonly from: string; readonly to: string }[];
  /** Serials of authorities' certificates that are revoked with cACompromise. */
  readonly revoked: readonly string[];
  /** What only its issuer, whose key is elsewhere, can revoke. */
  readonly revocableElsewhere: readonly { readonly serial: string; readonly issuer: string }[];
  readonly products: readonly ProductCount[];
  /** Of `system`: who has to renew a certificate. */
  readonly operators: readonly string[];
}

export interface CompromiseOutcome extends CompromisePlan {
  readonly campaigns: readonly string[];
  /** Ids of generations that wait for a certificate from elsewhere; declared again after its import, it goes on. */
  readonly waiting: readonly string[];
  /** What is not replaced yet because a vault is away, and why; it is gone on with as soon as that is back. */
  readonly unfinished: readonly { readonly generation: string; readonly reason: string }[];
}

/** All throw CaError; `notFound` for a name that is none, `conflict` where the state does not allow it. */
export interface RotationServices {
  planRotation(name: string, input: RotationInput): Promise<RotationPlan>;
  /** A start that a crash cut short is completed by another one. */
  startRotation(caller: Caller, name: string, input: RotationInput): Promise<RotationView>;
  /** The one under way, or else the newest. */
  readRotation(name: string): Promise<RotationView>;
  /** One step; `conflict` with a reason for each condition that does not hold. */
  advanceRotation(caller: Caller, name: string, input: AdvanceInput): Promise<RotationView>;
  abandonRotation(caller: Caller, name: string): Promise<RotationView>;
  planCompromise(name: string, input: Omit<CompromiseInput, 'reason'>): Promise<CompromisePlan>;
  /** Once begun it is completed by calling it again. */
  declareCompromise(caller: Caller, name: string, input: CompromiseInput): Promise<CompromiseOutcome>;
}
