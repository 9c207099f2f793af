/** `GET /v1/renewal-info/{serial}`: when to rotate, as bytes that caches may keep (after RFC 9773 §4.1). */
import { RenewalInfoJson, SerialPath } from '../../api/certificate.ts';
import { NoQuery } from '../../api/service.ts';
import type { Services } from '../../services/services.ts';
import { commonProblems, jsonAnswer, problems } from './documentation.ts';
import type { Face } from './face-deps.ts';
import { contentEtag, sendPublished } from './published-bytes.ts';
import { rfc3339 } from './rfc3339.ts';

/** RFC 9773 §4.3 asks clients to come again after Retry-After; a revocation must not stay unheard for longer. */
const askAgainSeconds = 6 * 3600;
/** What a shared cache may add to that. */
const maxAgeSeconds = 300;

export function addRenewalRoutes(face: Face, services: Pick<Services, 'renewalInfo'>, now: () => number): void {
  face.get(
    '/v1/renewal-info/:serial',
    {
      schema: {
        operationId: 'renewalInfo',
        tags: ['certificates'],
        summary: 'When a certificate should be rotated',
        description:
          'A window of its own for each certificate, the same at each asking, so that a fleet never rotates at once. ' +
          'Pick a random time in it; when it lies in the past, rotate now. Ask again after Retry-After seconds.',
        security: [],
        params: SerialPath,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The window.', RenewalInfoJson),
          304: { description: 'The peer has it already.' },
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const { serial, start, end, reason } = await services.renewalInfo(request.params.serial);
      const suggestedWindow = { start: rfc3339(start), end: rfc3339(end) };
      const json: RenewalInfoJson = { serial, suggestedWindow, reason };
      const bytes = JSON.stringify(json);
      reply.header('retry-after', askAgainSeconds);
      const published = {
        bytes,
        mediaType: 'application/json; charset=utf-8',
        etag: contentEtag(bytes),
        maxAgeSeconds,
      };
      return sendPublished(request, reply, published, now());
    },
  );
}
