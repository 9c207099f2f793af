/** Finds out why a handshake failed: what the network, this side's own checks, the server's alert and HTTP each tell. */
import type { X509Certificate } from 'node:crypto';
import {
  isFor,
  judgeServerChain,
  type ServerFlaw,
  type ServerFlawCode,
} from '../../../domain/diagnosis/judge-server-chain.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { nameOf, namesOf } from './certificate-facts.ts';
import { distinct, revocationInWords } from './revocation.ts';
import {
  askedForCertificate,
  chainOf,
  givenChain,
  helloOf,
  httpAnswer,
  refusalOf,
  revokedBy,
  type Seen,
  sent,
} from './seen.ts';
import { type Circumstances, type Step, sentencesOf, type TroubleCode } from './trouble.ts';

export interface Trouble {
  readonly code: TroubleCode;
  readonly step: Step;
  readonly why: string;
  readonly next: string;
}

/** In the order of the handshake; empty when it succeeded and both sides were content, as far as they said. */
export function diagnose(seen: Seen): Trouble[] {
  const found = [...connectionTrouble(seen), ...serverTroubles(seen), ...clientTrouble(seen)];
  return found.map(({ code, told = '', certificate }) => {
    const { step, why, next } = sentencesOf[code];
    // HTTP judges the client only after the handshake.
    const isHttp = step === 'clientCertificate' && refusalOf(seen) === undefined;
    const about = circumstances(seen, told, certificate);
    return { code, step: isHttp ? 'http' : step, why: why(about), next: next(about) };
  });
}

interface Finding {
  readonly code: TroubleCode;
  readonly told?: string;
  readonly certificate?: X509Certificate | undefined;
}

function connectionTrouble(seen: Seen): Finding[] {
  const { result } = seen;
  if (result.connected) return [];
  const alert = refusalOf(seen);
  if (alert !== undefined) return isAboutClient(seen, alert) ? [] : [{ code: alertAtHello(seen, alert), told: alert }];
  return [{ code: withoutAlert(seen), told: plainlySaid(result.plain) ?? result.error ?? '' }];
}

const ofErrors: Readonly<Record<string, TroubleCode>> = {
  ENOTFOUND: 'addressUnknown',
  EAI_AGAIN: 'addressUnknown',
  ECONNREFUSED: 'connectionRefused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  STARTTLS_REFUSED: 'startTlsRefused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
};

function withoutAlert({ result }: Seen): TroubleCode {
  const { error = '', stage, plain } = result;
  if (error === 'ETIMEDOUT') return stage === 'connected' ? 'noAnswer' : 'connectTimeout';
  if (error === '') return 'closed';
  const known = ofErrors[error];
  if (known) return known;
  if (plain?.startsWith('HTTP/')) return 'plainHttp';
  if (/WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST/.test(error)) return 'notTls';
  return /UNSUPPORTED_PROTOCOL|VERSION_TOO_/.test(error) ? 'protocolVersion' : 'broken';
}

/** The first line of what a port without TLS says, if it says anything that can be read. */
function plainlySaid(plain: string | undefined): string | undefined {
  const [line = ''] = (plain ?? '').split(/[\r\n]/);
  return /[A-Za-z]/.test(line) ? line : undefined;
}

function alertAtHello(seen: Seen, alert: string): TroubleCode {
  if (alert === 'protocol_version') return 'protocolVersion';
  if (alert === 'unrecognized_name') return 'nameUnknown';
  const atHello = sent(seen, 'server', 'Certificate') === undefined;
  const parameters = ['handshake_failure', 'insufficient_security', 'illegal_parameter'];
  return atHello && parameters.includes(alert) ? 'nothingInCommon' : 'refused';
}

const codeOfFlaw = (code: ServerFlawCode): TroubleCode =>
  `server${code[0]!.toUpperCase()}${code.slice(1)}` as TroubleCode;

/** OpenSSL believes what is in BER, too; but nobody can tell here whose it is, or whether it is revoked. */
const unreadable = 'it is not in DER';

/** What OpenSSL says where our own checks are content with something trusted that is no root. */
const withoutRoot: ReadonlySet<string> = new Set([
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN'],
]);

/** Our own checks explain; whether the server is believed is said by OpenSSL, where TLS came to it. */
function serverTroubles(seen: Seen): Finding[] {
  const { result, roots, request, nowMs } = seen;
  const chain = chainOf(seen, 'server');
  const revoked = distinct(chain)
    .filter((certificate) => revokedBy(seen, certificate))
    .map((certificate): Finding => ({ code: 'serverRevoked', certificate }));
  if (result.connected && chain.length === 0)
    return [{ code: 'serverNotBelieved', told: result.distrust ?? unreadable }];
  if (result.connected && result.distrust === undefined) return revoked;
  const flaws = judgeServerChain({ chain, roots, serverName: request.servername, nowMs });
  const found = flaws.map(({ code, certificate }: ServerFlaw) => ({ code: codeOfFlaw(code), certificate }));
  if (found.length > 0 || result.distrust === undefined) return [...found, ...revoked];
  const code = withoutRoot.has(result.distrust) ? 'serverRootMissing' : 'serverNotBelieved';
  return [{ code, told: result.distrust }, ...revoked];
}

