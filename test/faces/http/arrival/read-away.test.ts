/** Reading a body away ends with the body, or at its limits. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { readAway } from '../../../../src/faces/http/arrival/read-away.ts';
import { buildPublicFace } from '../../../../src/faces/http/public/build-public-face.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { goodToken, makeServices } from '../../../support/services-double.ts';

const noLimits = { octets: Number.POSITIVE_INFINITY, ms: 60_000 };

it('reads to the end', async () => {
  const body = Readable.from(['a'.repeat(1000), 'b'.repeat(1000)]);
  await readAway(body, noLimits);
  expect(body.readableEnded).toBe(true);
});

it('has nothing to do for a body that is read, or gone', async () => {
  const read = Readable.from(['a']);
  for await (const _ of read) void _;
  await readAway(read, noLimits);
  const gone = new PassThrough().destroy();
  await readAway(gone, noLimits);
  expect([read.readableEnded, gone.destroyed]).toEqual([true, true]);
});

it('stops when there is too much', async () => {
  const body = new PassThrough();
  body.write('a'.repeat(2000));
  await readAway(body, { ...noLimits, octets: 1000 });
  expect(body.readableEnded).toBe(false);
});

it('stops when it takes too long', async () => {
  const body = new PassThrough();
  await readAway(body, { ...noLimits, ms: 1 });
  expect(body.readableEnded).toBe(false);
});

it('stops when the peer goes away', async () => {
  const body = new PassThrough();
  const away = readAway(body, noLimits);
  body.destroy();
  await away;
  expect(body.listenerCount('data')).toBe(0);
});

it('is done with a body that is too large before its refusal leaves, so that the peer gets to read it', async () => {
  const size = 128 * 1024;
  // The rest of the body comes when all but the answer is done.
  const { services } = makeServices({ recordRefusal: async () => void peer.write('a'.repeat(size / 2)) });
  const face = buildPublicFace(makeFaceDeps(services));
  await face.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => face.close().then(() => undefined));
  const answered = new Promise<boolean>((resolve) => {
    face.server.prependListener('request', (body: IncomingMessage, answer: ServerResponse) => {
      answer.once('finish', () => resolve(body.readableEnded));
    });
  });
  const peer = connect((face.server.address() as AddressInfo).port, '127.0.0.1');
  peer.write(
    `POST /v1/certificates HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${goodToken}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size / 2)}`,
  );
  const [told] = await once(peer, 'data');
  peer.destroy();
  expect([String(told).slice(0, 12), await answered]).toEqual(['HTTP/1.1 413', true]);
});
