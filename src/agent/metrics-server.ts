/** `GET /metrics` on the loopback address alone: it says which programs run here, which is nobody else's business. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { StartError } from '../domain/errors.ts';
import type { Metrics } from './metrics.ts';

/** Resolves, when it listens, to what ends it. StartError `portInUse`. */
export async function serveMetrics(port: number, metrics: Metrics): Promise<() => Promise<void>> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const isAsked = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.writeHead(isAsked ? 200 : 404).end(isAsked ? metrics.text() : 'There is only GET /metrics.\n');
  });
  server.maxConnections = 20;
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError('portInUse', `Port ${port} of 127.0.0.1, for metrics, cannot be used (${code}).`, error);
  }
  return async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
}
