/** The TLS context of a face (RFC 8446, RFC 5246): no resumption, no renegotiation, replaceable while it runs. */
import { constants } from 'node:crypto';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Face, TlsMaterial } from '../face-deps.ts';

/**
 * `optional` asks for a certificate, and lets every peer in: who it is, the inventory decides for
 * each request. `required` refuses, in the handshake, whoever has no certificate of `ca`.
 */
export type ClientCertificate = 'optional' | 'required';

/** Without tickets, session cache and renegotiation the certificate of a socket is the one its own handshake proved. */
const noResumption = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/** RFC 9325 §4.2: forward secrecy and authenticated encryption, or none; for TLS 1.3, which has no other, those of RFC 8446 §9.1. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':');

const contextOptions = (material: TlsMaterial): SecureContextOptions => ({
  cert: material.cert,
  key: material.key,
  ca: [...material.ca],
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers,
  secureOptions: noResumption,
});

export const tlsServerOptions = (
  material: TlsMaterial,
  client: ClientCertificate,
  handshakeMs: number,
): ServerOptions => ({
  ...contextOptions(material),
  requestCert: true,
  rejectUnauthorized: client === 'required',
  handshakeTimeout: handshakeMs,
});

/** New handshakes use `material` from now on; open connections keep theirs. The face must have been built with TLS. */
export function replaceTlsMaterial(face: Face, material: TlsMaterial): void {
  (face.server as unknown as HttpsServer).setSecureContext(contextOptions(material));
}
