/** OCSP over HTTP (RFC 6960 appendix A.1; RFC 5019 §5, §6), by GET and by POST, tolerant to what clients make of base64. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthorityFilePath } from '../../../api/service.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { OcspAnswer } from '../../../services/services.ts';
import { limitedAddress } from '../arrival/connection-registry.ts';
import { createRateWindow } from '../arrival/rate-window.ts';
import { bytesAnswer, commonProblems, problems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { contentEtag, revocationMaxAgeSeconds, sendPublished } from '../published-bytes.ts';

const requestMediaType = 'application/ocsp-request';
const responseMediaType = 'application/ocsp-response';

const open = { tags: ['revocation'], security: [] };
const documentedAnswers = {
  200: bytesAnswer(
    'An OCSP response; errors of OCSP, such as `malformedRequest`, are such a response.',
    responseMediaType,
  ),
  ...problems(...commonProblems, 'notFound', 'payloadTooLarge', 'unsupportedMediaType', 'signerUnavailable'),
};

export function addOcspRoutes(face: Face, deps: FaceDeps): void {
  const { services } = deps;
  const answer = createOcspSender(deps);

  // A scope of its own: only these routes read OCSP requests.
  face.register(async (scope: Face) => {
    scope.addContentTypeParser(requestMediaType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/ocsp/:authority',
      {
        schema: {
          operationId: 'ocspByPost',
          ...open,
          summary: 'OCSP by POST',
          body: { content: { [requestMediaType]: { schema: {} } } },
          params: AuthorityFilePath,
          response: documentedAnswers,
        },
      },
      async (request, reply) => {
        const { authority } = request.params;
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        return answer(request, reply, await services.answerOcsp(authority, body));
      },
    );
  });

  face.get(
    '/ocsp/:authority/*',
    {
      schema: {
        operationId: 'ocspByGet',
        ...open,
        summary: 'OCSP by GET: the path ends with the base64 of the request',
        params: AuthorityFilePath,
        response: documentedAnswers,
      },
    },
    async (request, reply) => {
      const { authority } = request.params;
      return answer(request, reply, await services.answerOcsp(authority, requestInPath(request.raw.url ?? '')));
    },
  );
}

/**
 * The DER in the path, read from the URL as it came: clients send `/` and `+` plain or percent-encoded, drop padding, or
 * put a second slash before it; DER starts with 0x30, so base64 of it never starts with a slash itself. What is no
 * base64 becomes an empty request, which is answered as `malformedRequest`.
 */
export function requestInPath(url: string): Uint8Array {
  const [path = ''] = url.split('?');
  const raw = /^\/+ocsp\/+[^/]+\/+(.*)$/s.exec(path)?.[1] ?? '';
  const text = decoded(raw).replaceAll(' ', '+');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return new Uint8Array();
  return Buffer.from(text, 'base64');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '*';
  }
}

type SendOcsp = (request: FastifyRequest, reply: FastifyReply, answer: OcspAnswer) => Promise<FastifyReply>;

function createOcspSender({ services, limits, now }: FaceDeps): SendOcsp {
  // Strangers may not fill the audit log: beyond this rate their mistakes are answered, and no longer recorded.
  const failures = createRateWindow(limits.failedAuthenticationsPerMinute, now);

  return async (request, reply, { der, cacheableUntil, successful }) => {
    if (!successful && !failures.count(limitedAddress(request.ip))) {
      await services.recordRefusal({
        actor: 'anonymous',
        object: `${request.method} ${request.routeOptions.url}`,
        code: 'malformed',
        details: { instance: request.id, address: request.ip, path: printable(request.url) },
      });
    }
    const secondsLeft = cacheableUntil === null ? 0 : Math.floor(cacheableUntil - now() / 1000);
    const maxAgeSeconds = Math.min(secondsLeft, revocationMaxAgeSeconds);
    if (maxAgeSeconds <= 0 || request.method === 'POST') {
      return reply.headers({ 'content-type': responseMediaType, 'cache-control': 'no-store' }).send(Buffer.from(der));
    }
    const published = { bytes: der, mediaType: responseMediaType, etag: contentEtag(der), maxAgeSeconds };
    return sendPublished(request, reply, published, now());
  };
}
