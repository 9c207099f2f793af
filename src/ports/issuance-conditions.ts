/** Port: what an issuance, or a request that waits for approval, is bound to, and what stops it before it is recorded. */

/** Scope is the caller, bodySha256 hex of everything that decides the answer. A key is kept for 24 hours. */
export interface IdempotencyKey {
  readonly scope: string;
  readonly key: string;
  readonly bodySha256: string;
}

/** Whose key it is, or that it was revoked for compromise. */
export type KeyBlock = 'authority' | 'operator' | 'compromised';

/** The same in words, behind a key that somebody wants to use. */
export const keyBlockWords: Readonly<Record<KeyBlock, string>> = {
  authority: 'is, or was, that of an authority',
  operator: 'is that of an operator',
  compromised: 'is known to be compromised',
};

/** Judged in this order, in the transaction of the act, so that nothing slips in between. */
export type Stop =
  /** The same key and body came before, as this serial, which may still be an intent. */
  | { readonly kind: 'replay'; readonly serial: string }
  /** The same key and body came before, and became this request. */
  | { readonly kind: 'replayRequest'; readonly request: string }
  | { readonly kind: 'idempotencyConflict' }
  /** No product's certificate is issued for such a key. */
  | { readonly kind: 'keyBlocked'; readonly block: KeyBlock }
  | { readonly kind: 'tokenUsedUp' }
  | { readonly kind: 'tokenExpired' }
  | { readonly kind: 'hasSuccessor'; readonly successor: string }
  /** For good or on hold: what is not trusted vouches for no successor. */
  | { readonly kind: 'predecessorRevoked' }
  /** It expired long ago. */
  | { readonly kind: 'predecessorArchived' };

/** Some kinds of them. */
export type StopOf<Kind extends Stop['kind']> = Extract<Stop, { readonly kind: Kind }>;
