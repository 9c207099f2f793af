/** The REST shape of a certificate: the fast text is the plain one, and the schema describes it. */
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { CertificateJson } from '../../../../src/api/certificate.ts';
import type { CertificateRecord } from '../../../../src/domain/records/certificate.ts';
import { certificateJson, certificateJsonText } from '../../../../src/faces/http/json/certificate-json.ts';
import { rfc3339, rfc3339Ms } from '../../../../src/faces/http/json/rfc3339.ts';
import { testUrls } from '../../../support/face-deps.ts';
import { makeView } from '../../../support/services-double.ts';
import { testNow } from '../../../support/test-hierarchy.ts';

describe('the JSON of a certificate', () => {
  const views = [
    makeView(),
    makeView({ subject: 'CN="quoted" \\ \u2028 <script>', names: ['a\n"b"', 'ü'], environment: null }),
    makeView({ state: 'revoked', revocation: { at: testNow, reason: 'keyCompromise', invalidityDate: testNow - 1 } }),
    makeView({ purpose: 'operator', owner: 'admin', issuedAt: null, state: 'intent', successor: 'ab' }),
    { ...makeView(), chainDer: [] },
  ];

  it.each(views.map((view) => [view.record.subject, view] as const))('as text is the same: %s', (_subject, view) => {
    const text = certificateJsonText(view, testUrls, testNow * 1000);
    expect(text).toBe(JSON.stringify(certificateJson(view, testUrls, testNow * 1000)));
  });

  it('is as its schema says', () => {
    const schema = Compile(CertificateJson);
    for (const view of views) expect(schema.Errors(certificateJson(view, testUrls, testNow * 1000))).toEqual([]);
  });

  it('has the product of a product’s certificate, and of no other', () => {
    const productOf = (override: object) => certificateJson(makeView(override), testUrls, testNow * 1000).product;
    expect(productOf({ owner: 'dev/demo' })).toBe('dev/demo');
    expect(productOf({ purpose: 'operator', owner: 'admin' })).toBeNull();
  });

  it('counts both ends of the validity to the lifetime, as RFC 5280 §4.1.2.5 does', () => {
    const view = makeView({ notBefore: testNow, notAfter: testNow + 3599 });
    expect(certificateJson(view, testUrls, testNow * 1000).lifetimeSeconds).toBe(3600);
  });

  it('says when it was revoked and why, and since when its key may not be trusted where that is known', () => {
    const revocationOf = (revocation: NonNullable<CertificateRecord['revocation']>) =>
      certificateJson(makeView({ state: 'revoked', revocation }), testUrls, testNow * 1000).revocation;
    const at = Date.UTC(2026, 11, 1) / 1000;
    expect(revocationOf({ at, reason: 'superseded' })).toEqual({ at: '2026-12-01T00:00:00Z', reason: 'superseded' });
    expect(revocationOf({ at, reason: 'keyCompromise', invalidityDate: at - 1 })).toEqual({
      at: '2026-12-01T00:00:00Z',
      reason: 'keyCompromise',
      invalidityDate: '2026-11-30T23:59:59Z',
    });
  });

  it.each([
    [{}, 0, 'valid'],
    [{}, 86_399, 'valid'],
    [{}, 86_400, 'expired'],
    [{ state: 'intent' as const }, 0, 'pending'],
    [{ state: 'revoked' as const, revocation: { at: 0, reason: 'certificateHold' as const } }, 0, 'held'],
    [{ state: 'revoked' as const, revocation: { at: 0, reason: 'superseded' as const } }, 90_000, 'revoked'],
  ])('derives the status of %j after %i seconds: %s', (override, seconds, status) => {
    expect(certificateJson(makeView(override), testUrls, (testNow + seconds) * 1000).status).toBe(status);
  });
});

it('times are what the platform writes, for every time there is', () => {
  const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 999 }), (second, millisecond) => {
      const at = new Date(second * 1000 + millisecond);
      expect(rfc3339(second)).toBe(`${at.toISOString().slice(0, 19)}Z`);
      expect(rfc3339Ms(at.getTime())).toBe(at.toISOString());
    }),
  );
});
