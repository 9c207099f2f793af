import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRequestId, parseRequestId } from '../../../src/domain/records/request-id.ts';

const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('the id of a request', () => {
  it('is the UUID of RFC 9562 appendix A.6 for its time and randomness', () => {
    const octets = Buffer.from('0cc398c4dc0c0c07398f', 'hex');
    expect(makeRequestId(0x017f22e279b0, octets)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('is read as it was made, also in upper case', () => {
    fc.assert(
      fc.property(time, random, (at, octets) => {
        const id = makeRequestId(at, octets);
        expect(parseRequestId(id)).toBe(id);
        expect(parseRequestId(id.toUpperCase())).toBe(id);
      }),
    );
  });

  it('is in the order of time', () => {
    fc.assert(
      fc.property(time, time, random, random, (a, b, left, right) => {
        fc.pre(a < b);
        expect(makeRequestId(a, left) < makeRequestId(b, right)).toBe(true);
      }),
    );
  });

  it.each(['', '1', '017f22e2-79b0-4cc3-98c4-dc0c0c07398f', '017f22e279b07cc398c4dc0c0c07398f', "' OR 1=1"])(
    'is not %j',
    (text) => expect(parseRequestId(text)).toBeUndefined(),
  );
});