/** RFC 8446 §6.2: alerts that a server sends about a client's certificate, and what each can mean. */
const ofAlerts: Readonly<Record<string, TroubleCode | 'any'>> = {
  certificate_required: 'clientCertificateMissing',
  certificate_expired: 'clientExpired',
  certificate_revoked: 'clientRevoked',
  unknown_ca: 'clientUnknownCa',
  unsupported_certificate: 'clientWrongPurpose',
  bad_certificate: 'any',
  certificate_unknown: 'any',
  access_denied: 'any',
  handshake_failure: 'any',
  decrypt_error: 'any',
  internal_error: 'any',
  closed_without_alert: 'any',
};

const isAboutClient = (seen: Seen, alert: string): boolean =>
  ofAlerts[alert] !== undefined && askedForCertificate(seen) && sent(seen, 'client', 'Certificate') !== undefined;

function clientTrouble(seen: Seen): Finding[] {
  const alert = refusalOf(seen);
  if (alert !== undefined) {
    if (!isAboutClient(seen, alert)) return seen.result.connected ? [{ code: 'refused', told: alert }] : [];
    const told = alert.replaceAll('_', ' ');
    return [{ ...clientFinding(seen, ofAlerts[alert]!), told }];
  }
  const answer = httpAnswer(seen);
  if (!answer || !askedForCertificate(seen) || !isRefusal(answer)) return [];
  const [line = ''] = answer.text.split('\r\n');
  return [{ ...clientFinding(seen, 'any'), told: line }];
}

/** As nginx refuses: 400 with a page that says so, or 495 and 496 where its configuration shows them. */
const isRefusal = ({ status, text }: { readonly status: number; readonly text: string }): boolean =>
  status === 495 || status === 496 || ([400, 403].includes(status) && /SSL certificate/i.test(text));

/** When a server only says that it did not like the certificate, what is wrong with it as seen from here. */
function clientFinding(seen: Seen, code: TroubleCode | 'any'): Finding {
  const shown = chainOf(seen, 'client');
  const [own] = shown;
  if (!own) return { code: 'clientCertificateMissing' };
  if (code !== 'any') return { code, certificate: own };
  if (Date.parse(own.validTo) < seen.nowMs) return { code: 'clientExpired', certificate: own };
  if (Date.parse(own.validFrom) > seen.nowMs) return { code: 'clientNotYetValid', certificate: own };
  if (!isFor(own, 'clientAuth')) return { code: 'clientWrongPurpose', certificate: own };
  if (revokedBy(seen, own)) return { code: 'clientRevoked', certificate: own };
  return { code: isAccepted(seen, shown) ? 'clientRefused' : 'clientUnknownCa', certificate: own };
}

/** Whether the chain shown meets one of the names in the CertificateRequest; true when it has none. */
export function isAccepted(seen: Seen, shown: readonly X509Certificate[]): boolean {
  const authorities = sent(seen, 'server', 'CertificateRequest')?.authorities ?? [];
  const wanted = new Set(authorities.map(comparable));
  return wanted.size === 0 || shown.some(({ issuer }) => wanted.has(comparable(nameOf(issuer))));
}

/** OpenSSL and this program write the parts of a name in different orders, with and without spaces. */
const comparable = (name: string): string =>
  name
    .split(/\s*,\s*/)
    .map((part) => part.replace(/\s*=\s*/, '=').toLowerCase())
    .sort()
    .join(',');

function circumstances(seen: Seen, told: string, certificate?: X509Certificate): Circumstances {
  const { request, trust } = seen;
  const about = certificate ?? chainOf(seen, 'server')[0] ?? givenChain(seen)[0];
  const time = (text: string | undefined): string => (text ? `${new Date(text).toISOString().slice(0, 19)}Z` : '');
  const authorities = sent(seen, 'server', 'CertificateRequest')?.authorities ?? [];
  const revocation = about && revokedBy(seen, about);
  return {
    address: printable(`${request.host}:${request.port}`, 300),
    servername: printable(request.servername, 300),
    trust,
    subject: about ? nameOf(about.subject) : '',
    issuer: about ? nameOf(about.issuer) : '',
    notBefore: time(about?.validFrom),
    notAfter: time(about?.validTo),
    names: about ? namesOf(about).join(', ') || 'no name at all' : '',
    told: printable(told, 200),
    revoked: revocation ? revocationInWords(revocation) : '',
    authorities: authorities.map((name) => printable(name, 200)).join(' or '),
    versions: helloOf(seen, 'client')?.versions.join(', ') ?? '',
  };
}
