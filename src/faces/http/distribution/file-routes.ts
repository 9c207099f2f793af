/** CRLs (RFC 5280 §5) and issuers' certificates (RFC 5280 §4.2.2.1) as files that caches understand (RFC 2585). */
import { AuthorityFilePath } from '../../../api/service.ts';
import { encodePem } from '../../../domain/der/pem.ts';
import type { PublishedCrl } from '../../../services/revoking/published-crl.ts';
import type { Services } from '../../../services/services.ts';
import { bytesAnswer, commonProblems, problems, textAnswer } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { etagOf, type PublishedBytes, revocationMaxAgeSeconds, sendPublished } from '../published-bytes.ts';
import { derMediaType } from '../routes/certificate-formats.ts';

const issuerMaxAgeSeconds = 3600;

const open = { tags: ['revocation'], security: [] };

export function addCrlRoutes(face: Face, services: Pick<Services, 'crl'>, now: () => number): void {
  face.get(
    '/crl/:authority.crl',
    {
      schema: {
        operationId: 'crl',
        ...open,
        summary: 'The CRL of an authority, DER',
        params: AuthorityFilePath,
        response: {
          200: bytesAnswer('The newest CRL.', 'application/pkix-crl'),
          304: { description: 'The peer has it already.' },
          ...problems(...commonProblems, 'notFound', 'signerUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const crl = await services.crl(request.params.authority);
      const form = { bytes: crl.der, mediaType: 'application/pkix-crl', etag: crl.etag };
      return sendPublished(request, reply, published(crl, form, now()), now());
    },
  );

  face.get(
    '/crl/:authority.pem',
    {
      schema: {
        operationId: 'crlPem',
        ...open,
        summary: 'The CRL of an authority, PEM',
        params: AuthorityFilePath,
        response: {
          200: textAnswer('The newest CRL.', 'application/x-pem-file'),
          304: { description: 'The peer has it already.' },
          ...problems(...commonProblems, 'notFound', 'signerUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const crl = await services.crl(request.params.authority);
      const bytes = crlPem(crl.der);
      // Another representation has another validator (RFC 9110 §8.8.3).
      const form = { bytes, mediaType: 'application/x-pem-file', etag: crl.etag.replace(/"$/, '-pem"') };
      return sendPublished(request, reply, published(crl, form, now()), now());
    },
  );
}

type CrlForm = Pick<PublishedBytes, 'bytes' | 'mediaType' | 'etag'>;

const published = ({ thisUpdate, nextUpdate }: PublishedCrl, form: CrlForm, now: number): PublishedBytes => ({
  ...form,
  lastModified: thisUpdate,
  maxAgeSeconds: Math.max(0, Math.min(revocationMaxAgeSeconds, Math.floor(nextUpdate - now / 1000))),
});

const crlPems = new WeakMap<Uint8Array, string>();

/** A long list is encoded once, however many ask for it. */
function crlPem(der: Uint8Array): string {
  const pem = crlPems.get(der) ?? encodePem('X509 CRL', der);
  crlPems.set(der, pem);
  return pem;
}

export function addCertificateFileRoutes(
  face: Face,
  services: Pick<Services, 'authorityGeneration' | 'externalAuthority'>,
  now: () => number,
): void {
  face.get(
    '/aia/:authority.cer',
    {
      schema: {
        operationId: 'issuerCertificate',
        tags: ['trust'],
        security: [],
        summary: 'The certificate of an authority, DER, where its certificates point to',
        params: AuthorityFilePath,
        response: {
          200: bytesAnswer('The certificate.', derMediaType),
          304: { description: 'The peer has it already.' },
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const name = request.params.authority;
      const elsewhere = await services.externalAuthority(name);
      const { certificate, certificateDer } = elsewhere
        ? { certificate: elsewhere.parsed, certificateDer: elsewhere.external.certificateDer }
        : await services.authorityGeneration(name);
      const file: PublishedBytes = {
        bytes: certificateDer,
        mediaType: derMediaType,
        etag: etagOf(certificateDer),
        lastModified: certificate.notBefore,
        maxAgeSeconds: issuerMaxAgeSeconds,
      };
      return sendPublished(request, reply, file, now());
    },
  );
}
