import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { buildPublicFace } from '../../../../src/faces/http/public/build-public-face.ts';
import { addDocsRoutes } from '../../../../src/faces/http/routes/docs-routes.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { exchange } from '../../../support/http-exchange.ts';
import { openFace } from '../../../support/open-face.ts';
import { makeServices } from '../../../support/services-double.ts';

it('a document that cannot be read fails each look at it, and not the end of the face', async () => {
  const face = fastify();
  addDocsRoutes(face as never, 'missing' as 'public');
  for (const _look of [1, 2]) expect((await face.inject('/docs')).statusCode).toBe(500);
  await face.close();
});

it('a document that nobody looked at is not loaded at the end either', async () => {
  const face = fastify();
  addDocsRoutes(face as never, 'public');
  await face.close();
});

/** Asks for the largest file of the pages, on a connection of its own. */
async function askFor(port: number): Promise<Socket> {
  const socket = connect({ port, host: 'localhost' });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write('GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return socket;
}

it('peers that do not read the pages keep at most 32 answers in memory, and make room when they go', async () => {
  const { face, port, url } = await openFace(buildPublicFace(makeFaceDeps(makeServices().services)));
  const reads = async () => (await exchange(`${url}/docs/`)).status;
  expect(await reads()).toBe(200);
  // What a peer does not read stays in the buffer of its socket; so does, here, whatever the kernel would take of it.
  face.server.prependListener('request', ({ url: path, socket }) => void (path?.endsWith('.js') && socket.cork()));
  const peers = await Promise.all(Array.from({ length: 40 }, () => askFor(port)));
  await expect.poll(reads).toBe(503);
  for (const peer of peers) peer.destroy();
  await expect.poll(reads).toBe(200);
});
