/** Where certificates come from: a CSR is submitted, or a certificate is followed by its successor. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { SubmitQuery } from '../../../api/certificate.ts';
import { createAdmission } from '../arrival/admission.ts';
import { callerOf } from '../arrival/authentication.ts';
import { certificateAnswer, problems, submitProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { wantedFormat } from '../routes/certificate-formats.ts';
import { addCsrParsers, submitInput } from '../routes/csr-body.ts';
import { createdAnswer, csrBody, pendingAnswer } from '../routes/issuing-answers.ts';
import { addRotateRoute } from '../routes/rotate-route.ts';

export function addSubmitRoutes(face: Face, deps: FaceDeps, authenticated: onRequestAsyncHookHandler): void {
  const { services } = deps;
  const admit = createAdmission(deps.limits.submitsInFlight);
  const created = createdAnswer(deps);
  const security = [{ enrolmentToken: [] }, { clientCertificate: [] }];

  // A scope of its own: only these routes read CSRs that are not JSON.
  face.register(async (scope: Face) => {
    addCsrParsers(scope);

    scope.post(
      '/v1/certificates',
      {
        onRequest: authenticated,
        preValidation: integersInQuery('lifetimeSeconds'),
        schema: {
          operationId: 'submitRequest',
          tags: ['certificates'],
          summary: 'Submit a CSR and get the certificate, or a request that waits for approval',
          description: 'With a token, or over mTLS with a certificate of the same product. Raw CSRs take the query.',
          security,
          body: csrBody,
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

    const who = 'Over mTLS with the certificate itself, or with a token of its product and profile.';
    addRotateRoute(scope, { ...deps, admit, mayRotate: authenticated, security, who });
  });
}
