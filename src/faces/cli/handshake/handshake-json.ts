/** A handshake for programs: everything that the diagram shows, and the troubles by their codes. */
import { parseSerial } from '../../../domain/x509/serial.ts';
import { factsOfChain } from './certificate-facts.ts';
import type { Trouble } from './diagnose.ts';
import { askedForCertificate, chainOf, helloOf, httpAnswer, refusalOf, type Seen } from './seen.ts';

export function handshakeJson(seen: Seen, troubles: readonly Trouble[]) {
  const { request, result, messages, roots, trust } = seen;
  const { versions = [], ciphers = [], groups = [] } = helloOf(seen, 'client') ?? {};
  return {
    server: `${request.host}:${request.port}`,
    servername: request.servername,
    starttls: request.starttls ?? null,
    trust,
    protocol: result.protocol ?? null,
    cipher: result.cipher ?? null,
    group: result.group ?? null,
    offered: { versions, ciphers, groups },
    serverTrusted: result.connected && result.distrust === undefined,
    distrust: result.distrust ?? null,
    certificateRequested: askedForCertificate(seen),
    serverChain: factsOfChain(chainOf(seen, 'server'), roots),
    clientChain: factsOfChain(chainOf(seen, 'client'), roots),
    revocation: seen.revocation.map(({ side, certificate, by, word }) => ({
      side,
      serial: parseSerial(certificate.serialNumber) ?? '0',
      by,
      ...word,
      ...(word.state === 'revoked' && { at: new Date(word.at * 1000).toISOString() }),
    })),
    refusal: refusalOf(seen) ?? null,
    resumption: result.resumption ?? null,
    httpStatus: httpAnswer(seen)?.status ?? null,
    error: result.error ?? null,
    troubles,
    messages: messages.map(({ from, name, authorities, signatureScheme, alert }) => ({
      from,
      name,
      ...(name === 'Certificate' && {
        certificates: factsOfChain(chainOf(seen, from), roots).map(({ serial }) => serial),
      }),
      ...(name === 'CertificateRequest' && { authorities }),
      ...(signatureScheme && { signatureScheme }),
      ...(alert && { alert: alert.description }),
    })),
  };
}
