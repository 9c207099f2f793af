/** Takes `certificateHold` back (RFC 5280 §5.3.1: removeFromCRL). */
import { SerialPath } from '../../../api/certificate.ts';
import { NoQuery } from '../../../api/service.ts';
import { callerOf } from '../authentication.ts';
import { sendCertificate, wantedFormat } from '../certificate-formats.ts';
import { certificateJsonText } from '../certificate-json.ts';
import type { CertificateRouteDeps } from '../certificate-routes.ts';
import { certificateAnswer, problems, revokeProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';

export function addReleaseRoute(face: Face, deps: CertificateRouteDeps): void {
  const { services, urls, now, security } = deps;
  face.post(
    '/v1/certificates/:serial/release',
    {
      onRequest: deps.mayRevoke,
      schema: {
        operationId: 'releaseCertificate',
        tags: ['certificates'],
        summary: 'Release a certificate that is on hold',
        security,
        params: SerialPath,
        querystring: NoQuery,
        response: { 200: certificateAnswer('The certificate, good again.'), ...problems(...revokeProblems) },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const view = await services.releaseCertificate(callerOf(request), request.params.serial);
      return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, now()) });
    },
  );
}
