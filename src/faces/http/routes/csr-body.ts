/** A CSR as products send it: in JSON, as raw DER (RFC 5967) or as PEM text; all become one SubmitInput. */
import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { SubmitBody, SubmitQuery } from '../../../api/certificate.ts';
import { decodeBase64, decodePem } from '../../../domain/der/pem.ts';
import { CaError } from '../../../domain/errors.ts';
import { refuse } from '../../../domain/refusal.ts';
import type { SubmitInput } from '../../../services/services.ts';
import type { Face } from '../face-deps.ts';

export const csrMediaTypes = ['application/pkcs10', 'application/x-pem-file', 'text/plain'] as const;

/** Lets the routes of `face` read CSRs that are not JSON; call it inside of their own plugin. */
export function addCsrParsers(face: Face): void {
  face.addContentTypeParser([...csrMediaTypes], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** `body` and `query` have passed their schemas. Throws CaError `badCSR` or `malformed`. */
export function submitInput(request: FastifyRequest, body: unknown, query: SubmitQuery): SubmitInput {
  const raw = body instanceof Uint8Array;
  if (!raw && Object.keys(query).length > 0) {
    throw new CaError('malformed', 'With a JSON body everything goes there, nothing into the query.', {
      reasons: Object.keys(query).map((field) => ({ code: 'unknownField', field, message: 'goes into the body' })),
    });
  }
  const { csrDer, ...options } = raw ? { csrDer: csrBytes(body), ...query } : fromJson(body as SubmitBody | undefined);
  const key = idempotencyKey(request);
  if (key === undefined) return { csrDer, ...options };
  return { csrDer, ...options, idempotency: { key, bodySha256: digestOf(request, csrDer, options) } };
}

function fromJson(body: SubmitBody | undefined): SubmitInput {
  if (!body) throw new CaError('malformed', 'There is no body. Send the CSR in JSON, as DER or as PEM.');
  const { csr, ...options } = body;
  return { csrDer: csrFromText(csr), ...options };
}

/** PEM is told from DER by its first octet: DER of a CSR starts with a SEQUENCE, 0x30. */
const csrBytes = (body: Uint8Array): Uint8Array =>
  body[0] === 0x30 ? body : decodePem(Buffer.from(body).toString('latin1'), 'CERTIFICATE REQUEST');

/** PEM or base64 of the DER, as JSON carries it; throws CaError `badCSR`. */
export function csrFromText(text: string): Uint8Array {
  if (text.includes('-----')) return decodePem(text, 'CERTIFICATE REQUEST');
  const der = decodeBase64(text.replace(/[\r\n]+/g, ''));
  return der ?? refuse([{ code: 'notBase64', field: 'csr', message: 'The CSR is neither PEM nor base64 of DER.' }]);
}

const maxKeyLength = 255;

/** The request's Idempotency-Key, if it has one; throws CaError `malformed` for what is none. */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  // Printable ASCII, and one value: Node joins repeated fields with a comma and a space.
  if (typeof key === 'string' && key.length <= maxKeyLength && /^[\x21-\x7e]+$/.test(key)) return key;
  throw new CaError('malformed', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', {
    reasons: [{ code: 'invalidField', field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
  });
}

/** Over everything that decides the answer: two ways to write the same request are the same request. */
function digestOf(request: FastifyRequest, csrDer: Uint8Array, options: Omit<SubmitInput, 'csrDer'>): string {
  const { profile = null, lifetimeSeconds = null, names = null } = options;
  const csrSha256 = hash('sha256', csrDer, 'hex');
  const path = (request.params as { serial?: string }).serial ?? null;
  return hash('sha256', JSON.stringify([path, csrSha256, profile, lifetimeSeconds, names]), 'hex');
}
