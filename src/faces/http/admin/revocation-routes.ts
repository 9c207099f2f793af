/** Revokes the certificate that an operator has in hand, which the inventory may lack. */
import {
  RevocationBody,
  RevokedCertificateJson as Revoked,
  type RevokedCertificateJson,
} from '../../../api/certificate.ts';
import { NoQuery } from '../../../api/service.ts';
import { decodePem } from '../../../domain/der/pem.ts';
import { CaError } from '../../../domain/errors.ts';
import { refuse } from '../../../domain/refusal.ts';
import { type ParsedCertificate, parseCertificate } from '../../../domain/x509/certificate.ts';
import { formatName } from '../../../domain/x509/name.ts';
import type { DistributionUrls, RevokedCertificate } from '../../../services/services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { jsonAnswer, problems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { revocationSummary } from '../json/certificate-summary.ts';
import { rfc3339 } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import { type CertificateRouteDeps, refuseReason, revoking, spareIfOwn } from '../routes/certificate-routes.ts';

export function addRevocationRoute(face: Face, deps: CertificateRouteDeps): void {
  const { services, urls, security } = deps;
  face.post(
    '/v1/revocations',
    {
      onRequest: deps.mayRevoke,
      schemaErrorFormatter: refuseReason,
      schema: {
        operationId: 'revokeByCertificate',
        tags: ['certificates'],
        summary: 'Revoke the certificate that is shown, also one that the inventory does not have',
        description:
          'For what was issued after the backup from which the inventory was restored: a key of an authority must have signed it. ' +
          'Such a certificate is revoked for good, never held: it is durable before the answer, OCSP says so at once, and its serial is on the list within 5 seconds, until it expires. ' +
          'With `keyCompromise` its key is never certified again, and what else has it is revoked, too. One that the inventory has is revoked as by its serial.',
        security,
        querystring: NoQuery,
        body: RevocationBody,
        response: {
          200: jsonAnswer('What was revoked.', Revoked),
          ...problems(...deps.revokeProblems, 'policyRefused', 'payloadTooLarge', 'unsupportedMediaType', 'overloaded'),
        },
      },
    },
    async (request, reply) => {
      const certificate = readCertificate(request.body.certificate);
      spareIfOwn(deps, request, reply, certificate.serial);
      const revoked = await services.revokeByCertificate(callerOf(request), certificate, revoking(request.body));
      return sendJson(reply, revokedJson(revoked, urls));
    },
  );
}

function readCertificate(pem: string): ParsedCertificate {
  try {
    return parseCertificate(decodePem(pem, 'CERTIFICATE'));
  } catch (cause) {
    if (!(cause instanceof CaError)) throw cause;
    const message = `The certificate cannot be read: ${cause.message}`;
    return refuse([{ code: 'badCertificate', message, field: 'certificate' }], cause);
  }
}

const revokedJson = (
  { certificate, issuer, revocation, recorded }: RevokedCertificate,
  urls: DistributionUrls,
): RevokedCertificateJson => ({
  serial: certificate.serial,
  subject: formatName(certificate.subject),
  issuer,
  notAfter: rfc3339(certificate.notAfter),
  revocation: revocationSummary(revocation),
  recorded,
  links: { crl: urls.crl(issuer), ocsp: urls.ocsp(issuer) },
});
