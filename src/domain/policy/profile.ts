/** Profiles: validated recipes for certificates. */

export type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign' | 'cRLSign';
export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth' | 'OCSPSigning' | 'documentSigning';

/** Kinds of subject keys; RSA has its own smallest size. */
export type SubjectKeyKind = 'ec-p256' | 'ec-p384' | 'ec-p521' | 'rsa' | 'ed25519';

export type Approvals = 0 | 1 | 2;

/** How certificates of a profile are followed by their successors. */
export interface RotationRule {
  /** `optional`: a successor may keep the key of its predecessor. */
  readonly newKey: 'required' | 'optional';
  /** How long a predecessor stays good once its successor is issued; never beyond its own end. */
  readonly overlapSeconds: number;
  /** Whether it is then revoked as `superseded`; without that it stays good until it expires. */
  readonly revokePredecessor: boolean;
}

/** Of profiles that say nothing else. */
export const defaultRotation: RotationRule = {
  newKey: 'required',
  overlapSeconds: 7 * 86_400,
  revokePredecessor: false,
};

/** A recipe that was checked when it was made; there is no other way to get one than policy/parse-profile.ts. */
export interface Profile {
  /** Lower-case letters, digits and `-`, at most 32: `server`, `client`, `peer`. */
  readonly name: string;
  readonly environment: string;
  /** 1, 2, 3, ...: a change makes a new version; certificates name the one they were issued under. */
  readonly version: number;
  /** Name of the issuing authority. */
  readonly authority: string;
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  readonly lifetimeSeconds: { readonly minimum: number; readonly default: number; readonly maximum: number };
  /** notBefore lies this far in the past, for clocks that run behind. */
  readonly backdateSeconds: number;
  readonly subject: {
    /** `firstName`: the first name that fits; `requested`: the CSR's CN, which must be one of the names; `none`: no CN. */
    readonly commonName: 'firstName' | 'requested' | 'none';
    /** Fixed attributes, set on every certificate. */
    readonly organization?: string;
    readonly organizationalUnit?: string;
  };
  readonly names: {
    readonly types: readonly ('dns' | 'ip' | 'uri' | 'email')[];
    readonly wildcards: boolean;
    readonly maximum: number;
  };
  readonly keys: { readonly kinds: readonly SubjectKeyKind[]; readonly rsaMinimumBits: number };
  /** How many operators must approve each certificate, its successors included; with 0 it is issued at once. */
  readonly approvals: Approvals;
  readonly rotation: RotationRule;
}
