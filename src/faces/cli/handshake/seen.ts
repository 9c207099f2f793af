/** What was seen of one handshake, and the few questions that everything else asks of it. */
import type { X509Certificate } from 'node:crypto';
import type { RevocationWord } from '../../../domain/diagnosis/judge-revocation.ts';
import { certificatesIn, readLeniently } from '../../../domain/diagnosis/judge-server-chain.ts';
import type { ProbeRequest, ProbeResult } from './probe.ts';
import type { Hello, TracedMessage } from './trace.ts';

export interface RevocationSaid {
  readonly side: Side;
  readonly certificate: X509Certificate;
  /** Who says it, for people: `the list crl.pem`. */
  readonly by: string;
  readonly word: RevocationWord;
}

export interface Seen {
  readonly request: ProbeRequest;
  readonly result: ProbeResult;
  readonly messages: readonly TracedMessage[];
  /** What the server's certificate was judged by. */
  readonly roots: readonly X509Certificate[];
  /** The same for people: a file, or Node's own. */
  readonly trust: string;
  readonly nowMs: number;
  /** What is known of the revocation of what was shown. */
  readonly revocation: readonly RevocationSaid[];
  /** How many lists were given for that. */
  readonly listsGiven: number;
  /** That the server ended the connection in good order, with close_notify. */
  readonly goodbye: boolean;
}

export type Side = TracedMessage['from'];

export const sent = ({ messages }: Pick<Seen, 'messages'>, from: Side, name: string): TracedMessage | undefined =>
  messages.find((message) => message.from === from && message.name === name);

/** The certificates that one side showed, its own first. */
export const chainOf = (seen: Pick<Seen, 'messages'>, from: Side): X509Certificate[] =>
  (sent(seen, from, 'Certificate')?.certificatesDer ?? []).flatMap((der) => readLeniently(der));

/** The first word that a certificate is revoked. */
export const revokedBy = (seen: Seen, certificate: X509Certificate): RevocationSaid | undefined =>
  seen.revocation.find((said) => said.word.state === 'revoked' && said.certificate.raw.equals(certificate.raw));

/** The certificate that was given to be shown, if any. */
export const givenChain = ({ request }: Seen): X509Certificate[] => certificatesIn(request.cert ?? '');

/** That is mutual TLS, whatever came of it. */
export const askedForCertificate = (seen: Seen): boolean => sent(seen, 'server', 'CertificateRequest') !== undefined;

export const helloOf = (seen: Seen, from: Side): Hello | undefined =>
  seen.messages.findLast((message) => message.from === from && message.hello !== undefined)?.hello;

/** The server's fatal alert; or that it hung up on a certificate it had asked for, as Node's own servers do. */
export function refusalOf(seen: Seen): string | undefined {
  const told = seen.messages.find(({ from, alert }) => from === 'server' && alert?.fatal)?.alert?.description;
  const { connected, closedAtOnce, error = '' } = seen.result;
  const hungUp = (closedAtOnce && !seen.goodbye) || (!connected && ['', 'ECONNRESET', 'EPIPE'].includes(error));
  const answered = sent(seen, 'client', 'Certificate') !== undefined;
  return told ?? (hungUp && answered ? 'closed_without_alert' : undefined);
}

/** Status of the answer over HTTP, and its beginning. */
export function httpAnswer({ result }: Seen): { readonly status: number; readonly text: string } | undefined {
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(result.http ?? '') ?? [];
  return status === undefined ? undefined : { status: Number(status), text: result.http ?? '' };
}
