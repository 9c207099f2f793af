/** GeneralName (RFC 5280 §4.2.1.6): the four kinds this CA issues, in one plain text form that tells them apart. */

/**
 * A name a certificate may hold. `value` is the canonical plain text: DNS in lower-case A-labels, IP as dotted quad or
 * RFC 5952, URI and e-mail as given. The plain forms never collide: a DNS name has no `:` or `@` and is never all digits
 * and dots, so `demo.dev.internal`, `10.0.0.1`, `spiffe://dev/a` and `ops@example.org` need no prefix.
 */
export interface GeneralName {
  readonly type: 'dns' | 'ip' | 'uri' | 'email';
  readonly value: string;
}
