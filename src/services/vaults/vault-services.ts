/** What the faces may ask about vaults. */
import type { CaErrorCode } from '../../domain/errors.ts';
import type { Caller } from '../caller.ts';

export interface VaultFault {
  readonly code: CaErrorCode;
  readonly message: string;
}

export interface VaultView {
  readonly name: string;
  /** False when authorities name it and the settings do not. */
  readonly configured: boolean;
  /** Why it cannot be used now, as it answered; null: it has every key that it must. */
  readonly fault: VaultFault | null;
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
  readonly fault: VaultFault | null;
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
  /** Of the vault itself, which may hold no key of an authority yet. */
  readonly fault: VaultFault | null;
  readonly keys: readonly KeyCheck[];
}

export interface VaultServices {
  /** Asks each of them for its keys, at the same time: at most 10 s. */
  listVaults(): Promise<readonly VaultView[]>;
  /** A key that fails is a finding, not an error; `notFound` for a vault that nobody named. */
  checkVault(caller: Caller, name: string): Promise<VaultCheck>;
}
