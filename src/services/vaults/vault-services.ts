/** What the faces may ask about vaults. */
import type { CaErrorCode } from '../../domain/errors.ts';
import type { Caller } from '../caller.ts';

export interface VaultView {
  readonly name: string;
  /** False when authorities name it and the settings do not. */
  readonly configured: boolean;
  readonly takesNewAuthorities: boolean;
  /** Names of those whose keys it holds. */
  readonly authorities: readonly string[];
}

/** The key of one generation of an authority as the check found it; figures only when every signature verified. */
export interface KeyCheck {
  readonly authority: string;
  /** Of the authority, whose earlier and coming ones have keys of their own. */
  readonly generation: number;
  readonly key: string;
  readonly keyType: string;
  readonly signatureAlgorithm: string;
  readonly fault: { readonly code: CaErrorCode; readonly message: string } | null;
  /** Median and longest of signatures one after the other. */
  readonly latencyMs: number | null;
  readonly slowestMs: number | null;
  /** With 16 side by side; null, too, when no time passed. */
  readonly signaturesPerSecond: number | null;
}

export interface VaultCheck {
  readonly name: string;
  /** Unix milliseconds. */
  readonly checkedAt: number;
  readonly keys: readonly KeyCheck[];
}

export interface VaultServices {
  listVaults(): Promise<readonly VaultView[]>;
  /** A key that fails is a finding, not an error; `notFound` for a vault that nobody named. */
  checkVault(caller: Caller, name: string): Promise<VaultCheck>;
}
