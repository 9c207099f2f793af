/** Every way to fail that is told apart: at which step, why in one sentence, and what to do next. */
import type { ServerFlawCode } from '../../../domain/diagnosis/judge-server-chain.ts';

/** Where a handshake ends, in its order. */
export type Step = 'name' | 'connection' | 'hello' | 'serverCertificate' | 'clientCertificate' | 'finish' | 'http';

export const stepsInWords: Readonly<Record<Step, string>> = {
  name: 'looking up the name',
  connection: 'connecting',
  hello: 'agreeing on TLS',
  serverCertificate: 'the client judging the server’s certificate',
  clientCertificate: 'the server judging the client’s certificate',
  finish: 'finishing the handshake',
  http: 'the first request',
};

type ServerTroubleCode =
  | `server${Capitalize<ServerFlawCode>}`
  | 'serverRootMissing'
  | 'serverRevoked'
  | 'serverNotBelieved';
type ClientTroubleCode =
  | 'clientCertificateMissing'
  | 'clientExpired'
  | 'clientNotYetValid'
  | 'clientWrongPurpose'
  | 'clientUnknownCa'
  | 'clientRevoked'
  | 'clientRefused';
type ConnectionTroubleCode =
  | 'addressUnknown'
  | 'connectionRefused'
  | 'unreachable'
  | 'connectTimeout'
  | 'noAnswer'
  | 'plainHttp'
  | 'notTls'
  | 'startTlsRefused'
  | 'closed'
  | 'protocolVersion'
  | 'nothingInCommon'
  | 'nameUnknown'
  | 'refused'
  | 'broken';

export type TroubleCode = ServerTroubleCode | ClientTroubleCode | ConnectionTroubleCode;

/** What the sentences are made of; all of it safe to print. */
export interface Circumstances {
  /** `host:port`. */
  readonly address: string;
  readonly servername: string;
  readonly trust: string;
  /** Of the certificate that the trouble is about; the server's or the client's own if it is about none. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** For what names it is. */
  readonly names: string;
  /** The alert, the error or the answer, as it came. */
  readonly told: string;
  /** Since when the certificate is revoked, and who says so; empty where that is not known. */
  readonly revoked: string;
  /** Whom a CertificateRequest names; empty when anybody will do. */
  readonly authorities: string;
  /** What this client offered, as `TLS 1.3, TLS 1.2`. */
  readonly versions: string;
}

export interface Sentences {
  readonly step: Step;
  why(about: Circumstances): string;
  next(about: Circumstances): string;
}

const namedRoot = ({ trust }: Circumstances): string => `judged by ${trust}`;

