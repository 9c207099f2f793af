/** A log reaches a checkpoint when it is the log that was signed, and goes at least as far. */
import { expect, it } from 'vitest';
import { behindCheckpoint } from '../../../src/domain/audit/behind-checkpoint.ts';
import type { Checkpoint } from '../../../src/domain/audit/checkpoint.ts';

const signed: Checkpoint = { log: 'a'.repeat(64), seq: 12, hash: 'b'.repeat(64), at: 0 };
const ending = (seq: number, hash = signed.log) => ({ first: { hash }, newest: { seq } });

it('is not behind at its event, or after it', () => {
  expect([ending(12), ending(13)].map((ends) => behindCheckpoint(ends, signed))).toEqual([undefined, undefined]);
});

it.each([
  ['that ends before', ending(11), /privyseal\.db ends with event 11, but .* event 12$/],
  ['of another service, however long', ending(1000, 'c'.repeat(64)), /is another, which ends with event 1000/],
  ['that is empty', undefined, /is empty/],
])('is behind in a log %s', (_which, ends, words) => {
  expect(behindCheckpoint(ends, signed)).toMatch(words);
});
