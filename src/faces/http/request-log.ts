/** One compact line a request. No header, query or body is ever logged: that is where secrets are. */
import { LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Face } from './face-deps.ts';
import { pathOf } from './problems/answer-errors.ts';
import { renewalRoute } from './routes/renewal-routes.ts';

const maxLoggedPath = 200;

export function logRequests(face: Face, logger: Logger): void {
  face.addHook('onResponse', (request, reply, done) => {
    const { id, ip: address, method } = request;
    const status = reply.statusCode;
    const path = pathOf(request).slice(0, maxLoggedPath);
    const level = levelOf(request.routeOptions.url, status);
    logAnswer(logger, level, { id, address, method, path, status, ms: reply.elapsedTime });
    done();
  });
}

/** Probes, and the polls of a whole fleet, come for ever: they are counted, and of interest to nobody but a debugger. */
const levelOf = (route: string | undefined, status: number): 'info' | 'debug' =>
  route === '/livez' || route === '/readyz' || (route === renewalRoute && status < 400) ? 'debug' : 'info';

interface AnswerLine {
  readonly id: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
}

export function logAnswer(logger: Logger, level: 'info' | 'debug', line: AnswerLine): void {
  if (logger.isLevelEnabled(level)) logger[level]({ ...line, ms: Math.round(line.ms * 1000) / 1000 });
}

/** What Fastify itself finds worth a line; without a logger of its own it makes no child logger for each request. */
export class FaceLog extends LogController {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    super({ disableRequestLogging: true });
    this.#logger = logger;
  }

  override streamError(err: Error): void {
    this.#logger.info({ err }, 'an answer could not be sent to its end');
  }

  override writeHeadError(err: Error): void {
    this.#logger.error({ err }, 'an answer had an invalid header field');
  }

  override serializerError(err: Error): void {
    this.#logger.error({ err }, 'an answer could not be serialized');
  }

  override serviceUnavailable(): void {}
}
