import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyWindowEnd, type Renewable, renewalWindow } from '../../../src/domain/policy/renewal-window.ts';

const day = 86_400;
const serials = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((octets) => Buffer.from(octets).toString('hex'));

const certificate = (override: Partial<Renewable> = {}): Renewable => ({
  serial: '01'.repeat(20),
  notBefore: 1_700_000_000,
  notAfter: 1_700_000_000 + 30 * day,
  revocation: null,
  successor: null,
  ...override,
});

describe('the renewal window', () => {
  it('lies between two thirds and five sixths of the lifetime, whatever the serial and the lifetime', () => {
    fc.assert(
      fc.property(serials, fc.integer({ min: 3600, max: 400 * day }), (serial, lifetime) => {
        const notBefore = 1_700_000_000;
        const { start, end, reason } = renewalWindow(
          certificate({ serial, notBefore, notAfter: notBefore + lifetime }),
        );
        expect(reason).toBe('lifetime');
        expect(start).toBeGreaterThanOrEqual(Math.floor(notBefore + (lifetime * 2) / 3));
        expect(end).toBeLessThanOrEqual(Math.ceil(notBefore + (lifetime * 5) / 6));
        expect(end).toBeGreaterThanOrEqual(start);
      }),
    );
  });

  it('is over for every serial after five sixths of the lifetime', () => {
    expect(everyWindowEnd(certificate())).toBe(certificate().notBefore + 25 * day);
    expect(everyWindowEnd({ notBefore: 0, notAfter: 7 })).toBe(5);
  });

  it('is the same at each asking', () => {
    fc.assert(
      fc.property(serials, (serial) => {
        expect(renewalWindow(certificate({ serial }))).toEqual(renewalWindow(certificate({ serial })));
      }),
    );
  });

  it('spreads certificates of the same second evenly: no tenth of the span has more than its share and a half', () => {
    const fleet = 10_000;
    // As serials are made: the same minute in front, random behind.
    const starts = Array.from({ length: fleet }, () => {
      const serial = `01c88e00${randomBytes(16).toString('hex')}`;
      return renewalWindow(certificate({ serial })).start;
    });
    const [first, last] = [Math.min(...starts), Math.max(...starts)];
    const tenths = Array<number>(10).fill(0);
    for (const start of starts) tenths[Math.min(9, Math.floor(((start - first) / (last - first)) * 10))]! += 1;
    expect(Math.max(...tenths)).toBeLessThan((fleet / 10) * 1.5);
    expect(last - first).toBeGreaterThan(3 * day);
  });

  it('is over for a revoked certificate, and told as such for one that was rotated', () => {
    const revocation = { at: 1_700_500_000, reason: 'keyCompromise' } as const;
    expect(renewalWindow(certificate({ revocation }))).toEqual({
      start: revocation.at,
      end: revocation.at,
      reason: 'revoked',
    });
    expect(renewalWindow(certificate({ successor: '02'.repeat(20) })).reason).toBe('superseded');
  });

  it('stays what it was for one on hold, and says that operators have to decide first', () => {
    const revocation = { at: 1_700_500_000, reason: 'certificateHold' } as const;
    expect(renewalWindow(certificate({ revocation }))).toEqual({ ...renewalWindow(certificate()), reason: 'held' });
  });
});
