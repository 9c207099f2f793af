/** Who asks: what a face learned from a token or a client certificate, handed to every service. */
import type { OperatorRole } from '../domain/records/environment.ts';

export type Caller =
  | { readonly kind: 'token'; readonly tokenId: string; readonly product: string; readonly profiles: readonly string[] }
  /** A product over mTLS; `serial` is the certificate it showed. */
  | { readonly kind: 'product'; readonly product: string; readonly serial: string }
  | { readonly kind: 'operator'; readonly name: string; readonly role: OperatorRole; readonly serial: string };

/** The caller as the audit log names it. */
export function actorOf(caller: Caller): string {
  if (caller.kind === 'token') return `token:${caller.tokenId}`;
  return caller.kind === 'product' ? `product:${caller.product}` : `operator:${caller.name}`;
}
