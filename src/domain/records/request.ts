/** What the inventory knows of a request that waits, or waited, for the approval of operators. */

/** `approved`: everybody needed has said yes, and it is being issued. The last three are ends: a request reaches one of them. */
export type RequestStatus = 'pending' | 'approved' | 'issued' | 'denied' | 'expired';

/** What an operator said of a request. */
export interface RequestVerdict {
  readonly verdict: 'approved' | 'denied';
  /** Name of the operator. */
  readonly operator: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** Printable; may be empty. */
  readonly comment: string;
}

/** Everything about a request that is settled when it is submitted. Its CSR is kept apart. */
export interface RequestDetails {
  /** UUID version 7 (RFC 9562 §5.7), lower case: in the order of time. */
  readonly id: string;
  readonly environment: string;
  readonly product: string;
  readonly productVersion: number;
  readonly profile: string;
  readonly profileVersion: number;
  /** GeneralName plain text, as they will be certified. */
  readonly names: readonly string[];
  readonly keyType: string;
  /** SHA-256 of the SubjectPublicKeyInfo DER, hex. */
  readonly keySha256: string;
  /** Null: the profile's default. */
  readonly lifetimeSeconds: number | null;
  readonly approvalsNeeded: 1 | 2;
  /** Actor, as in the audit log. */
  readonly requestedBy: string;
  /** The enrolment token that was used, or null. */
  readonly tokenId: string | null;
  /** Serial of the client certificate that was shown, or null. */
  readonly shownSerial: string | null;
  /** Serial of the certificate that is to be followed, for a rotation. */
  readonly predecessor: string | null;
  /** Unix milliseconds. */
  readonly requestedAt: number;
  readonly expiresAt: number;
}

export interface RequestRecord extends RequestDetails {
  readonly status: RequestStatus;
  /** In the order of time. */
  readonly verdicts: readonly RequestVerdict[];
  /** Serial of its certificate, from the intent on. */
  readonly serial: string | null;
  /** Unix milliseconds; null while it is open. One that expired before `expiresAt` was approved, and could never be issued. */
  readonly endedAt: number | null;
}
