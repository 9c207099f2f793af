/** What webhooks are sent, and how it is signed: Standard Webhooks 1.0, https://www.standardwebhooks.com. */
import { createHmac } from 'node:crypto';
import { type Alert, alertSeverity, alertSummary } from './alert.ts';

export type WebhookEvent = 'alert.opened' | 'alert.cleared';

/** The body, as it is signed and sent. `at` in Unix milliseconds. */
export function webhookBody(type: WebhookEvent, alert: Alert, at: number): string {
  const { id, kind, subject, withinDays, count, openedAt } = alert;
  const time = (ms: number): string => new Date(ms).toISOString();
  const what = { id, kind, subject, withinDays, count, severity: alertSeverity(alert), openedAt: time(openedAt) };
  return JSON.stringify({ type, timestamp: time(at), data: { ...what, summary: alertSummary(alert) } });
}

export interface SignedParts {
  /** The same for each try. */
  readonly id: string;
  /** Unix seconds of this try. */
  readonly timestamp: number;
  readonly body: string;
}

/** The three header fields; one signature for each secret, so that a secret can be replaced without a gap. */
export function webhookHeaders(secrets: readonly Uint8Array[], parts: SignedParts): Record<string, string> {
  const { id, timestamp, body } = parts;
  const signatures = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64'),
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.map((signature) => `v1,${signature}`).join(' '),
  };
}

const leastSecretOctets = 24;
const mostSecrets = 3;

/** Secrets, one a line, `whsec_` and base64 of 24 octets or more; undefined for any other text. */
export function parseWebhookSecrets(text: string): readonly Uint8Array[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const secrets = lines.map(parseSecret).filter((secret) => secret !== undefined);
  return lines.length > 0 && lines.length <= mostSecrets && secrets.length === lines.length ? secrets : undefined;
}

function parseSecret(line: string): Uint8Array | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]{32,}={0,2})$/.exec(line) ?? [];
  if (base64 === undefined) return undefined;
  const octets = new Uint8Array(Buffer.from(base64, 'base64'));
  return octets.length >= leastSecretOctets ? octets : undefined;
}
