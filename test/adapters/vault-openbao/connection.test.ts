/** One exchange with whatever answers at OpenBao's address, octet by octet: each ends, and says how. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BaoConnection, openConnection } from '#src/adapters/vault-openbao/bao-calls.ts';
import type { BaoError } from '#src/adapters/vault-openbao/bao-trouble.ts';
import { keyPem, serverOf, system } from '../../support/face-tls.ts';

/** Connected to a server that answers each request so, until the test ends. */
async function connected(answer: (socket: TLSSocket) => void, own: object = {}): Promise<BaoConnection> {
  const certificate = serverOf(system);
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: certificate.pem, key: keyPem(certificate) }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    // A request ends with its body's last brace.
    socket.on('data', (octets) => octets.at(-1) === 0x7d && answer(socket));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = `https://localhost:${(server.address() as AddressInfo).port}`;
  const connection = openConnection({ address, caPem: system.pem, ...own });
  onTestFinished(async () => {
    await connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return connection;
}

const saying = (text: string) => (socket: TLSSocket) => void socket.write(text);
const ending = (text: string) => (socket: TLSSocket) => void socket.end(text);
const forEver = (first: string, again: string) => (socket: TLSSocket) => {
  socket.write(first);
  const goOn = (): void => {
    if (!socket.destroyed) socket.write(again, () => setTimeout(goOn, 1));
  };
  goOn();
};

const ask = (connection: BaoConnection, timeLimitMs: number, headers = {}) =>
  connection.send({ method: 'POST', path: 'transit/sign/ca', body: { input: '' }, timeLimitMs }, headers);
const troubleOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'none',
    (error: BaoError) => error.trouble,
  );

/** Nothing here takes so long. */
const long = 60_000;

describe('an exchange with the address of OpenBao', () => {
  it('goes over one connection as long as that holds', async () => {
    let connections = 0;
    const seen = new Set<TLSSocket>();
    const connection = await connected((socket) => {
      if (!seen.has(socket)) connections += 1;
      seen.add(socket);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"data":1}');
    });
    for (let times = 0; times < 3; times++)
      expect(await ask(connection, long)).toEqual({ status: 200, json: { data: 1 }, foreign: false });
    expect(connections).toBe(1);
  });

  it.each([
    [
      'an upgrade that nobody asked for',
      saying('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      'reset',
    ],
    ['an end without an answer', (socket: TLSSocket) => void socket.destroy(), 'reset'],
    ['an end in the middle', ending('HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{}'), 'reset'],
    ['a chunk that is none', saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'), 'misconfigured'],
    ['another protocol', saying('SSH-2.0-OpenSSH\r\n'), 'misconfigured'],
    ['headers without end', forEver('HTTP/1.1 200 OK\r\n', `x: ${'x'.repeat(1000)}\r\n`), 'misconfigured'],
    ['a body without end', forEver('HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(65_536)), 'misconfigured'],
  ])('ends with %s', async (_what, answer, trouble) => {
    expect(await troubleOf(ask(await connected(answer), long))).toBe(trouble);
  });

  it.each([
    ['silence', () => undefined],
    ['one octet after the other', forEver('HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n', 'x')],
    ['nothing but provisional answers', forEver('', 'HTTP/1.1 102 Processing\r\n\r\n')],
  ])('ends when its time is up, with %s', async (_what, answer) => {
    expect(await troubleOf(ask(await connected(answer), 300))).toBe('timeout');
  });

  it('ends with the connection, also where it still waits for one', async () => {
    const connection = await connected(() => undefined);
    const asked = Array.from({ length: 100 }, () => troubleOf(ask(connection, long)));
    await connection.close();
    expect((await Promise.all(asked)).filter((trouble) => trouble === 'none')).toEqual([]);
  });

  it('does not begin with a token or a client certificate that are none', async () => {
    const never = await connected(() => undefined);
    expect(await troubleOf(ask(never, long, { 'x-vault-token': 'a\nb' }))).toBe('unreachable');
    const own = { certificatePem: 'none', keyPem: 'none' };
    expect(await troubleOf(ask(await connected(() => undefined, own), long))).toBe('untrusted');
  });
});
