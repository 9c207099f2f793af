/** Port: where the private keys of authorities live. The same contract suite, test/contracts/vault, runs on every adapter. */
import type { KeyType } from '../domain/x509/key-type.ts';
import type { SignatureAlgorithm } from '../domain/x509/signature-algorithm.ts';

/** A key as its vault knows it. */
export interface VaultKey {
  /** Name unique in its vault: lower case letters, digits, `-` and `.`, at most 64 characters. */
  readonly name: string;
  readonly type: KeyType;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Uint8Array;
}

/** One key, opened for signing with one algorithm. Holds no secret that a log or an error could show. */
export interface Signer {
  readonly key: VaultKey;
  readonly algorithm: SignatureAlgorithm;
  /**
   * Signs exactly `tbs` (hashing included) and resolves to the signatureValue content: Ecdsa-Sig-Value DER for ECDSA,
   * the raw octets for RSA and Ed25519. Runs off the event loop. Safe to call concurrently; safe to repeat (a signature
   * changes nothing in the vault). Rejects with CaError `signerUnavailable` when the backend cannot answer now, within
   * 10 s at the latest. RSA and Ed25519 signatures have been verified: one that a fault spoilt would give the key away.
   */
  sign(tbs: Uint8Array): Promise<Uint8Array>;
}

/**
 * A store of private keys that never leave it.
 *
 * Durability: when `createKey` resolves, the key survives a crash or power loss. A crash before leaves no key, or a whole one.
 * Retries: `listKeys`, `key`, `signer` and `sign` may be repeated freely; `createKey` with a name that exists rejects with
 * CaError `conflict` and changes nothing.
 * Errors: CaError `notFound` for a name the vault does not hold, `policyRefused` for an algorithm that does not fit the key,
 * `signerUnavailable` for a backend that is down, sealed or refuses; StartError at opening. No error or log line holds a
 * passphrase, PIN, token or private key.
 */
export interface Vault {
  /** As authorities name it: `file`, `openbao`, `pkcs11`. */
  readonly name: string;
  createKey(name: string, type: KeyType): Promise<VaultKey>;
  /** All keys, by name ascending. */
  listKeys(): Promise<readonly VaultKey[]>;
  key(name: string): Promise<VaultKey>;
  /** The algorithm's family must be the key's. */
  signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer>;
  /** Removes a key for good; `notFound` if there is none. */
  destroyKey(name: string): Promise<void>;
  /** Forgets secrets held in memory; later calls reject with `signerUnavailable`. */
  close(): Promise<void>;
}
