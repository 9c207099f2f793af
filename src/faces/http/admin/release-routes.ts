/** Takes `certificateHold` back (RFC 5280 §5.3.1: removeFromCRL). */
import { SerialPath } from '../../../api/certificate.ts';
import { NoQuery } from '../../../api/service.ts';
import { callerOf } from '../arrival/authentication.ts';
import { certificateAnswer, problems, revokeProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { certificateJsonText } from '../json/certificate-json.ts';
import { sendCertificate, wantedFormat } from '../routes/certificate-formats.ts';
import type { CertificateRouteDeps } from '../routes/certificate-routes.ts';

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
        description:
          'Takes `certificateHold` back, the one reason that can be: it is good again, and leaves the list within 5 seconds.',
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
