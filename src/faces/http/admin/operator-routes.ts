/** Operators: added with their first certificate, shown, given another role, removed with all their certificates, renewed. */
import { hash } from 'node:crypto';
import type { FastifyRequest, preHandlerAsyncHookHandler } from 'fastify';
import {
  OperatorAdded,
  OperatorBody,
  OperatorCertificateBody,
  OperatorJson,
  OperatorList,
  OperatorPath,
  OperatorRemoved,
  OperatorRoleBody,
} from '../../../api/operator.ts';
import { NoQuery } from '../../../api/service.ts';
import type { DistributionUrls, OperatorCertificateInput, OperatorView, Services } from '../../../services/services.ts';
import { callerOf } from '../arrival/authentication.ts';
import type { ConnectionRegistry } from '../arrival/connection-registry.ts';
import {
  certificateAnswer,
  jsonAnswer,
  operatorSecurity,
  problems,
  readProblems,
  submitProblems,
} from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { certificateJson, certificateJsonText } from '../json/certificate-json.ts';
import { rfc3339, rfc3339Ms } from '../json/rfc3339.ts';
import { sendCertificate, sendJson, wantedFormat } from '../routes/certificate-formats.ts';
import { csrFromText, idempotencyKey } from '../routes/csr-body.ts';
import type { May } from './may.ts';
import { isOwnName } from './require-permission.ts';

export interface OperatorRouteDeps {
  readonly services: Services;
  readonly connections: ConnectionRegistry;
  readonly urls: DistributionUrls;
  now(): number;
  readonly may: May;
  /** What lets an operator of any role act on itself. */
  readonly mayOnOthers: May;
}

const tags = ['operators'];
const shared = { tags, security: operatorSecurity, querystring: NoQuery };
const ofOne = { ...shared, params: OperatorPath };

export function addOperatorRoutes(face: Face, deps: OperatorRouteDeps): void {
  addReadRoutes(face, deps);
  addAddRoute(face, deps);
  addChangeRoutes(face, deps);
  addRenewRoute(face, deps);
}

function addReadRoutes(face: Face, { services, may }: OperatorRouteDeps): void {
  face.get(
    '/v1/operators',
    {
      onRequest: may('read'),
      schema: {
        ...shared,
        operationId: 'listOperators',
        summary: 'All operators, with the certificates that are good now',
        response: { 200: jsonAnswer('The operators, by name.', OperatorList), ...problems(...readProblems) },
      },
    },
    async (request, reply) => {
      const items = (await services.listOperators(callerOf(request))).map(operatorJson);
      return sendJson(reply, { items, nextCursor: null } satisfies OperatorList);
    },
  );

  face.get(
    '/v1/operators/:name',
    {
      onRequest: may('read'),
      schema: {
        ...ofOne,
        operationId: 'readOperator',
        summary: 'One operator, with the certificates that are good now',
        response: { 200: jsonAnswer('The operator.', OperatorJson), ...problems(...readProblems, 'notFound') },
      },
    },
    async (request, reply) =>
      sendJson(reply, operatorJson(await services.readOperator(callerOf(request), request.params.name))),
  );
}

function addAddRoute(face: Face, { services, urls, now, may }: OperatorRouteDeps): void {
  face.post(
    '/v1/operators',
    {
      onRequest: may('administer'),
      schema: {
        ...shared,
        operationId: 'addOperator',
        summary: 'Add an operator, and issue its first certificate',
        description:
          'Both or neither. The certificate’s subject is the name; the CSR holds the key, no names, and no other CN. `Idempotency-Key` is honoured.',
        body: OperatorBody,
        response: {
          201: jsonAnswer('The operator, with its certificate and chain in `issued`.', OperatorAdded),
          ...problems(...submitProblems),
        },
      },
    },
    async (request, reply) => {
      const { name, role } = request.body;
      const input = { ...certificateInput(request, request.body, { name, role }), name, role };
      const { issued, ...view } = await services.addOperator(callerOf(request), input);
      const body: OperatorAdded = { ...operatorJson(view), issued: certificateJson(issued, urls, now()) };
      return sendJson(reply.code(201), body);
    },
  );
}

