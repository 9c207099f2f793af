/** Reading a body away ends with the body, or at its limits. */
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readAway } from '../../../../src/faces/http/arrival/read-away.ts';

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
