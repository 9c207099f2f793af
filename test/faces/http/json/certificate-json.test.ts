/** The REST shape of a certificate: the fast text is the plain one, and the schema describes it. */
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { CertificateJson } from '../../../../src/api/certificate.ts';
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
