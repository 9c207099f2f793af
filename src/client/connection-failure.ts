/** Turns what TLS, the network and HTTP report into one ClientFailure with a sentence; the one table of their codes. */
import { ClientFailure, type ClientFailureCode } from './failure.ts';

/** Codes of Node's network and TLS layers, of OpenSSL's verification (X509_V_ERR_*) and alerts, and of llhttp. */
const failureOf: Readonly<Record<string, ClientFailureCode>> = {
  ENOTFOUND: 'addressUnknown',
  EAI_AGAIN: 'addressUnknown',
  ECONNREFUSED: 'connectionRefused',
  EHOSTUNREACH: 'connectionRefused',
  ENETUNREACH: 'connectionRefused',
  ECONNRESET: 'connectionBroken',
  EPIPE: 'connectionBroken',
  ETIMEDOUT: 'timeout',
  ERR_SSL_WRONG_VERSION_NUMBER: 'notTls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'notTls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'notTrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'notTrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'notTrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'notTrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'notTrusted',
  CERT_SIGNATURE_FAILURE: 'notTrusted',
  CERT_UNTRUSTED: 'notTrusted',
  INVALID_CA: 'notTrusted',
  INVALID_PURPOSE: 'notTrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrongName',
  CERT_HAS_EXPIRED: 'outOfTime',
  CERT_NOT_YET_VALID: 'outOfTime',
  HPE_HEADER_OVERFLOW: 'answerTooLarge',
};

/** OpenSSL names alerts differently from version to version: `TLSV13_ALERT_CERTIFICATE_REQUIRED`, `SSL/TLS_ALERT_BAD_CERTIFICATE`. */
const alertAboutOurCertificate = /ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

/** What the person is told of each; `host` is `host:port` of the service. */
const sentences: Readonly<Record<ClientFailureCode, (host: string) => string>> = {
  addressUnknown: (host) =>
    `The name of ${host} cannot be resolved. Check the address given with --url or --admin-url, or as service.url in the agent’s file.`,
  connectionRefused: (host) =>
    `Nothing answers at ${host}. Is the service running there? Start it, or check the address.`,
  connectionBroken: (host) =>
    `${host} closed the connection before it had answered. Its admin face does so when it does not accept the client certificate.`,
  timeout: (host) => `${host} did not answer in time. It may be overloaded or unreachable; try again.`,
  notTls: (host) => `${host} does not speak TLS. Check the port: 8443 is the public face, 9443 the admin face.`,
  notTrusted: (host) =>
    `The certificate of ${host} does not chain to the authority you trust. Check the file given with --ca, or as service.ca in the agent’s file: it is trust/system.pem of that service.`,
  wrongName: (host) => `The certificate of ${host} is for other names. Use the host name it was made for.`,
  outOfTime: (host) => `The certificate of ${host} is expired or not valid yet. Check the clocks of both machines.`,
  ownCertificateMissing: (host) =>
    `${host} demands a client certificate, as the admin face does, and none was shown. Check the address, or show one.`,
  ownCertificateRefused: (host) =>
    `${host} refused the client certificate. It may be revoked, expired or of another service.`,
  ownCertificateUnusable: () =>
    'The CA, certificate or key for the connection cannot be used: not PEM, encrypted, or the key is another certificate’s.',
  answerTooLarge: (host) => `The answer of ${host} is larger than any it should give; it was not read to its end.`,
  badAnswer: (host) =>
    `The answer of ${host} is not one of this service’s. Is something else listening there, or another version?`,
};

export const failure = (code: ClientFailureCode, host: string, cause?: unknown): ClientFailure =>
  new ClientFailure(code, sentences[code](host), cause);

/** A refusal in words that are not this service's: mostly a proxy's whose service is away. */
export const foreignRefusal = (status: number, host: string): ClientFailure =>
  new ClientFailure(
    'badAnswer',
    `${host} answered ${status}, and not as this service does. Is a proxy in between, or something else listening there?`,
  );

/** `error` as thrown while connecting or reading; a ClientFailure passes, what is not the connection's is rethrown. */
export function connectionFailure(error: unknown, host: string): ClientFailure {
  if (error instanceof ClientFailure) return error;
  const code = codeOf(error);
  if (code === undefined) throw error;
  return failure(code, host, error);
}

function codeOf(error: unknown): ClientFailureCode | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    const known = failureOf[code] ?? unlisted(code);
    if (known) return known;
  }
  // Several addresses of one name that all failed come as an AggregateError; the first one speaks for all.
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner === undefined ? undefined : codeOf(inner);
}

function unlisted(code: string): ClientFailureCode | undefined {
  if (code.endsWith('ALERT_CERTIFICATE_REQUIRED')) return 'ownCertificateMissing';
  if (alertAboutOurCertificate.test(code)) return 'ownCertificateRefused';
  if (/^ERR_(SSL|TLS)_/.test(code)) return 'connectionBroken';
  // llhttp's: what came is not HTTP.
  return code.startsWith('HPE_') ? 'badAnswer' : undefined;
}
