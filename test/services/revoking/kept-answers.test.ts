/** Answers of OCSP that are given again: for how long, and how many. */
import { expect, it } from 'vitest';
import { keepAnswers } from '../../../src/services/revoking/kept-answers.ts';
import type { OcspAnswer } from '../../../src/services/services.ts';

const answer = (octet: number): OcspAnswer => ({ der: Uint8Array.of(octet), cacheableUntil: 100, successful: true });

it('is given again until it is old', () => {
  const kept = keepAnswers();
  kept.keep('sha1 01', { serial: '01', until: 10 }, answer(1));
  expect([kept.find('sha1 01', 9), kept.find('sha1 01', 10), kept.find('sha1 02', 9)]).toEqual([
    answer(1),
    undefined,
    undefined,
  ]);
});

it('is forgotten with its serial, however that was asked about, and no other', () => {
  const kept = keepAnswers();
  for (const [octet, key] of ['sha1 01', 'sha256 01', 'sha1 02'].entries()) {
    kept.keep(key, { serial: key.slice(-2), until: 10 }, answer(octet));
  }
  kept.forget('01');
  expect(['sha1 01', 'sha256 01', 'sha1 02'].map((key) => kept.find(key, 1))).toEqual([
    undefined,
    undefined,
    answer(2),
  ]);
});

it('is one of 10,000 at most, the newest among them, and is still forgotten with its serial', () => {
  const kept = keepAnswers();
  for (let serial = 0; serial < 10_001; serial++) {
    kept.keep(`sha1 ${serial}`, { serial: String(serial), until: 10 }, answer(1));
    expect(kept.size).toBeLessThanOrEqual(10_000);
  }
  expect(kept.find('sha1 10000', 1)).toEqual(answer(1));
  kept.forget('10000');
  expect(kept.find('sha1 10000', 1)).toBeUndefined();
});
