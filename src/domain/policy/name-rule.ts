/** Name rules: which names a product may hold. */

/**
 * - `exact`: this DNS name only.
 * - `subdomain`: any DNS name below `value`, one or more labels, not `value` itself.
 * - `wildcard`: the certificate name `*.value`, a whole left-most label (RFC 6125 §6.4.3).
 * - `ip`: an address inside this CIDR range. `uri`: `value` itself or a path below it (SPIFFE style, matched on whole segments).
 * - `email`: this address, or any address at `@domain`.
 */
export interface NameRule {
  readonly kind: 'exact' | 'subdomain' | 'wildcard' | 'ip' | 'uri' | 'email';
  readonly value: string;
}
