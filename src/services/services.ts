/** Everything the faces may ask for: one entry for each use case, made in the folder of its capability. */

import type { Alert } from '../domain/alerts/alert.ts';
import type { Checkpoint } from '../domain/audit/checkpoint.ts';
import type { KeptEvent } from '../domain/audit/kept-event.ts';
import type { Profile } from '../domain/policy/profile.ts';
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { CertificateRecord, Revocation } from '../domain/records/certificate.ts';
import type { Authority, Environment, Hierarchy, Operator, OperatorRole } from '../domain/records/environment.ts';
import type { RequestRecord } from '../domain/records/request.ts';
import type { ParsedCertificate } from '../domain/x509/certificate.ts';
import type { AuditQuery, InventoryCounts } from '../ports/inventory.ts';
import type {
  CertificateQuery,
  ExpiringCounts,
  InventorySummary,
  MatchCount,
  RecordRenderers,
} from '../ports/inventory-questions.ts';

/** What makes text of records; the inventory is given them, for they run where it searches. */
export type { RecordRenderers };

import type { AuthorityServices, AuthorityView } from './authorities/authority-services.ts';
import type { RotationServices } from './authorities/rotation-services.ts';
import type { Caller } from './caller.ts';
import type { CampaignServices } from './campaigns/campaign-views.ts';
import type { MeasuringServices } from './metrics/measuring-services.ts';
import type { RegistryServices } from './registry/registry-services.ts';
import type { RequestListInput, RequestPage, RequestView } from './requests/request-views.ts';
import type { PublishedCrl } from './revoking/published-crl.ts';
import type { DeploymentServices } from './rotating/deployment-services.ts';
import type { RenewalInfo } from './rotating/renewal-info.ts';
import type { VaultServices } from './vaults/vault-services.ts';

/** A certificate as the faces show it. */
export interface CertificateView {
  readonly record: CertificateRecord;
  readonly der: Uint8Array;
  /** DER of the issuers, nearest first, without the root; behind them a cross-certificate while two roots are in use. */
  readonly chainDer: readonly Uint8Array[];
  /** Id of the generation of its authority that signed it: names its list, and is in its addresses. */
  readonly issuer: string;
}

/** What was revoked by showing it. */
export interface RevokedCertificate {
  readonly certificate: ParsedCertificate;
  /** Id of the generation that signed it. */
  readonly issuer: string;
  readonly revocation: Revocation;
  /** Whether the inventory has it. */
  readonly recorded: boolean;
}

export interface SubmitInput {
  readonly csrDer: Uint8Array;
  readonly profile?: string;
  readonly lifetimeSeconds?: number;
  /** Plain text names that replace the CSR's. */
  readonly names?: readonly string[];
  /** `bodySha256`: hex, over everything that decides the answer. */
  readonly idempotency?: { readonly key: string; readonly bodySha256: string };
}

/** A certificate, or a request that waits for the approval of operators. */
export type Submitted =
  | { readonly kind: 'certificate'; readonly view: CertificateView }
  | { readonly kind: 'request'; readonly request: RequestRecord };

export interface EnvironmentView {
  readonly environment: Environment;
  readonly authorities: readonly Authority[];
  readonly profiles: readonly Profile[];
}

export interface CertificatePage {
  /** UTF-8 text: what the renderer of the form asked for makes of each certificate, one after the other. */
  readonly text: Uint8Array;
  /** Opaque and authenticated; null at the end. */
  readonly nextCursor: string | null;
  /** Of all pages, when it was asked for. */
  readonly count?: MatchCount;
}

/** Filters as the faces received them; `cursor` is checked here, and `count` asks how many match. */
export type ListInput = Omit<CertificateQuery, 'after' | 'now'> & {
  readonly cursor?: string;
  readonly count?: boolean;
};

/** The same without pages. */
export type ExportInput = Omit<ListInput, 'cursor' | 'count'>;

export interface OperatorView {
  readonly operator: Operator;
  /** Those that are good now, the longest first. */
  readonly certificates: readonly CertificateRecord[];
}

/** `bodySha256` as in SubmitInput. */
export type OperatorCertificateInput = Pick<SubmitInput, 'csrDer' | 'lifetimeSeconds' | 'idempotency'>;
/** Filters as the faces received them; `cursor` is checked here. */
export type AuditListInput = AuditQuery & { readonly cursor?: string };

