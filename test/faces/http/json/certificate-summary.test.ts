/** JSON text of a certificate: the octets of JSON.stringify, whatever its values are. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { certificateSummary, certificateSummaryText } from '../../../../src/faces/http/json/certificate-summary.ts';
import { anyCodePoint } from '../../../support/code-point.ts';
import { makeRecord } from '../../../support/services-double.ts';
import { testNow } from '../../../support/test-hierarchy.ts';
import { tries } from '../../../support/tries.ts';

const anyText = fc.oneof(
  fc.string({ unit: anyCodePoint }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\0', '\x7f', '\u2028', '\ud800', 'ü', '😀', '/', 'a') }),
);
const anySerial = fc.bigInt({ min: 0n, max: 2n ** 160n - 1n }).map((serial) => serial.toString(16).padStart(40, '0'));
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
    keyType: fc.constantFrom('ec-p256', 'rsa-8192', 'ed25519'),
    notBefore: anyTime,
    notAfter: anyTime,
    requestedBy: anyText,
    requestedAt: anyTime,
    issuedAt: fc.option(anyTime),
    predecessor: fc.option(anySerial),
    successor: fc.option(anySerial),
    revocation: fc.option(
      fc.oneof(
        fc.record({ at: anyTime, reason: fc.constantFrom('superseded', 'certificateHold') }),
        fc.record({ at: anyTime, reason: fc.constant('keyCompromise' as const), invalidityDate: anyTime }),
      ),
    ),
  })
  .map((override) => makeRecord(override));

it('a certificate has expired when the second that it ends in is over', () => {
  const { notAfter } = makeRecord({});
  const statuses = [0, 999, 1000].map((ms) => certificateSummary(makeRecord({}), notAfter * 1000 + ms).status);
  expect(statuses).toEqual(['valid', 'valid', 'expired']);
});

it('a certificate of a list is the same as JSON.stringify would have it', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const plain = JSON.stringify(certificateSummary(record, testNow * 1000));
      expect(certificateSummaryText(record, testNow * 1000)).toBe(plain);
    }),
    { numRuns: tries(500) },
  );
});