const connection: Readonly<Record<ConnectionTroubleCode, Sentences>> = {
  addressUnknown: {
    step: 'name',
    why: ({ address }) => `The name of ${address} cannot be resolved.`,
    next: () => 'Check the spelling, and the DNS or /etc/hosts of this machine.',
  },
  connectionRefused: {
    step: 'connection',
    why: ({ address }) => `Nothing listens at ${address}: the connection was refused.`,
    next: () => 'Start the server, or check the port and the address that it listens on.',
  },
  unreachable: {
    step: 'connection',
    why: ({ address, told }) => `${address} cannot be reached from here (${told}).`,
    next: () => 'Check the network, routes and firewalls between here and there.',
  },
  connectTimeout: {
    step: 'connection',
    why: ({ address }) => `Nothing answered at ${address} in time: no connection came about.`,
    next: () => 'A firewall that drops packets looks like this. Check it, the address and the port.',
  },
  noAnswer: {
    step: 'hello',
    why: ({ address }) => `${address} accepted the connection and then kept silent.`,
    next: () => 'The program may hang, or wait for another protocol (STARTTLS, a PROXY header). Look at its log.',
  },
  plainHttp: {
    step: 'hello',
    why: ({ address }) => `${address} speaks plain HTTP, without TLS.`,
    next: () => 'Use the server’s HTTPS port, or turn on TLS for this one (nginx: `listen … ssl`).',
  },
  notTls: {
    step: 'hello',
    why: ({ address, told }) => `${address} answered with something that is not TLS${told && ` (${told})`}.`,
    next: () =>
      'Check the port: this one speaks another protocol, or wants to be asked for TLS first, as --starttls does.',
  },
  startTlsRefused: {
    step: 'hello',
    why: ({ address, told }) => `${address} did not begin TLS when it was asked to in plain (${told || 'no answer'}).`,
    next: () => 'Check that it speaks that protocol there, and that TLS is turned on for it.',
  },
  closed: {
    step: 'hello',
    why: ({ address }) => `${address} closed the connection before the handshake was done, without saying why.`,
    next: () =>
      'Look at the server’s log. Proxies do so without a backend, and servers without a certificate for the name.',
  },
  protocolVersion: {
    step: 'hello',
    why: ({ versions }) => `The server speaks none of the versions of TLS that this client offered (${versions}).`,
    next: () =>
      'Let the server speak TLS 1.2 or 1.3 (nginx: `ssl_protocols`; Java: `server.ssl.enabled-protocols`); without --max-tls 1.2 both are offered.',
  },
  nothingInCommon: {
    step: 'hello',
    why: ({ told }) => `Client and server have no cipher suite, group or signature algorithm in common (${told}).`,
    next: () =>
      'Let the server offer more of them, and look whether its key fits its cipher suites: ECDSA suites need an EC key.',
  },
  nameUnknown: {
    step: 'hello',
    why: ({ servername }) => `The server knows no site ${servername} (unrecognized_name).`,
    next: () => 'Ask for a name that it serves with --servername NAME.',
  },
  refused: {
    step: 'finish',
    why: ({ told }) => `The server ended the handshake with the alert ${told}.`,
    next: () => 'Look at the server’s log, which knows more than an alert can say.',
  },
  broken: {
    step: 'finish',
    why: ({ told }) => `The handshake broke off on this side: ${told}.`,
    next: () => 'What the server sent could not be accepted; the messages above show how far it came.',
  },
};

const server: Readonly<Record<ServerTroubleCode, Sentences>> = {
  serverExpired: {
    step: 'serverCertificate',
    why: ({ subject, notAfter }) => `The certificate ${subject} expired at ${notAfter}.`,
    next: () =>
      'Renew it on the server. If it is new there, the server has not read it again; if not, check this machine’s clock.',
  },
  serverNotYetValid: {
    step: 'serverCertificate',
    why: ({ subject, notBefore }) => `The certificate ${subject} is not valid before ${notBefore}.`,
    next: () => 'Check the clocks of this machine and of the CA.',
  },
  serverSelfSigned: {
    step: 'serverCertificate',
    why: (about) => `The server’s certificate ${about.subject} is self-signed and not trusted, ${namedRoot(about)}.`,
    next: () => 'Give the server a certificate of your CA; or, if it is meant, trust exactly it with --ca FILE.',
  },
  serverUntrustedRoot: {
    step: 'serverCertificate',
    why: (about) => `The server’s chain ends in ${about.subject}, which is not trusted, ${namedRoot(about)}.`,
    next: () =>
      'Name that root with --ca FILE, if it is one to trust; or the server uses another environment’s certificate.',
  },
  serverOtherKeyOfIssuer: {
    step: 'serverCertificate',
    why: ({ issuer, trust }) =>
      `${trust} holds ${issuer}, but with another key than the one that signed this certificate.`,
    next: () => 'The CA was made anew under its old name: fetch its present certificate, or issue the server’s again.',
  },
  serverIssuerMissing: {
    step: 'serverCertificate',
    why: (about) => `The issuer ${about.issuer} is neither sent by the server nor trusted, ${namedRoot(about)}.`,
    next: () => 'Let the server send its whole chain (fullchain.pem, not cert.pem); or name the root with --ca FILE.',
  },
  serverIssuerNotCa: {
    step: 'serverCertificate',
    why: ({ subject }) => `The server’s chain goes over ${subject}, which is no CA and may sign no certificates.`,
    next: () => 'Issue the server’s certificate by a CA: what signed it lacks CA:TRUE in its basicConstraints.',
  },
  serverRootMissing: {
    step: 'serverCertificate',
    why: ({ trust, told }) => `The server’s chain comes to what ${trust} holds, but that is no root (${told}).`,
    next: () =>
      'Name the root above it with --ca FILE: nginx, Node and most that use OpenSSL believe a chain only up to a root.',
  },
  serverWrongPurpose: {
    step: 'serverCertificate',
    why: ({ subject }) => `The certificate ${subject} is not one for servers: its extendedKeyUsage lacks serverAuth.`,
    next: () => 'Give the server a certificate of the profile `server` or `peer`.',
  },
  serverWrongName: {
    step: 'serverCertificate',
    why: ({ servername, names }) => `The certificate is not for ${servername}, but for ${names}.`,
    next: () => 'Use one of these names, or --servername NAME; or issue a certificate that has the name.',
  },
  serverRevoked: {
    step: 'serverCertificate',
    why: ({ subject, revoked }) => `The certificate ${subject} is revoked ${revoked}.`,
    next: () => 'Do not trust this server until it has a new certificate: its key may be in other hands.',
  },
  serverNotBelieved: {
    step: 'serverCertificate',
    why: (about) => `The server’s certificate is not believed (${about.told}), ${namedRoot(about)}.`,
    next: () => 'Look at the chain above; --ca FILE names another root.',
  },
};

