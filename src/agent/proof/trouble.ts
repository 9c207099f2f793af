/** What the network and OpenSSL report of a handshake that failed, in words for a person. */
import { printable } from '../../domain/policy/printable.ts';

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the host is not known',
  EAI_AGAIN: 'the name of the host cannot be resolved now',
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'it did not answer in time',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
};

/** To follow "but" or a colon. */
export function troubleOf(error: NodeJS.ErrnoException): string {
  // Several addresses of one name that all failed come as an AggregateError; the first one speaks for all.
  const { code = error.message } = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const [, alert] = /ALERT_(.+)$/.exec(code) ?? [];
  if (alert !== undefined) return `it refused the handshake (${printable(alert.toLowerCase())})`;
  return words[code] ?? `the handshake failed (${printable(code)})`;
}
