/** The roots of an environment, which anybody may fetch: as JSON, PEM or a truststore for Java, by Accept or by the path's ending. */
import { hash } from 'node:crypto';
import { EnvironmentPath, TrustBundleJson } from '../../../api/service.ts';
import { encodeTrustStore } from '../../../domain/keystore/pkcs12.ts';
import type { Services } from '../../../services/services.ts';
import { negotiate } from '../accept.ts';
import { bytesAnswer, commonProblems, jsonAnswer, problems, textAnswer } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { chainPem } from '../json/certificate-json.ts';
import { contentEtag, etagOf, type PublishedBytes, sendPublished } from '../published-bytes.ts';
import { jsonMediaType, pemChainMediaType } from './certificate-formats.ts';

const trustMaxAgeSeconds = 300;

/** The convention of every Java manual. It protects nothing: roots are public, and trusted for how the file was fetched. */
const trustStorePassword = 'changeit';

const p12MediaType = 'application/x-pkcs12';

type Form = (environment: string, roots: readonly Uint8Array[]) => PublishedBytes;

const formats = [jsonMediaType, pemChainMediaType, p12MediaType] as const;

function createForms(): Readonly<Record<(typeof formats)[number], Form>> {
  const published = (mediaType: string, bytes: string): PublishedBytes => ({
    bytes,
    mediaType,
    etag: contentEtag(bytes),
    maxAgeSeconds: trustMaxAgeSeconds,
  });
  return {
    [jsonMediaType]: (environment, roots) =>
      published(
        'application/json; charset=utf-8',
        JSON.stringify({ environment, certificates: roots.map(chainPem) } satisfies TrustBundleJson),
      ),
    [pemChainMediaType]: (_environment, roots) => published(pemChainMediaType, roots.map(chainPem).join('')),
    [p12MediaType]: createTrustStores(),
  };
}

/** Deriving the key of its MAC takes 10,000 hashes, so that a store is made once for as long as its roots are. */
function createTrustStores(): Form {
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

const known = { 304: { description: 'The peer has it already.' } };
const trustStoreWords = `Its password is \`${trustStorePassword}\`; each root is a trustedCertEntry.`;

/** What each path ends with, which says the form without an Accept. */
const endings = [
  {
    ending: '.pem',
    mediaType: pemChainMediaType,
    operationId: 'trustBundlePem',
    summary: 'The roots of an environment as one PEM file',
    answer: textAnswer('The roots, one PEM block each.', pemChainMediaType),
  },
  {
    ending: '.p12',
    mediaType: p12MediaType,
    operationId: 'trustBundlePkcs12',
    summary: 'The roots of an environment as a PKCS#12 truststore for Java',
    description: trustStoreWords,
    answer: bytesAnswer('The truststore.', p12MediaType),
  },
] as const;

export function addTrustBundleRoutes(face: Face, services: Pick<Services, 'trustBundle'>, now: () => number): void {
  const documented = { tags: ['trust'], security: [], params: EnvironmentPath };
  const forms = createForms();

  face.get(
    '/v1/trust-bundles/:environment',
    {
      schema: {
        ...documented,
        operationId: 'trustBundle',
        summary: 'The roots of an environment, in the form that Accept asks for',
        description: `JSON unless Accept names another. Of the PKCS#12 truststore: ${trustStoreWords}`,
        response: {
          200: {
            ...jsonAnswer('The roots.', TrustBundleJson),
            content: {
              ...jsonAnswer('', TrustBundleJson).content,
              ...textAnswer('', pemChainMediaType).content,
              ...bytesAnswer('', p12MediaType).content,
            },
          },
          ...known,
          ...problems(...commonProblems, 'notFound', 'notAcceptable'),
        },
      },
    },
    async (request, reply) => {
      const form = forms[negotiate(request.headers.accept, formats)];
      const { environment } = request.params;
      const roots = await services.trustBundle(environment);
      return sendPublished(request, reply.header('vary', 'accept'), form(environment, roots), now());
    },
  );

  for (const { ending, mediaType, answer, ...words } of endings) {
    face.get(
      `/v1/trust-bundles/:environment${ending}`,
      {
        schema: {
          ...documented,
          ...words,
          response: { 200: answer, ...known, ...problems(...commonProblems, 'notFound') },
        },
      },
      async (request, reply) => {
        const { environment } = request.params;
        const roots = await services.trustBundle(environment);
        return sendPublished(request, reply, forms[mediaType](environment, roots), now());
      },
    );
  }
}
