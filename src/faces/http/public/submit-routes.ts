/** Where certificates come from: a CSR is submitted, or a certificate is followed by its successor. */
import type { FastifyReply, onRequestAsyncHookHandler } from 'fastify';
import { SerialPath, SubmitBody, SubmitQuery } from '../../../api/certificate.ts';
import type { Submitted } from '../../../services/services.ts';
import { createAdmission } from '../admission.ts';
import { callerOf } from '../authentication.ts';
import { sendCertificate, wantedFormat } from '../certificate-formats.ts';
import { certificateJsonText, certificatePath } from '../certificate-json.ts';
import { addCsrParsers, csrMediaTypes, submitInput } from '../csr-body.ts';
import { certificateAnswer, problems, submitProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { integersInQuery } from '../integers-in-query.ts';
import { pendingAnswer, sendPending } from './collect-routes.ts';

/** Only JSON has a shape to check here; the other forms are a CSR and nothing else, which csr-body.ts reads. */
const body = {
  description: 'A PKCS#10 certification request: in JSON, as DER (`application/pkcs10`) or as PEM text.',
  content: {
    'application/json': { schema: SubmitBody },
    ...Object.fromEntries(csrMediaTypes.map((mediaType) => [mediaType, { schema: {} }])),
  },
};

const tags = ['certificates'];

export function addSubmitRoutes(face: Face, deps: FaceDeps, authenticated: onRequestAsyncHookHandler): void {
  const { services } = deps;
  const admit = createAdmission(deps.limits.submitsInFlight);
  const created = createdAnswer(deps);
  const common = { onRequest: authenticated, preValidation: integersInQuery('lifetimeSeconds') };

  // A scope of its own: only these routes read CSRs that are not JSON.
  face.register(async (scope: Face) => {
    addCsrParsers(scope);

    scope.post(
      '/v1/certificates',
      {
        ...common,
        schema: {
          operationId: 'submitRequest',
          tags,
          summary: 'Submit a CSR and get the certificate, or a request that waits for approval',
          description: 'With a token, or over mTLS with a certificate of the same product. Raw CSRs take the query.',
          security: [{ enrolmentToken: [] }, { clientCertificate: [] }],
          body,
          querystring: SubmitQuery,
          response: {
            201: certificateAnswer('The certificate, recorded.'),
            202: pendingAnswer,
            ...problems(...submitProblems),
          },
        },
      },
      async (request, reply) => {
        const format = wantedFormat(request);
        const input = submitInput(request, request.body, request.query);
        const submitted = await admit(() => services.submitRequest(callerOf(request), input));
        return created(reply, format, submitted);
      },
    );

    scope.post(
      '/v1/certificates/:serial/rotate',
      {
        ...common,
        schema: {
          operationId: 'rotateCertificate',
          tags,
          summary: 'Follow a certificate by its successor: same names, same profile, a new key',
          description: 'Over mTLS with the certificate itself.',
          security: [{ clientCertificate: [] }],
          params: SerialPath,
          body,
          querystring: SubmitQuery,
          response: {
            201: certificateAnswer('The successor, recorded.'),
            202: pendingAnswer,
            ...problems(...submitProblems, 'notFound'),
          },
        },
      },
      async (request, reply) => {
        const format = wantedFormat(request);
        const input = submitInput(request, request.body, request.query);
        const { serial } = request.params;
        const submitted = await admit(() => services.rotateCertificate(callerOf(request), serial, input));
        return created(reply, format, submitted);
      },
    );
  });
}

type CreatedAnswer = (
  reply: FastifyReply,
  format: ReturnType<typeof wantedFormat>,
  submitted: Submitted,
) => FastifyReply | Promise<FastifyReply>;

const createdAnswer =
  ({ urls, now }: Pick<FaceDeps, 'urls' | 'now'>): CreatedAnswer =>
  (reply, format, submitted) => {
    if (submitted.kind === 'request') return sendPending(reply, submitted.request);
    const { view } = submitted;
    reply.code(201).header('location', certificatePath(view.record.serial));
    // As of its issue, so that an answer that is repeated is the same, byte for byte.
    const asOf = view.record.issuedAt ?? now();
    return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, asOf) });
  };
