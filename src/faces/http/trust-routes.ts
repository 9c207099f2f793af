/** What anybody may fetch to build and check a chain: authorities, their certificates, the roots of an environment. */
import { hash } from 'node:crypto';
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuthorityJson, AuthorityList, AuthorityPath, EnvironmentPath, TrustBundleJson } from '../../api/service.ts';
import { encodeTrustStore } from '../../domain/keystore/pkcs12.ts';
import type { Services } from '../../services/services.ts';
import { pemChainMediaType, sendCertificate, sendJson, wantedFormat } from './certificate-formats.ts';
import { authorityJson, chainPem, externalAuthorityJson } from './certificate-json.ts';
import { bytesAnswer, certificateAnswer, commonProblems, jsonAnswer, problems, textAnswer } from './documentation.ts';
import type { Face } from './face-deps.ts';
import { contentEtag, etagOf, type PublishedBytes, sendPublished } from './published-bytes.ts';

type TrustServices = Pick<
  Services,
  'listAuthorities' | 'authority' | 'trustBundle' | 'listExternalAuthorities' | 'externalAuthority'
>;

const tags = ['trust'];
const trustMaxAgeSeconds = 300;

/** `guards` run before each route; without any, everybody may ask. */
export function addAuthorityRoutes(
  face: Face,
  services: TrustServices,
  guards: onRequestAsyncHookHandler[] = [],
): void {
  const security = guards.length > 0 ? [{ operatorCertificate: [] }] : [];
  face.get(
    '/v1/authorities',
    {
      onRequest: guards,
      schema: {
        operationId: 'listAuthorities',
        tags,
        summary: 'All authorities with their certificates, an item for each generation',
        security,
        response: { 200: jsonAnswer('The authorities.', AuthorityList), ...problems(...commonProblems) },
      },
    },
    async (_request, reply) => {
      const items = [
        ...(await services.listAuthorities()).map(authorityJson),
        ...(await services.listExternalAuthorities()).map(externalAuthorityJson),
      ];
      return sendJson(reply, { items } satisfies AuthorityList);
    },
  );

  face.get(
    '/v1/authorities/:name/certificate',
    {
      onRequest: guards,
      schema: {
        operationId: 'authorityCertificate',
        tags,
        summary: 'The certificate in force of one authority, or of one of its generations',
        security,
        params: AuthorityPath,
        response: {
          200: certificateAnswer('The certificate.', AuthorityJson),
          ...problems(...commonProblems, 'notFound', 'notAcceptable'),
        },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const { name } = request.params;
      const elsewhere = await services.externalAuthority(name);
      const own = elsewhere ? undefined : await services.authority(name);
      const der = elsewhere?.external.certificateDer ?? own!.certificateDer;
      const json = () => JSON.stringify(elsewhere ? externalAuthorityJson(elsewhere) : authorityJson(own!));
      return sendCertificate(reply, format, { der, chainDer: [], json });
    },
  );
}

/** The convention of every Java manual. It protects nothing: roots are public, and trusted for how the file was fetched. */
const trustStorePassword = 'changeit';

const p12MediaType = 'application/x-pkcs12';

/** Deriving the key of its MAC takes 10,000 hashes, so that a store is made once for as long as its roots are. */
function createTrustStores(): (environment: string, roots: readonly Uint8Array[]) => PublishedBytes {
  const kept = new Map<string, { readonly digest: string; readonly store: PublishedBytes }>();
  return (environment, roots) => {
    const digest = hash('sha256', Buffer.concat(roots), 'hex');
    const known = kept.get(environment);
    if (known?.digest === digest) return known.store;
    const trusted = roots.map((der, index) => ({ alias: `${environment}-${index + 1}`, der }));
    // The salt follows from the roots, so that every replica and every restart serves the same octets.
    const secrets = { password: trustStorePassword, macSalt: Buffer.from(digest, 'hex').subarray(0, 16) };
    const bytes = encodeTrustStore(trusted, secrets);
    const store = { bytes, mediaType: p12MediaType, etag: etagOf(bytes), maxAgeSeconds: trustMaxAgeSeconds };
    kept.set(environment, { digest, store });
    return store;
  };
}

export function addTrustBundleRoutes(face: Face, services: TrustServices, now: () => number): void {
  const documented = {
    tags,
    security: [],
    params: EnvironmentPath,
  };

  face.get(
    '/v1/trust-bundles/:environment',
    {
      schema: {
        ...documented,
        operationId: 'trustBundle',
        summary: 'The roots of an environment',
        response: {
          200: jsonAnswer('The roots.', TrustBundleJson),
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const { environment } = request.params;
      const certificates = (await services.trustBundle(environment)).map(chainPem);
      return sendJson(reply, { environment, certificates } satisfies TrustBundleJson);
    },
  );

  face.get(
    '/v1/trust-bundles/:environment.pem',
    {
      schema: {
        ...documented,
        operationId: 'trustBundlePem',
        summary: 'The roots of an environment as one PEM file',
        response: {
          200: textAnswer('The roots, one PEM block each.', pemChainMediaType),
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const bytes = (await services.trustBundle(request.params.environment)).map(chainPem).join('');
      const published = { bytes, mediaType: pemChainMediaType, etag: contentEtag(bytes) };
      return sendPublished(request, reply, { ...published, maxAgeSeconds: trustMaxAgeSeconds }, now());
    },
  );

  const trustStore = createTrustStores();
  face.get(
    '/v1/trust-bundles/:environment.p12',
    {
      schema: {
        ...documented,
        operationId: 'trustBundlePkcs12',
        summary: 'The roots of an environment as a PKCS#12 truststore for Java',
        description: `Its password is \`${trustStorePassword}\`; each root is a trustedCertEntry.`,
        response: {
          200: bytesAnswer('The truststore.', p12MediaType),
          304: { description: 'The peer has it already.' },
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const { environment } = request.params;
      return sendPublished(request, reply, trustStore(environment, await services.trustBundle(environment)), now());
    },
  );
}
