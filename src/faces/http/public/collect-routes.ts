/** Where a requester asks what became of its request, and may wait for the answer. */
import type { FastifyReply, onRequestAsyncHookHandler } from 'fastify';
import { RequestPath, RequestWaitQuery } from '../../../api/request.ts';
import { callerOf } from '../arrival/authentication.ts';
import type { ConnectionRegistry } from '../arrival/connection-registry.ts';
import { certificateAnswer, problems, readProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { certificateJsonText, certificatePath } from '../json/certificate-json.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { sendCertificate, wantedFormat } from '../routes/certificate-formats.ts';
import { pendingAnswer, sendPending } from '../routes/issuing-answers.ts';

interface CollectRouteDeps extends FaceDeps {
  readonly connections: ConnectionRegistry;
}

export function addCollectRoute(face: Face, deps: CollectRouteDeps, authenticated: onRequestAsyncHookHandler): void {
  const { services, urls, now, limits, connections } = deps;

  face.get(
    '/v1/requests/:id',
    {
      onRequest: authenticated,
      preValidation: integersInQuery('wait'),
      schema: {
        operationId: 'collectRequest',
        tags: ['certificates'],
        summary: 'What became of a request that needs approval',
        description:
          'For the token that submitted it, also after that has expired, or the product over mTLS. A request that was denied or has expired is a problem.',
        security: [{ enrolmentToken: [] }, { clientCertificate: [] }],
        params: RequestPath,
        querystring: RequestWaitQuery,
        response: {
          200: certificateAnswer('It is issued: the certificate.'),
          202: pendingAnswer,
          ...problems(...readProblems, 'notFound', 'notAcceptable', 'conflict', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const { wait: seconds = 0 } = request.query;
      if (seconds > 0) {
        // Nothing moves on the socket while it waits.
        request.raw.socket.setTimeout(limits.inactivityMs + seconds * 1000);
        // Who loses the credential meanwhile is woken, and told so, instead of losing the connection.
        connections.spare(request.raw.socket);
      }
      const signal = whenGone(reply);
      const collected = await services.collectRequest(callerOf(request), request.params.id, { seconds, signal });
      if (collected.kind === 'request') return sendPending(reply, collected.request);
      const { view } = collected;
      reply.header('content-location', certificatePath(view.record.serial));
      return sendCertificate(reply, format, { ...view, json: () => certificateJsonText(view, urls, now()) });
    },
  );
}

/** Fires when the peer has gone before it was answered: nobody waits for nobody. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}
