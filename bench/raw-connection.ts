/** One kept-alive HTTP/1.1 connection, hand-written: the least work a client can do, with its answers. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect } from 'node:tls';

export interface RawTarget {
  readonly port: number;
  /** PEM to trust; absent: plain HTTP. */
  readonly ca?: string;
  /** PEM of a client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

export interface RawConnection {
  /** One at a time. */
  exchange(request: Uint8Array): Promise<RawAnswer>;
  close(): void;
}

const endOfHead = Buffer.from('\r\n\r\n');

/** Resolves when the handshake is done. */
export function openRaw({ port, ca, cert, key }: RawTarget): Promise<RawConnection> {
  return new Promise((opened, failed) => {
    const client = cert === undefined || key === undefined ? {} : { cert, key };
    const socket: Socket =
      ca === undefined
        ? connectPlain({ port, host: 'localhost' })
        : connect({ port, host: 'localhost', ca, ...client });
    let waiting: { resolve: (answer: RawAnswer) => void; reject: (error: Error) => void } | undefined;
    let pending: Buffer = Buffer.alloc(0);
    const end = (error: Error): void => {
      failed(error);
      waiting?.reject(error);
    };
    socket.setNoDelay(true);
    socket.on('error', end);
    socket.on('close', () => end(new Error('the connection was closed')));
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const answer = wholeAnswer(pending);
      if (!answer) return;
      pending = Buffer.alloc(0);
      waiting?.resolve(answer);
    });
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () =>
      opened({
        exchange: (request) =>
          new Promise((resolve, reject) => {
            waiting = { resolve, reject };
            socket.write(request);
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}

function wholeAnswer(bytes: Buffer): RawAnswer | undefined {
  const headEnd = bytes.indexOf(endOfHead);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd + 2);
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  const body = bytes.subarray(headEnd + endOfHead.length);
  // HTTP/1.1 NNN: nothing is pipelined, so at most one answer is here.
  return body.length < Number(length) ? undefined : { status: Number(head.slice(9, 12)), head, body };
}

/** Does `act` for each item, so many at a time; resolves to the seconds it took. */
export async function inLanes<T>(items: readonly T[], lanes: number, act: (item: T, lane: number) => Promise<void>) {
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (next < items.length) await act(items[next++]!, lane);
    }),
  );
  return (performance.now() - began) / 1000;
}