const client: Readonly<Record<ClientTroubleCode, Sentences>> = {
  clientCertificateMissing: {
    step: 'clientCertificate',
    why: ({ told }) => `The server demands a client certificate, and none was shown (${told}).`,
    next: ({ authorities }) =>
      `Show one with --cert FILE and --key FILE${authorities && `, issued under ${authorities}`}.`,
  },
  clientExpired: {
    step: 'clientCertificate',
    why: ({ subject, notAfter, told }) =>
      `The server refused the client certificate ${subject}: it expired at ${notAfter} (${told}).`,
    next: () => 'Renew it. If it is still good here, check the server’s clock.',
  },
  clientNotYetValid: {
    step: 'clientCertificate',
    why: ({ subject, notBefore, told }) =>
      `The server refused the client certificate ${subject}, which is not valid before ${notBefore} (${told}).`,
    next: () => 'Check the clocks of this machine, the server and the CA.',
  },
  clientWrongPurpose: {
    step: 'clientCertificate',
    why: ({ subject, told }) =>
      `The server refused the client certificate ${subject}: it is not one for clients (${told}).`,
    next: () => 'Use a certificate of the profile `client` or `peer`, whose extendedKeyUsage has clientAuth.',
  },
  clientUnknownCa: {
    step: 'clientCertificate',
    why: ({ subject, issuer, told }) =>
      `The server does not trust ${issuer}, the issuer of the client certificate ${subject} (${told}).`,
    next: ({ authorities }) =>
      `${authorities ? `It accepts ${authorities}. ` : ''}Show a certificate of a CA that the server trusts, with its whole chain; or let the server trust this one’s root.`,
  },
  clientRevoked: {
    step: 'clientCertificate',
    why: ({ subject, told, revoked }) =>
      revoked === ''
        ? `The server says that the client certificate ${subject} is revoked (${told}).`
        : `The server refused the client certificate ${subject}, which is revoked ${revoked} (${told}).`,
    next: () => 'Ask for a new one with a token; a revoked certificate cannot be renewed.',
  },
  clientRefused: {
    step: 'clientCertificate',
    why: ({ subject, told }) => `The server refused the client certificate ${subject} (${told}).`,
    next: () =>
      'Its log says why; revoked (--crl FILE or --revocation tells), unknown to the server’s own checks, or a CRL of the server that has expired look alike from here.',
  },
};

export const sentencesOf: Readonly<Record<TroubleCode, Sentences>> = { ...connection, ...server, ...client };