export interface AuditPage {
  readonly items: readonly KeptEvent[];
  /** Opaque and authenticated; null at the end. */
  readonly nextCursor: string | null;
}

export interface CheckpointView {
  readonly checkpoint: Checkpoint;
  /** Whole: text, signature and the certificate of its key. */
  readonly note: string;
}

export interface ExpiringInput {
  readonly days: number;
  readonly environment?: string;
  readonly product?: string;
}

export interface ExpiringView extends ExpiringCounts {
  /** Unix seconds. */
  readonly now: number;
  readonly until: number;
}

export interface OcspAnswer {
  readonly der: Uint8Array;
  /** Unix seconds until which the answer may be cached; null when it must not be (nonce, error). */
  readonly cacheableUntil: number | null;
  /** False for OCSP error answers such as `malformedRequest`, which the face audits as a refusal. */
  readonly successful: boolean;
}

export interface ReadinessPart {
  readonly name: string;
  readonly ready: boolean;
  readonly reason?: string;
}

export interface StatusView {
  readonly startedAt: number;
  readonly readiness: readonly ReadinessPart[];
  readonly counts: InventoryCounts;
  readonly authorities: readonly {
    readonly name: string;
    readonly notAfter: number;
    readonly crl: PublishedCrl | null;
  }[];
  /** What only a person can do, in sentences. */
  readonly reminders: readonly string[];
}

