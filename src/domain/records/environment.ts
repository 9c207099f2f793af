/** Environments, products, authorities, tokens and operators as the inventory holds them. */
import type { NameRule } from '../policy/name-rule.ts';
import type { KeyType } from '../x509/key-type.ts';
import type { SignatureAlgorithmName } from '../x509/signature-algorithm.ts';

/**
 * `two-tier`: the root signs only the issuing authority. `root`: the root itself signs products' certificates. `external`: the
 * issuing authority is signed by an authority that is not ours.
 */
export type Hierarchy = OwnHierarchy | 'external';
export type OwnHierarchy = 'two-tier' | 'root';

export interface Environment {
  /** Lower-case letters, digits and `-`, at most 32: `dev`, `staging`. */
  readonly name: string;
  readonly hierarchy: Hierarchy;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** Which alerts speak of it: all, those that are critical, or none. */
export const productAlerts = ['all', 'critical', 'none'] as const;
export type ProductAlerts = (typeof productAlerts)[number];

/** The owner of certificates in an environment. */
export interface Product {
  /** `environment/name`: `dev/product-a`. */
  readonly id: string;
  readonly environment: string;
  readonly version: number;
  readonly nameRules: readonly NameRule[];
  /** Names of profiles it may use; the first one is used when a request names none. */
  readonly profiles: readonly string[];
  readonly contacts: readonly string[];
  readonly alerts: ProductAlerts;
  /** Unix milliseconds, of this version. */
  readonly createdAt: number;
}

/** A version of a product as it is kept, also after the product was removed. */
export interface ProductVersion extends Product {
  /** Unix milliseconds; on the version that was the newest then. */
  readonly removedAt: number | null;
}

/** `root` signs authorities only, `issuing` products' certificates, `sole` both (hierarchy `root`), `system` the service's own. */
export type AuthorityRole = 'system' | 'root' | 'issuing' | 'sole';

export interface Authority {
  /** `system`, `dev-root`, `dev-issuing`. */
  readonly name: string;
  readonly role: AuthorityRole;
  readonly environment: string | null;
  /** Name of the authority that signs it; its own for a root. */
  readonly parent: string;
  /** Number of the generation in force, whose key and certificate these are. */
  readonly generation: number;
  readonly vault: string;
  readonly vaultKey: string;
  readonly keyType: KeyType;
  readonly signatureAlgorithm: SignatureAlgorithmName;
  /** Serial of the certificate in force; null until the first one is recorded. */
  readonly certificateSerial: string | null;
  readonly createdAt: number;
}

/** An enrolment token, without its secret: only the hash is kept. */
export interface EnrolmentToken {
  readonly id: string;
  readonly product: string;
  readonly profiles: readonly string[];
  /** SHA-256 of the secret part, hex. */
  readonly secretSha256: string;
  /** Null: without limit. */
  readonly usesLeft: number | null;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly createdBy: string;
}

export type OperatorRole = 'admin' | 'operator' | 'auditor';

export interface Operator {
  readonly name: string;
  readonly role: OperatorRole;
  readonly createdAt: number;
}
