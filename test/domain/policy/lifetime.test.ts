import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeLifetime, judgeLongestLifetime, validityOf } from '../../../src/domain/policy/lifetime.ts';

const limits = {
  name: 'server',
  lifetimeSeconds: { minimum: 3600, default: 86_400, maximum: 864_000 },
  backdateSeconds: 60,
};
const now = 1_800_000_000;
/** An issuer that began a week ago and ends in so many seconds. */
const endingIn = (seconds: number) => ({ authority: 'dev-issuing', notBefore: now - 604_800, notAfter: now + seconds });
const codes = (lifetimeSeconds: number | undefined, left = 1e9) =>
  judgeLifetime(limits, endingIn(left), { lifetimeSeconds, now }).map(({ code }) => code);

describe('a lifetime', () => {
  it.each([3600, 86_400, 864_000, undefined])('of %s s is given', (seconds) => {
    expect(codes(seconds)).toEqual([]);
  });

  it.each([3599, 0, -1, Number.NaN])('of %s s is too short', (seconds) => {
    expect(codes(seconds)).toEqual(['lifetimeTooShort']);
  });

  it('above the maximum is too long', () => {
    expect(codes(864_001)).toEqual(['lifetimeTooLong']);
  });

  it('that was asked for ends with the issuer at the latest', () => {
    expect(codes(7200, 7200)).toEqual([]);
    expect(codes(7201, 7200)).toEqual(['outlivesIssuer']);
    expect(codes(864_001, 7200)).toEqual(['lifetimeTooLong', 'outlivesIssuer']);
  });

  it('by default is refused only when the issuer has less left than the minimum', () => {
    expect(codes(undefined, 3600)).toEqual([]);
    expect(codes(undefined, 3599)).toEqual(['outlivesIssuer']);
    expect(codes(undefined, -5)).toEqual(['outlivesIssuer']);
  });

  it('says how long its issuer has left, which is nothing once that is over', () => {
    const said = (left: number) => judgeLifetime(limits, endingIn(left), { lifetimeSeconds: 7200, now })[0]?.message;
    expect(said(7000)).toContain('ends in 7000 s');
    expect(said(-5)).toContain('ends in 0 s');
  });

  it('tells the value that was asked for, and where', () => {
    expect(judgeLifetime(limits, endingIn(1e9), { lifetimeSeconds: 60, now })).toMatchObject([
      { field: 'lifetimeSeconds', value: '60' },
    ]);
  });
});

describe('the longest lifetime of a profile', () => {
  const judged = (issuer: ReturnType<typeof endingIn>) => judgeLongestLifetime(limits, issuer, now);

  it('is what its authority has left at most', () => {
    expect(judged(endingIn(864_000))).toEqual([]);
    const [reason, ...others] = judged(endingIn(863_999));
    expect([reason, others]).toMatchObject([
      { code: 'outlivesIssuer', field: 'lifetimeSeconds.maximum', value: '864000' },
      [],
    ]);
    expect(reason?.message).toContain('ends in 863999 s');
  });

  it('counts from the first second of an authority that is yet to begin, and is none of one that is over', () => {
    const coming = { authority: 'dev-issuing', notBefore: now + 1000, notAfter: now + 864_999 };
    expect(judged(coming).map(({ message }) => message)).toEqual([expect.stringContaining('ends in 863999 s')]);
    expect(judged(endingIn(-5)).map(({ message }) => message)).toEqual([expect.stringContaining('ends in 0 s')]);
  });
});

describe('the validity', () => {
  const validity = (lifetimeSeconds: number | undefined, left = 1e9) =>
    validityOf(limits, endingIn(left), { lifetimeSeconds, now });

  it('begins a little before now and lasts as long as was asked', () => {
    expect(validity(7200)).toEqual({ notBefore: now - 60, notAfter: now + 7200 });
    expect(validity(undefined)).toEqual({ notBefore: now - 60, notAfter: now + 86_400 });
  });

  it('by default is cut to the end of the issuer', () => {
    expect(validity(undefined, 7200)).toEqual({ notBefore: now - 60, notAfter: now + 7200 });
  });

  it('never begins before the issuer', () => {
    const issuer = { ...endingIn(1e9), notBefore: now - 10 };
    expect(validityOf(limits, issuer, { lifetimeSeconds: 7200, now }).notBefore).toBe(now - 10);
  });

  it('lies inside the issuer, in order, whenever nothing speaks against the lifetime', () => {
    const seconds = fc.integer({ min: -1_000_000, max: 1_000_000 });
    const asked = fc.option(fc.integer({ min: 0, max: 900_000 }), { nil: undefined });
    fc.assert(
      fc.property(seconds, seconds, asked, (from, until, lifetimeSeconds) => {
        const issuer = { authority: 'a', notBefore: now + from, notAfter: now + until };
        fc.pre(judgeLifetime(limits, issuer, { lifetimeSeconds, now }).length === 0);
        const { notBefore, notAfter } = validityOf(limits, issuer, { lifetimeSeconds, now });
        expect(notBefore).toBeGreaterThanOrEqual(issuer.notBefore);
        expect(notAfter).toBeLessThanOrEqual(issuer.notAfter);
        expect(notAfter - notBefore).toBeGreaterThanOrEqual(limits.lifetimeSeconds.minimum);
        if (lifetimeSeconds !== undefined) expect(notAfter - Math.max(now, issuer.notBefore)).toBe(lifetimeSeconds);
      }),
    );
  });
});
