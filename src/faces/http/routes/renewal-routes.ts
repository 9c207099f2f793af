/** `GET /v1/renewal-info/{serial}`: when to rotate, as bytes that caches may keep (after RFC 9773 §4.1). */
import { RenewalInfoJson, SerialPath } from '../../../api/certificate.ts';
import { NoQuery } from '../../../api/service.ts';
import type { RenewalInfo } from '../../../services/rotating/renewal-info.ts';
import type { Services } from '../../../services/services.ts';
import { commonProblems, jsonAnswer, problems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339 } from '../json/rfc3339.ts';
import { contentEtag, sendPublished } from '../published-bytes.ts';

export const renewalRoute = '/v1/renewal-info/:serial';
/** What a shared cache may add to Retry-After. */
export const maxAgeSeconds = 60;
export const mediaType = 'application/json; charset=utf-8';

export interface RenderedWindow {
  readonly bytes: string;
  readonly etag: string;
}

/** Made once for as long as the service keeps the answer. */
const rendered = new WeakMap<RenewalInfo, RenderedWindow>();

export function renderWindow(info: RenewalInfo): RenderedWindow {
  const known = rendered.get(info);
  if (known) return known;
  const { serial, start, end, reason } = info;
  const json: RenewalInfoJson = { serial, suggestedWindow: { start: rfc3339(start), end: rfc3339(end) }, reason };
  const bytes = JSON.stringify(json);
  const made = { bytes, etag: contentEtag(bytes) };
  rendered.set(info, made);
  return made;
}

export function addRenewalRoutes(face: Face, services: Pick<Services, 'renewalInfo'>, now: () => number): void {
  face.get(
    renewalRoute,
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
      const info = await services.renewalInfo(request.params.serial);
      reply.header('retry-after', info.retryAfterSeconds);
      const published = { ...renderWindow(info), mediaType, maxAgeSeconds };
      return sendPublished(request, reply, published, now());
    },
  );
}
