/** What doctor says of ports: those of a running service answer where it listens, those of a stopped one are free. */
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examinePorts } from '../../src/adapters/listening-ports.ts';

// Any of 127.0.0.0/8 is this machine's on Linux, and none but the first is what localhost means.
const host = '127.0.0.2';
let server: Server;
let ports: readonly { face: string; port: number }[];
beforeAll(async () => {
  server = createServer((socket) => void socket.end());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  ports = [{ face: 'public', port: (server.address() as { port: number }).port }];
});
afterAll(() => void server.close());

it('asks a running service where it listens', async () => {
  expect(await examinePorts(host, ports, true)).toMatchObject({ state: 'ok' });
  expect(await examinePorts('127.0.0.3', ports, true)).toMatchObject({ state: 'fail' });
});

it('finds a port taken for a service that is to start', async () => {
  expect(await examinePorts(host, ports, false)).toMatchObject({ state: 'fail' });
});
