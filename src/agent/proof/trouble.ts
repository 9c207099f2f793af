/** What the network and OpenSSL report of a handshake that failed, in words for a person. */
import type { ServerFlaw, ServerFlawCode } from '../../domain/diagnosis/judge-server-chain.ts';
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

const flaws: Readonly<Record<ServerFlawCode, string>> = {
  expired: 'it has expired, or an issuer of it',
  notYetValid: 'it is not valid yet, or an issuer of it is not',
  selfSigned: 'it is self-signed, and not one of the roots given',
  untrustedRoot: 'its root is not one of the roots given',
  otherKeyOfIssuer: 'the root given has the name of its issuer, but another key',
  issuerMissing: 'its issuer is neither sent nor one of the roots given',
  issuerNotCa: 'what signed it is no CA',
  wrongPurpose: 'it may not be used by servers (extendedKeyUsage has no serverAuth)',
  wrongName: 'it is not for the name',
};

/** To follow "but". */
export const flawInWords = ({ code }: ServerFlaw, serverName: string): string =>
  code === 'wrongName' ? `${flaws[code]} ${serverName}` : flaws[code];
