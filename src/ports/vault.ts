/** Port: where the private keys of authorities live. The same contract suite, test/contracts/vault, runs on every adapter. */
import type { CaError } from '../domain/errors.ts';
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
   * True when the adapter has verified each signature with `key` before `sign` resolves, because that costs less there.
   * All others are verified by services/vaults/verified-signer.ts: nothing that does not verify is recorded.
   */
  readonly verified?: boolean;
  /**
   * Signs exactly `tbs` (hashing included) and resolves to the signatureValue content: Ecdsa-Sig-Value DER for ECDSA,
   * the raw octets for RSA and Ed25519. Runs off the event loop. Safe to call concurrently, a thousand times at once; safe to
   * repeat (a signature changes nothing in the vault), and the vault itself repeats where its backend may only have stumbled:
   * of several signatures over the same octets only one is ever seen. Rejects with CaError `signerUnavailable` when the
   * backend cannot answer now, within 10 s at the latest and at once while that is known; `overloaded` when too many wait;
   * `notFound` when the key is gone. It always signs with the key, and the version of it, that it was opened for.
   */
  sign(tbs: Uint8Array): Promise<Uint8Array>;
  /**
   * What `sign` would be refused with at once, as is known without asking: so that nothing is made durable for a signature
   * that will not come. Absent, or undefined: nothing is known against it.
   */
  refusal?(): CaError | undefined;
}

/**
 * A store of private keys that never leave it.
 *
 * Durability: when `createKey` resolves, the key survives a crash or power loss. A crash before leaves no key, or a whole one.
 * Retries: `listKeys`, `key`, `signer` and `sign` may be repeated freely; `createKey` with a name that exists rejects with
 * CaError `conflict` and changes nothing.
 * Errors: CaError `notFound` for a name the vault does not hold, `policyRefused` for an algorithm that does not fit the key,
 * for a key that could be copied out of its backend or is of a kind that does not sign, and for a key type that the backend
 * does not have; `signerUnavailable`, with a time after which to try again, for a backend that is down, slow, sealed or
 * refuses; StartError at opening, for what is wrong on this machine. A backend that is away at opening is no such thing: the
 * service starts, and serves what needs no signature. No error or log line holds a passphrase, PIN, token or private key.
 * Concurrency: every method may be called at any time, also while others are under way.
 * Time: every call settles within 10 s, unless it makes a large RSA key. A backend that comes back is found without being
 * asked for: calls are let through again within 2 s.
 */
export interface Vault {
  /** As authorities name it: `file`, or the name that the settings give it. */
  readonly name: string;
  createKey(name: string, type: KeyType): Promise<VaultKey>;
  /** All keys that authorities could have, by name ascending. */
  listKeys(): Promise<readonly VaultKey[]>;
  key(name: string): Promise<VaultKey>;
  /** The algorithm's family must be the key's. */
  signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer>;
  /** Removes a key for good; `notFound` if there is none. */
  destroyKey(name: string): Promise<void>;
  /**
   * Why it cannot sign now, with this key or with any, as far as it knows without asking; a sentence that may be printed. Absent,
   * or undefined: nothing.
   */
  problem?(key?: string): string | undefined;
  /** Forgets secrets held in memory; later calls reject with `signerUnavailable`. */
  close(): Promise<void>;
}
