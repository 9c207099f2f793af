/** Requests that wait for approval: what would be signed, and the verdicts of operators. */
import type { FastifyReply, onRequestAsyncHookHandler } from 'fastify';
import {
  ApproveBody,
  DenyBody,
  RequestJson,
  RequestList,
  RequestListQuery,
  RequestPath,
  RequestSummary,
} from '../../../api/request.ts';
import { NoQuery } from '../../../api/service.ts';
import type { Submitted } from '../../../services/services.ts';
import { callerOf } from '../arrival/authentication.ts';
import {
  certificateAnswer,
  changeProblems,
  jsonAnswer,
  operatorSecurity,
  problems,
  readProblems,
  submitProblems,
} from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { certificateJsonText, certificatePath } from '../json/certificate-json.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { listedRequestJson, requestJson, requestPath, requestSummary } from '../json/request-json.ts';
import { type CertificateFormat, sendCertificate, sendJson, wantedFormat } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';

const shared = { tags: ['requests'], security: operatorSecurity };

export function addRequestRoutes(face: Face, deps: FaceDeps, may: May): void {
  addRequestReads(face, deps, may('read'));
  addRequestVerdicts(face, deps, may('approve'));
}

function addRequestReads(face: Face, { services }: FaceDeps, onRequest: onRequestAsyncHookHandler[]): void {
  face.get(
    '/v1/requests',
    {
      onRequest,
      preValidation: integersInQuery('limit'),
      schema: {
        ...shared,
        operationId: 'listRequests',
        summary: 'Requests that needed approval, newest first, in pages',
        querystring: RequestListQuery,
        response: { 200: jsonAnswer('The requests.', RequestList), ...problems(...readProblems) },
      },
    },
    async (request, reply) => {
      const input = { limit: 100, ...request.query };
      const { items, nextCursor } = await services.listRequests(callerOf(request), input);
      return sendJson(reply, { items: items.map(listedRequestJson), nextCursor } satisfies RequestList);
    },
  );

  face.get(
    '/v1/requests/:id',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'readRequest',
        summary: 'One request with exactly what would be signed, beside the certificate that the product has',
        params: RequestPath,
        querystring: NoQuery,
        response: { 200: jsonAnswer('The request.', RequestJson), ...problems(...readProblems, 'notFound') },
      },
    },
    async (request, reply) =>
      sendJson(reply, requestJson(await services.readRequest(callerOf(request), request.params.id))),
  );
}

function addRequestVerdicts(face: Face, deps: FaceDeps, onRequest: onRequestAsyncHookHandler[]): void {
  const { services } = deps;
  const approved = approvedAnswer(deps);

  face.post(
    '/v1/requests/:id/approve',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'approveRequest',
        summary: 'Approve a request; with the last approval that is needed the certificate is issued',
        description:
          'Nobody approves their own request, nor one twice. When the signer is away the request stays approved: it is tried again by itself, or by approving again.',
        params: RequestPath,
        querystring: NoQuery,
        body: ApproveBody,
        response: {
          201: certificateAnswer('The certificate, recorded.'),
          202: jsonAnswer('Another operator must approve it, too.', RequestSummary),
          ...problems(...submitProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const { comment = '' } = request.body;
      return approved(reply, format, await services.approveRequest(callerOf(request), request.params.id, comment));
    },
  );

  face.post(
    '/v1/requests/:id/deny',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'denyRequest',
        summary: 'Deny a request; the requester is shown the comment',
        params: RequestPath,
        querystring: NoQuery,
        body: DenyBody,
        response: {
          200: jsonAnswer('The request, denied.', RequestSummary),
          ...problems(...changeProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const { comment } = request.body;
      return sendJson(reply, requestSummary(await services.denyRequest(callerOf(request), request.params.id, comment)));
    },
  );
}

const approvedAnswer =
  ({ urls, now }: FaceDeps) =>
  (reply: FastifyReply, format: CertificateFormat, outcome: Submitted): FastifyReply | Promise<FastifyReply> => {
    if (outcome.kind === 'request') {
      reply.code(202).header('location', requestPath(outcome.request.id));
      return sendJson(reply, requestSummary(outcome.request));
    }
    const { view } = outcome;
    reply.code(201).header('location', certificatePath(view.record.serial));
    return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, now()) });
  };