/** All throw CaError. Serials and names come as text from outside and are checked inside. */
export interface Services
  extends RegistryServices,
    MeasuringServices,
    CampaignServices,
    DeploymentServices,
    VaultServices,
    AuthorityServices,
    RotationServices {
  // who asks
  /** `pst_…` bearer text; `unauthenticated` unless it is a live token. */
  authenticateToken(bearer: string): Promise<Caller>;
  /** A peer certificate's exact DER; must be a live product certificate with clientAuth, valid now. */
  authenticateProduct(peerDer: Uint8Array): Promise<Caller>;
  /** The same for operators: issued by `system`, purpose operator, operator known. */
  authenticateOperator(peerDer: Uint8Array): Promise<Caller>;

  // certificates
  submitRequest(caller: Caller, input: SubmitInput): Promise<Submitted>;
  /** The certificate's successor: same product, names and profile, authorised by the certificate itself (caller.serial). */
  rotateCertificate(caller: Caller, serial: string, input: SubmitInput): Promise<Submitted>;
  readCertificate(caller: Caller, serial: string): Promise<CertificateView>;
  /** In the form of one of the inventory's renderers; all pages of a list are judged at the time of the first. */
  listCertificates(caller: Caller, input: ListInput, form: string): Promise<CertificatePage>;
  /**
   * The same without end, made as it is read; refuses before the first chunk. Certificates that are there from the beginning to the end come once, each as it is when it is read. A chunk is good
   * until the one after the next is asked for: then its memory is used again.
   */
  exportCertificates(caller: Caller, input: ExportInput, form: string): Promise<AsyncIterable<Uint8Array>>;
  /** Good certificates of products that expire in so many days from now; the last day is whole. */
  countExpiring(input: ExpiringInput): Promise<ExpiringView>;
  /** Counts of all certificates, or of an environment's. */
  summarizeInventory(environment?: string): Promise<InventorySummary>;
  revokeCertificate(
    caller: Caller,
    serial: string,
    revoking: { reason: string; invalidityDate?: number },
  ): Promise<CertificateView>;
  /**
   * The same of the certificate that is shown. One that the inventory does not have is revoked, too, if a key of an
   * authority signed it: its serial is listed until it expires. `policyRefused` with `chainSignature`.
   */
  revokeByCertificate(
    caller: Caller,
    certificate: ParsedCertificate,
    revoking: { reason: string; invalidityDate?: number },
  ): Promise<RevokedCertificate>;
  releaseCertificate(caller: Caller, serial: string): Promise<CertificateView>;

  // requests that wait for approval
  /** As `authenticateToken`, but the token may have expired: what it asked for may still be collected. */
  authenticateCollector(bearer: string): Promise<Caller>;
  /**
   * For the token that submitted it, or its product over mTLS: the certificate, or the request while it is open. Waits that
   * long for the end of the request, unless too many wait already, the service stops or `signal` fires. `conflict` with
   * `requestDenied` or `requestExpired` when there will be no certificate.
   */
  collectRequest(
    caller: Caller,
    id: string,
    waiting: { readonly seconds: number; readonly signal?: AbortSignal },
  ): Promise<Submitted>;
  listRequests(caller: Caller, input: RequestListInput): Promise<RequestPage>;
  readRequest(caller: Caller, id: string): Promise<RequestView>;
  /** With the last approval that is needed, the certificate. A signer that is away leaves it approved: approve again, or wait. */
  approveRequest(caller: Caller, id: string, comment: string): Promise<Submitted>;
  denyRequest(caller: Caller, id: string, comment: string): Promise<RequestRecord>;

  // what anybody may fetch
  /** An item for each generation that anybody may still have to do with. */
  listAuthorities(): Promise<readonly AuthorityView[]>;
  /** The generation in force of an authority by its name, or any by its id. */
  authority(name: string): Promise<AuthorityView>;
  /** The very generation with this id, as the addresses in certificates name it. */
  authorityGeneration(id: string): Promise<AuthorityView>;
  /** DER of the roots of an environment, or of `system`. */
  trustBundle(environment: string): Promise<readonly Uint8Array[]>;
  /** Of a generation, by its id; so is `answerOcsp`. */
  crl(generation: string): Promise<PublishedCrl>;
  /** The last list of a generation, though it may have ended; undefined where there never was one. */
  latestCrl(generation: string): Promise<PublishedCrl | undefined>;
  /** When a product's certificate should be rotated; for whoever knows its serial. */
  renewalInfo(serial: string): Promise<RenewalInfo>;
  /** The same if it is known already, without a wait. */
  readyRenewalInfo(serial: string): RenewalInfo | undefined;
  answerOcsp(generation: string, requestDer: Uint8Array): Promise<OcspAnswer>;

  // operators
  /** The operator comes to be with its first certificate, or not at all. */
  addOperator(
    caller: Caller,
    input: OperatorCertificateInput & { name: string; role: OperatorRole },
  ): Promise<OperatorView & { readonly issued: CertificateView }>;
  listOperators(caller: Caller): Promise<readonly OperatorView[]>;
  readOperator(caller: Caller, name: string): Promise<OperatorView>;
  changeOperatorRole(caller: Caller, name: string, role: OperatorRole): Promise<OperatorView>;
  /** Serials of the certificates that were revoked with it. */
  removeOperator(caller: Caller, name: string): Promise<readonly string[]>;
  /** A further certificate with a new key; those before stay good. */
  issueOperatorCertificate(caller: Caller, name: string, input: OperatorCertificateInput): Promise<CertificateView>;
  // alerts and the audit log
  /** Those that are open, the longest first. */
  listAlerts(): Promise<readonly Alert[]>;
  listAuditEvents(input: AuditListInput): Promise<AuditPage>;
  /** The newest; `notFound` before the first. */
  latestCheckpoint(): Promise<CheckpointView>;

  // operating
  createEnvironment(
    caller: Caller,
    input: { name: string; hierarchy: Hierarchy; vault?: string },
  ): Promise<EnvironmentView>;
  listEnvironments(caller: Caller): Promise<readonly EnvironmentView[]>;
  readEnvironment(name: string): Promise<EnvironmentView>;
  status(): Promise<StatusView>;
  readiness(): Promise<readonly ReadinessPart[]>;
  /** Makes a refusal's audit event durable; never throws: a refusal stays a refusal when the log cannot be written. */
  recordRefusal(refusal: Pick<AuditEntry, 'actor' | 'object' | 'code' | 'reasons' | 'details'>): Promise<void>;

  /** Calls `listener` with each serial that stops being good, in this process; the faces close its connections. */
  onRevoked(listener: (serial: string) => void): void;
  /** Calls `listener` with each certificate whose operator's role changed, in this process; its connections are closed, too. */
  onRoleChange(listener: (serial: string) => void): void;
  /** Calls `listener` with the id of each token that was removed, alone or with its product, in this process; its connections are closed, too. */
  onTokenRemoval(listener: (id: string) => void): void;
}

/** Absolute URLs of what the distribution face serves, from its configured base, as certificates carry them; by the ids of generations. */
export interface DistributionUrls {
  crl(generation: string): string;
  ocsp(generation: string): string;
  aia(generation: string): string;
  trustBundle(environment: string): string;
}
