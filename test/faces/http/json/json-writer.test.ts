/** JSON text made by a schema: the octets of JSON.stringify, whatever the values are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Type } from '../../../../src/api/schema.ts';
import { certificateSummary, certificateSummaryText } from '../../../../src/faces/http/json/certificate-summary.ts';
import { jsonWriter } from '../../../../src/faces/http/json/json-writer.ts';
import { makeRecord } from '../../../support/services-double.ts';
import { testNow } from '../../../support/test-hierarchy.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\0', '\x7f', '\u2028', '\ud800', 'ü', '😀', '/', 'a') }),
);
const anyTime = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });

const anyRecord = fc
  .record({
    state: fc.constantFrom('intent', 'issued', 'revoked'),
    purpose: fc.constantFrom('product', 'operator'),
    environment: fc.option(anyText),
    owner: anyText,
    productVersion: fc.option(fc.integer({ min: 1 })),
    authority: anyText,
    profile: anyText,
    profileVersion: fc.integer({ min: 1 }),
    subject: anyText,
    names: fc.array(anyText, { maxLength: 4 }),
    keyType: anyText,
    notBefore: anyTime,
    notAfter: anyTime,
    requestedBy: anyText,
    requestedAt: anyTime,
    issuedAt: fc.option(anyTime),
    predecessor: fc.option(anyText),
    successor: fc.option(anyText),
    revocation: fc.option(
      fc.oneof(
        fc.record({ at: anyTime, reason: fc.constantFrom('superseded', 'certificateHold') }),
        fc.record({ at: anyTime, reason: fc.constant('keyCompromise' as const), invalidityDate: anyTime }),
      ),
    ),
  })
  .map((override) => makeRecord(override));

it('a certificate of a list is the same as JSON.stringify would have it', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const plain = JSON.stringify(certificateSummary(record, testNow * 1000));
      expect(certificateSummaryText(record, testNow * 1000)).toBe(plain);
    }),
    { numRuns: 500 },
  );
});

describe('a writer', () => {
  it('leaves out what is optional and absent, and writes empty lists, numbers and truths', () => {
    const schema = Type.Object({
      first: Type.Integer(),
      maybe: Type.Optional(Type.String()),
      list: Type.Array(Type.Object({ is: Type.Boolean() })),
    });
    for (const value of [
      { first: -1, list: [] },
      { first: 0, maybe: '', list: [{ is: true }, { is: false }] },
    ]) {
      expect(jsonWriter(schema)(value)).toBe(JSON.stringify(value));
    }
  });

  it.each([
    ['of anything', Type.Object({ any: {} as never })],
    ['of two kinds at once', Type.Object({ either: Type.Union([Type.String(), Type.Integer()]) })],
    ['of two objects at once', Type.Object({ either: Type.Union([Type.Object({}), Type.Object({})]) })],
    ['of nothing', Type.Object({})],
    ['that may begin with nothing', Type.Object({ maybe: Type.Optional(Type.String()), sure: Type.String() })],
  ])('%s is refused', (_what, schema) => {
    expect(() => jsonWriter(schema)).toThrow();
  });
});
