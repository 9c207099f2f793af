/** Port: sends one signed message to one webhook, once. */

export interface WebhookMessage {
  readonly url: string;
  /** The same for each try. */
  readonly id: string;
  readonly body: string;
  /** Unix seconds of this try. */
  readonly timestamp: number;
}

/** `reason` is safe to log: neither the URL, which may hold a secret, nor what the receiver said. */
export type WebhookOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterSeconds?: number }
  /** The receiver wants no more of it: 410. */
  | { readonly kind: 'gone' };

export interface WebhookSender {
  /** Never rejects; ends within some seconds, at once when the signal fires. */
  send(message: WebhookMessage, signal: AbortSignal): Promise<WebhookOutcome>;
  close(): Promise<void>;
}
