/** The messages of a handshake as rows of a sequence diagram: one arrow each, with what is worth saying beside it. */
import { isIP } from 'node:net';
import { printable } from '../../../domain/policy/printable.ts';
import { nameOf } from './certificate-facts.ts';
import { chainOf, httpAnswer, type Seen, type Side } from './seen.ts';
import type { Hello, TracedMessage } from './trace.ts';

export interface Row {
  readonly from: Side;
  readonly label: string;
  readonly details: readonly string[];
  /** An alert that ends the handshake, or a refusal. */
  readonly fatal: boolean;
}

export function rowsOf(seen: Seen): Row[] {
  const rows = seen.messages.map((message) => ({
    from: message.from,
    label: message.name,
    details: detailsOf(message, seen),
    fatal: message.alert?.fatal === true,
  }));
  return [...startTlsRows(seen), ...rows, ...httpRows(seen)];
}

/** Names of the two lifelines. */
export const lifelines = ({ request }: Seen): { readonly client: string; readonly server: string } => ({
  client: 'client',
  server: printable(`${request.host}:${request.port}`, 300),
});

function detailsOf(message: TracedMessage, seen: Seen): string[] {
  const { name, from, authorities, signatureScheme, group, alert, hello } = message;
  if (alert) return [`${alert.fatal ? 'fatal' : 'warning'}: ${printable(alert.description)}`];
  if (hello)
    return (from === 'client' ? offered(hello, seen) : chosen(hello, seen)).map((text) => printable(text, 300));
  if (name === 'CertificateRequest') {
    return authorities.length === 0 ? ['of anybody'] : authorities.map((one) => `of ${printable(one, 300)}`);
  }
  if (name === 'Certificate') {
    const subjects = chainOf(seen, from).map(({ subject }) => nameOf(subject));
    return message.certificatesDer.length === 0 ? ['none'] : subjects;
  }
  const agreed = [group, signatureScheme].filter((text) => text !== undefined).join(', ');
  return agreed === '' ? [] : [printable(agreed)];
}

const offered = ({ versions, groups }: Hello, { request }: Seen): string[] => [
  // RFC 6066 §3: SNI holds no address.
  isIP(request.servername) === 0 ? `asks for ${request.servername}` : 'names no site, as the host is an address',
  `offers ${versions.join(', ')}; ${groups.slice(0, 4).join(', ')}${groups.length > 4 ? ', ...' : ''}`,
];

/** What OpenSSL agreed on in the end names the group also for TLS 1.2. */
const chosen = ({ versions, ciphers, groups }: Hello, { result }: Seen): string[] => {
  const group = result.group ?? groups[0];
  return [[result.protocol ?? versions[0], ciphers[0] ?? result.cipher, group].filter(Boolean).join(', ')];
};

const startTlsRows = ({ request, messages }: Seen): Row[] =>
  request.starttls === undefined || messages.length === 0
    ? []
    : [{ from: 'client', label: 'STARTTLS', details: [`in plain, ${request.starttls}`], fatal: false }];

function httpRows(seen: Seen): Row[] {
  const answer = httpAnswer(seen);
  if (!seen.request.http || !seen.result.connected) return [];
  const ask = { from: 'client' as const, label: 'HTTP', details: ['GET /'], fatal: false };
  if (!answer) return [ask];
  const [line = ''] = answer.text.split('\r\n');
  return [ask, { from: 'server', label: 'HTTP', details: [printable(line, 100)], fatal: answer.status >= 400 }];
}