function addChangeRoutes(face: Face, { services, connections, may }: OperatorRouteDeps): void {
  /** Who changes itself still gets the answer, and no more on this connection. Only now: a slow body spares nobody. */
  const endWithAnswer: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isOwnName(request)) return;
    connections.spare(request.raw.socket);
    reply.header('connection', 'close');
  };
  const guards = { onRequest: may('administer'), preHandler: endWithAnswer };

  face.put(
    '/v1/operators/:name',
    {
      ...guards,
      schema: {
        ...ofOne,
        operationId: 'changeOperatorRole',
        summary: 'Give an operator another role',
        description: 'Its open connections are closed.',
        body: OperatorRoleBody,
        response: {
          200: jsonAnswer('The operator.', OperatorJson),
          ...problems(...readProblems, 'notFound', 'lastAdmin', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const view = await services.changeOperatorRole(callerOf(request), name, request.body.role);
      return sendJson(reply, operatorJson(view));
    },
  );

  face.delete(
    '/v1/operators/:name',
    {
      ...guards,
      schema: {
        ...ofOne,
        operationId: 'removeOperator',
        summary: 'Remove an operator and revoke all its certificates',
        description: 'One act, with the reason privilegeWithdrawn. Its open connections are closed.',
        response: {
          200: jsonAnswer('What was revoked.', OperatorRemoved),
          ...problems(...readProblems, 'notFound', 'lastAdmin', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const revokedCertificates = [...(await services.removeOperator(callerOf(request), name))];
      return sendJson(reply, { name, revokedCertificates } satisfies OperatorRemoved);
    },
  );
}

function addRenewRoute(face: Face, { services, urls, now, mayOnOthers }: OperatorRouteDeps): void {
  face.post(
    '/v1/operators/:name/certificates',
    {
      onRequest: mayOnOthers('administer'),
      schema: {
        ...ofOne,
        operationId: 'issueOperatorCertificate',
        summary: 'A further certificate: for oneself in any role, for others as an admin',
        description:
          'It needs a new key. The certificates before it stay good until they expire or are revoked. Without the role admin it lives no longer than the one that is shown. `Idempotency-Key` is honoured.',
        body: OperatorCertificateBody,
        response: { 201: certificateAnswer('The certificate.'), ...problems(...submitProblems, 'notFound') },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const { name } = request.params;
      const input = certificateInput(request, request.body, { name });
      const view = await services.issueOperatorCertificate(callerOf(request), name, input);
      return sendCertificate(reply.code(201), format, { ...view, json: () => certificateJsonText(view, urls, now()) });
    },
  );
}

/** `decides`: what decides the answer beside the CSR and the lifetime. */
function certificateInput(
  request: FastifyRequest,
  { csr, lifetimeSeconds }: OperatorCertificateBody,
  decides: object,
): OperatorCertificateInput {
  const csrDer = csrFromText(csr);
  const input = { csrDer, ...(lifetimeSeconds !== undefined && { lifetimeSeconds }) };
  const key = idempotencyKey(request);
  if (key === undefined) return input;
  const facts = [request.routeOptions.url, decides, hash('sha256', csrDer, 'hex'), lifetimeSeconds ?? null];
  return { ...input, idempotency: { key, bodySha256: hash('sha256', JSON.stringify(facts), 'hex') } };
}

const operatorJson = ({ operator, certificates }: OperatorView): OperatorJson => ({
  name: operator.name,
  role: operator.role,
  createdAt: rfc3339Ms(operator.createdAt),
  certificates: certificates.map(({ serial, notBefore, notAfter, requestedBy }) => ({
    serial,
    notBefore: rfc3339(notBefore),
    notAfter: rfc3339(notAfter),
    requestedBy,
  })),
});
