/** What passes between the vault and the process that has the vendor's module: asks and answers of one turn together. */
import type { KeyType } from '../../domain/x509/key-type.ts';
import type { SignatureAlgorithmName } from '../../domain/x509/signature-algorithm.ts';
import type { VaultKey } from '../../ports/vault.ts';
import type { FaultKind } from './token-fault.ts';

/** How the token is reached. At least one of label and serial; both must fit. */
export interface TokenAddress {
  readonly modulePath: string;
  readonly label?: string;
  readonly serial?: string;
  /** Signatures at a time; the token needs one session more for the login, and another while a key is made. */
  readonly sessions: number;
  /** Some HSMs know no read-only sessions. */
  readonly readWriteSessions: boolean;
}

export interface Login {
  /** Absent for tokens without a login. */
  readonly pin?: string;
  /** This PIN has opened this token before in this service's life. */
  readonly proven: boolean;
}

/** A key and no other: a name may come back with another key. */
export interface KeyReference {
  readonly name: string;
  readonly publicKeySha256: string;
}

/** By name of the ask: what it takes and what it answers. */
export interface TokenActs {
  open: { readonly takes: { readonly address: TokenAddress; readonly login: Login }; readonly gives: null };
  listKeys: { readonly takes: null; readonly gives: readonly VaultKey[] };
  findKey: { readonly takes: { readonly name: string }; readonly gives: VaultKey };
  /** Refuses a key that may leave the token. */
  checkKey: { readonly takes: KeyReference; readonly gives: null };
  createKey: { readonly takes: { readonly name: string; readonly type: KeyType }; readonly gives: VaultKey };
  destroyKey: { readonly takes: { readonly name: string }; readonly gives: null };
  sign: {
    readonly takes: {
      readonly key: KeyReference;
      readonly algorithm: SignatureAlgorithmName;
      readonly tbs: Uint8Array;
    };
    readonly gives: Uint8Array;
  };
}

export type TokenAct = keyof TokenActs;

export type TokenAsk = {
  [Act in TokenAct]: { readonly id: number; readonly act: Act; readonly takes: TokenActs[Act]['takes'] };
}[TokenAct];

export interface SentFault {
  readonly kind: FaultKind;
  readonly says: string;
  readonly returnValue: number | undefined;
}

export type TokenAnswer =
  | { readonly id: number; readonly gives: TokenActs[TokenAct]['gives'] }
  | { readonly id: number; readonly fault: SentFault };
