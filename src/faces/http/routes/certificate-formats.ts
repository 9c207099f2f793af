/** The forms a certificate can be had in: JSON, PEM chain (RFC 8555 §9.1), DER (RFC 2585), PKCS#7 certs-only (RFC 8551 §3.8). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { negotiate } from '../accept.ts';
import { certificatePem, chainPem } from '../json/certificate-json.ts';

export const jsonMediaType = 'application/json';
export const jsonContentType = `${jsonMediaType}; charset=utf-8`;
export const pemChainMediaType = 'application/pem-certificate-chain';
export const derMediaType = 'application/pkix-cert';
const pkcs7MediaType = 'application/pkcs7-mime;smime-type=certs-only';

const formats = [jsonMediaType, pemChainMediaType, derMediaType, pkcs7MediaType] as const;
export type CertificateFormat = (typeof formats)[number];

/** Decided before any work is done: a certificate nobody can read must not be issued. Throws `notAcceptable`. */
export const wantedFormat = (request: FastifyRequest): CertificateFormat => negotiate(request.headers.accept, formats);

export interface ShownCertificate {
  readonly der: Uint8Array;
  readonly chainDer: readonly Uint8Array[];
  /** The JSON form as text, made only if that is the one that was asked for. */
  json(): string;
}

/** Sends the certificate: the PEM chain and PKCS#7 with its issuers, nearest first, DER alone. */
export function sendCertificate(
  reply: FastifyReply,
  format: CertificateFormat,
  shown: ShownCertificate,
): FastifyReply | Promise<FastifyReply> {
  reply.header('vary', 'accept');
  if (format === jsonMediaType) return sendJsonText(reply, shown.json());
  reply.header('content-type', format);
  const { der, chainDer } = shown;
  if (format === pkcs7MediaType) return sendPkcs7(reply, [der, ...chainDer]);
  if (format === derMediaType) return reply.send(Buffer.from(der.buffer, der.byteOffset, der.length));
  return reply.send(certificatePem(der) + chainDer.map(chainPem).join(''));
}

/** Few ask for it, and its encoder is a library that every start would load. */
async function sendPkcs7(reply: FastifyReply, certificatesDer: readonly Uint8Array[]): Promise<FastifyReply> {
  const { encodeCertificatesOnly } = await import('../../../domain/keystore/pkcs7.ts');
  return reply.send(Buffer.from(encodeCertificatesOnly(certificatesDer)));
}

/** JSON whose shape the compiler has checked: measured, generated serializers were no faster than JSON.stringify. */
export const sendJson = (reply: FastifyReply, value: object): FastifyReply =>
  sendJsonText(reply, JSON.stringify(value));

const sendJsonText = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('content-type', jsonContentType).send(text);
