/** Retry-After in both of its forms, judged by no clock but that of the answer. */
import { expect, it } from 'vitest';
import { retryAfterSeconds } from '#src/domain/retry-after.ts';

const date = 'Wed, 21 Oct 2026 07:28:00 GMT';

it.each<[unknown, unknown, number | undefined]>([
  ['90', undefined, 90],
  ['0', date, 0],
  ['Wed, 21 Oct 2026 07:29:30 GMT', date, 90],
  // It is over: come when you like.
  ['Wed, 21 Oct 2026 07:27:00 GMT', date, 0],
  // Without the answer's own time a date says nothing.
  ['Wed, 21 Oct 2026 07:29:30 GMT', undefined, undefined],
  ['Wed, 21 Oct 2026 07:29:30 GMT', 'now', undefined],
  ['Wed, 99 Foo 2026 07:29:30 GMT', date, undefined],
  ['2026-10-21T07:29:30Z', date, undefined],
  ['-5', date, undefined],
  ['1.5', date, undefined],
  ['9'.repeat(10), date, undefined],
  ['', date, undefined],
  [undefined, date, undefined],
  [['90', '91'], date, undefined],
])('%j of an answer made at %j asks for %j seconds', (retryAfter, made, seconds) => {
  expect(retryAfterSeconds(retryAfter, made)).toBe(seconds);
});
