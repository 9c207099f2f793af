/** CRLReason (RFC 5280 §5.3.1): the reasons this CA gives, with their numbers on the wire. */

export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

/** `removeFromCRL` (8) is for delta CRLs only: here releasing a hold is an act of its own. */
export type RevocationReason = keyof typeof revocationReasons;

export const isRevocationReason = (text: string): text is RevocationReason => Object.hasOwn(revocationReasons, text);

/** Reasons that only say that a certificate is not needed any more: whoever showed it was its holder. */
export const undoubted: readonly RevocationReason[] = ['superseded', 'cessationOfOperation'];

/** Whether what was done with a certificate before may have been done by another, or by who is not trusted any more. */
export const castsDoubt = (reason: RevocationReason): boolean => !undoubted.includes(reason);

/**
 * Whether what is revoked for `earlier` may be revoked again, for `later`: a hold for good, and whatever it was once the key is
 * known to be compromised, which outlasts all and blocks the key.
 */
export const outranks = (later: RevocationReason, earlier: RevocationReason): boolean =>
  later !== earlier && (earlier === 'certificateHold' || later === 'keyCompromise');
