/** Reading, listing and revoking certificates, alike on the public and the admin face; who may see what, services say. */
import type { FastifyReply, FastifyRequest, FastifySchemaValidationError, onRequestAsyncHookHandler } from 'fastify';
import { type ProductRevokeBody, type RevokeBody, SerialPath } from '../../../api/certificate.ts';
import { CertificateList, CertificateListQuery } from '../../../api/certificate-list.ts';
import { NoQuery } from '../../../api/service.ts';
import { CaError, type CaErrorCode } from '../../../domain/errors.ts';
import { parseSerial } from '../../../domain/x509/serial.ts';
import { callerOf } from '../arrival/authentication.ts';
import type { ConnectionRegistry } from '../arrival/connection-registry.ts';
import { certificateAnswer, problems, readProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { certificateJsonText } from '../json/certificate-json.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { unixSeconds } from '../json/unix-time.ts';
import { malformedRequest } from '../problems/validation-reasons.ts';
import { sendCertificate, wantedFormat } from './certificate-formats.ts';
import { createListAnswer } from './certificate-list.ts';

export interface CertificateRouteDeps extends FaceDeps {
  readonly connections: ConnectionRegistry;
  /** How callers are known here, and what OpenAPI calls it. */
  readonly mayRead: onRequestAsyncHookHandler | onRequestAsyncHookHandler[];
  readonly mayRevoke: onRequestAsyncHookHandler | onRequestAsyncHookHandler[];
  readonly security: readonly Record<string, readonly string[]>[];
  /** With the reasons that callers of this face may give. */
  readonly revokeBody: typeof RevokeBody | typeof ProductRevokeBody;
  readonly revokeProblems: readonly CaErrorCode[];
}

const tags = ['certificates'];

export function addReadRoutes(face: Face, deps: CertificateRouteDeps): void {
  const { services, urls, now, security } = deps;
  const answerList = createListAnswer(services);

  face.get(
    '/v1/certificates/:serial',
    {
      onRequest: deps.mayRead,
      schema: {
        operationId: 'readCertificate',
        tags,
        summary: 'One certificate',
        security,
        params: SerialPath,
        querystring: NoQuery,
        response: {
          200: certificateAnswer('The certificate.'),
          ...problems(...readProblems, 'notFound', 'notAcceptable', 'conflict'),
        },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const view = await services.readCertificate(callerOf(request), request.params.serial);
      return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, now()) });
    },
  );

  face.get(
    '/v1/certificates',
    {
      onRequest: deps.mayRead,
      preValidation: integersInQuery('limit'),
      schema: {
        operationId: 'listCertificates',
        tags,
        summary: 'Certificates that match all filters',
        description: 'JSON comes in pages; CSV and NDJSON hold everything, unless `limit` says how many.',
        security,
        querystring: CertificateListQuery,
        response: {
          200: {
            description: 'The certificates.',
            content: {
              'application/json': { schema: CertificateList },
              'text/csv': { schema: { type: 'string' } },
              'application/x-ndjson': { schema: { type: 'string' } },
            },
          },
          ...problems(...readProblems, 'notAcceptable'),
        },
      },
    },
    async (request, reply) => answerList(request, reply, request.query),
  );
}

export function addRevokeRoute(face: Face, deps: CertificateRouteDeps): void {
  const { services, urls, now, security } = deps;
  face.post(
    '/v1/certificates/:serial/revoke',
    {
      onRequest: deps.mayRevoke,
      schemaErrorFormatter: refuseReason,
      schema: {
        operationId: 'revokeCertificate',
        tags,
        summary: 'Revoke a certificate, for good or on hold',
        description:
          'It is durable before the answer; OCSP says so at once, the list (CRL) within 5 seconds, and connections that were opened with it are closed. With `keyCompromise` the key is never certified again, and its other certificates are revoked, too: all of them where an operator says so, those of the product where a product does.',
        security,
        params: SerialPath,
        querystring: NoQuery,
        body: deps.revokeBody,
        response: { 200: certificateAnswer('The certificate, revoked.'), ...problems(...deps.revokeProblems) },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      spareIfOwn(deps, request, reply, parseSerial(request.params.serial));
      const view = await services.revokeCertificate(callerOf(request), request.params.serial, revoking(request.body));
      return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, now()) });
    },
  );
}

/** A reason that is not among those of the schema has a code of its own (RFC 8555 §6.7), if nothing else is wrong. */
export function refuseReason(findings: FastifySchemaValidationError[], part: string): CaError {
  const [finding, ...others] = findings;
  const malformed = malformedRequest(findings, part);
  if (finding?.instancePath !== '/reason' || finding.keyword !== 'enum' || others.length > 0) return malformed;
  const allowed = (finding.params.allowedValues as readonly string[]).join(', ');
  const { reasons } = malformed;
  return new CaError('badRevocationReason', `This is no reason you may give. Use one of: ${allowed}.`, { reasons });
}

/** A caller may revoke its own: its sockets are closed at once, and this one stays for as long as the answer takes. */
export function spareIfOwn(
  { connections }: Pick<CertificateRouteDeps, 'connections'>,
  request: FastifyRequest,
  reply: FastifyReply,
  serial: string | undefined,
): void {
  const caller = callerOf(request);
  if (caller.kind === 'token' || caller.serial !== serial) return;
  connections.spare(request.raw.socket);
  reply.header('connection', 'close');
}

export const revoking = ({ reason, invalidityDate }: RevokeBody): { reason: string; invalidityDate?: number } => ({
  reason,
  ...unixSeconds({ invalidityDate }),
});
