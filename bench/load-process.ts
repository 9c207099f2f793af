/** The load's own process: hand-written HTTP/1.1 on raw TLS sockets, the least work a client can do. See load.ts. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { counting, type LoadPlan, type LoadResult } from './load.ts';

interface Tally {
  readonly latencies: number[];
  failures: number;
}

const endOfHead = '\r\n\r\n';

/** Length of the whole answer at the start of `bytes`; 0 while that is not known yet. */
function answerLength(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf(endOfHead);
  if (headEnd < 0) return 0;
  const contentFrom = headEnd + endOfHead.length;
  // RFC 9110 §15.4.5: a 304 has no content, whether or not it tells a length.
  return text.startsWith('304', 9) ? contentFrom : contentFrom + contentLength(text.slice(0, headEnd));
}

const lengthName = '\r\ncontent-length: ';

/** Most servers write it so; a regular expression would cost more than all else here. */
function contentLength(head: string): number {
  const at = head.indexOf(lengthName);
  if (at >= 0) return Number.parseInt(head.slice(at + lengthName.length), 10);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
  return Number(length);
}

/** A server may end a connection after so many requests. RFC 9112 §9.6: no request may follow such an answer. */
const saysClose = '\r\nConnection: close\r\n';

/** Reads whole answers off a socket, one after the other; `onAnswer` gets the status, and whether it is the last. */
function readAnswers(socket: Socket, onAnswer: (status: number, last: boolean) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  let wanted = 0;
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (wanted === 0) wanted = answerLength(pending);
    if (wanted === 0 || pending.length < wanted) return;
    // HTTP/1.1 NNN: nothing is pipelined, so at most one answer is here.
    const status = Number(pending.toString('latin1', 9, 12));
    const last = pending.includes(saysClose, 0, 'latin1');
    pending = Buffer.alloc(0);
    wanted = 0;
    onAnswer(status, last);
  });
}

/** One connection that asks again as soon as it is answered, until `endsAt` or the server ends it: then true. */
function runConnection(
  plan: LoadPlan,
  next: () => Buffer,
  countsFrom: number,
  endsAt: number,
  tally: Tally,
): Promise<boolean> {
  return new Promise((done) => {
    const { port, ca } = plan;
    const socket: Socket =
      ca === undefined
        ? connectPlain({ port, host: 'localhost' })
        : connect({ port, host: 'localhost', ca, ...plan.client });
    socket.setNoDelay(true);
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.write(next());
    };
    let again = false;
    readAnswers(socket, (status, last) => {
      const now = performance.now();
      if (status !== plan.expectedStatus) tally.failures += 1;
      else if (sentAt >= countsFrom && now <= endsAt) tally.latencies.push(now - sentAt);
      again = now < endsAt;
      if (again && !last) send();
      else socket.end();
    });
    socket.on(ca === undefined ? 'connect' : 'secureConnect', send);
    socket.on('error', () => {
      tally.failures += 1;
    });
    socket.on('close', () => done(again));
  });
}

async function runPlan(plan: LoadPlan, onCounting: () => void): Promise<LoadResult> {
  const requests = plan.requests.map((text) => Buffer.from(text, 'base64'));
  let at = 0;
  const next = (): Buffer => requests[at++ % requests.length]!;
  const tally: Tally = { latencies: [], failures: 0 };
  const countsFrom = performance.now() + plan.warmUpMs;
  const endsAt = countsFrom + plan.durationMs;
  let cpu = process.cpuUsage();
  setTimeout(() => {
    cpu = process.cpuUsage();
    onCounting();
  }, plan.warmUpMs);
  const runLane = async (): Promise<void> => {
    while (await runConnection(plan, next, countsFrom, endsAt, tally));
  };
  await Promise.all(Array.from({ length: plan.connections }, runLane));
  const { user, system } = process.cpuUsage(cpu);
  const sorted = Float64Array.from(tally.latencies).sort();
  const at01 = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    requests: sorted.length,
    perSecond: sorted.length / (plan.durationMs / 1000),
    p50Ms: at01(0.5),
    p99Ms: at01(0.99),
    maxMs: at01(1),
    failures: tally.failures,
    loadCpuSeconds: (user + system) / 1e6,
  };
}

process.once('message', async (plan: LoadPlan) => {
  const result = await runPlan(plan, () => process.send!(counting));
  process.send!(result, () => process.disconnect());
});
