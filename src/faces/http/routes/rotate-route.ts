/** `POST /v1/certificates/{serial}/rotate`: a certificate is followed by its successor, alike for products and operators. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { SerialPath, SubmitQuery } from '../../../api/certificate.ts';
import type { createAdmission } from '../arrival/admission.ts';
import { callerOf } from '../arrival/authentication.ts';
import { certificateAnswer, problems, submitProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { wantedFormat } from './certificate-formats.ts';
import { submitInput } from './csr-body.ts';
import { createdAnswer, csrBody, pendingAnswer } from './issuing-answers.ts';

export interface RotateRouteDeps extends Pick<FaceDeps, 'services' | 'urls' | 'now'> {
  readonly admit: ReturnType<typeof createAdmission>;
  readonly mayRotate: onRequestAsyncHookHandler | onRequestAsyncHookHandler[];
  readonly security: readonly Record<string, readonly string[]>[];
  /** Who may ask, for OpenAPI. */
  readonly who: string;
}

/** `scope` reads CSRs that are not JSON: see csr-body.ts. */
export function addRotateRoute(scope: Face, deps: RotateRouteDeps): void {
  const { services, admit, security, who } = deps;
  const created = createdAnswer(deps);
  scope.post(
    '/v1/certificates/:serial/rotate',
    {
      onRequest: deps.mayRotate,
      preValidation: integersInQuery('lifetimeSeconds'),
      schema: {
        operationId: 'rotateCertificate',
        tags: ['certificates'],
        summary: 'Follow a certificate by its successor: same names, same profile, a new key',
        description:
          `${who} A certificate has one successor: asked again with its key, the answer is the same; with another key, ` +
          'or two at once, `conflict` names it as the `value` of `certificateRotated`. A certificate that is revoked or has ' +
          'expired is `unauthorized`: enrol again with a token.',
        security,
        params: SerialPath,
        body: csrBody,
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
}
