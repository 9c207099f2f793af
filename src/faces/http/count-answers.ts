/** Tells the metrics of every answer of a face, and of how loaded it is. */
import type { CaErrorCode } from '../../domain/errors.ts';
import type { Services } from '../../services/services.ts';
import type { ConnectionRegistry } from './arrival/connection-registry.ts';
import type { Face } from './face-deps.ts';
import { problemKinds } from './problems/problem.ts';

interface CountedFace {
  readonly name: string;
  readonly services: Pick<Services, 'watchFace' | 'countAnswer'>;
  readonly connections: ConnectionRegistry;
}

export function countAnswers(face: Face, { name, services, connections }: CountedFace): void {
  services.watchFace({
    name,
    refusalCodes: Object.keys(problemKinds) as CaErrorCode[],
    load: () => connections.load(),
  });
  face.addHook('onResponse', (request, reply, done) => {
    // A getter that makes an object: asked once.
    const { url } = request.routeOptions;
    // Whoever guesses at paths and methods adds one series, not one for each guess.
    services.countAnswer({
      face: name,
      method: url === undefined ? 'none' : request.method,
      route: url ?? 'none',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
    done();
  });
}
