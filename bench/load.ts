/** A closed loop of HTTP requests over TLS keep-alive, in a process of its own so that it shares nothing with the server. */
import { fork } from 'node:child_process';
import { join } from 'node:path';

export interface LoadPlan {
  readonly port: number;
  /** PEM of the roots to trust; absent: plain HTTP. */
  readonly ca?: string;
  /** PEM of a client certificate and its key, where the face wants one. */
  readonly client?: { readonly cert: string; readonly key: string };
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly expectedStatus: number;
  /** Whole HTTP/1.1 requests, base64; each is sent in turn, from the first again after the last. */
  readonly requests: readonly string[];
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answers with another status, and connections that broke. */
  readonly failures: number;
  /** Seconds of processor time that the load itself took, after the warm-up. */
  readonly loadCpuSeconds: number;
}

/** What the load's process sends when the warm-up is over. */
export const counting = 'counting';

/** Runs the plan in a fresh process; rejects when that fails. `onCounting`: the warm-up is over. */
export function runLoad(plan: LoadPlan, onCounting?: () => unknown): Promise<LoadResult> {
  return new Promise((done, failed) => {
    const child = fork(join(import.meta.dirname, 'load-process.ts'), { serialization: 'advanced' });
    let result: LoadResult | undefined;
    child.on('message', (message) => {
      if (message === counting) onCounting?.();
      else result = message as LoadResult;
    });
    child.on('error', failed);
    child.on('exit', (code) => (result ? done(result) : failed(new Error(`the load ended with ${code}`))));
    child.send(plan);
  });
}

/** One request as its bytes on the wire. */
export function httpRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array = new Uint8Array(0),
): Buffer {
  const lines = Object.entries({ Host: 'localhost', 'Content-Length': String(body.length), ...headers });
  const head = [`${method} ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join(
    '\r\n',
  );
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
