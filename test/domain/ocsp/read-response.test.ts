/** What a client reads of an OCSP response: what it says, to the letter, or nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { tag } from '../../../src/domain/der/tag.ts';
import * as der from '../../../src/domain/der/writer.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseOcspResponse } from '../../../src/domain/ocsp/read-response.ts';
import {
  assembleOcspResponse,
  encodeResponseData,
  errorStatus,
  ocspErrorResponse,
  type SingleResponse,
} from '../../../src/domain/ocsp/response.ts';
import { oidDer } from '../../../src/domain/x509/oid-der.ts';
import { withOneMore } from '../../support/der-additions.ts';
import { encodeCertId } from '../../support/ocsp-request.ts';
import { makeTestHierarchy, testNow } from '../../support/test-hierarchy.ts';

const { issuing, leaf, ocspResponder } = makeTestHierarchy();
const { key } = ocspResponder;

function respond(responses: readonly SingleResponse[], certificates: readonly Uint8Array[] = [], nonce?: Uint8Array) {
  const data = { responderPublicKeyDer: key.spkiDer, producedAt: testNow, responses, ...(nonce && { nonce }) };
  const tbs = encodeResponseData(data);
  return { tbs, whole: assembleOcspResponse(tbs, key.algorithm, Uint8Array.of(1, 2, 3), certificates) };
}

function answerOf(whole: Uint8Array) {
  const answer = parseOcspResponse(whole);
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
}

const isMalformed = (whole: Uint8Array): boolean => {
  try {
    parseOcspResponse(whole);
  } catch (error) {
    if (error instanceof CaError && error.code === 'malformed') return true;
    throw error;
  }
  return false;
};

const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
const anyResponse: fc.Arbitrary<Omit<SingleResponse, 'certIdDer'> & { serial: string }> = fc
  .record({
    serial: fc.nat(0xffff).map((number) => `01${number.toString(16).padStart(4, '0')}`),
    thisUpdate: seconds,
    nextUpdate: seconds,
    revokedAt: seconds,
    reason: fc.constantFrom('keyCompromise' as const, 'unspecified' as const),
    status: fc.constantFrom('good' as const, 'unknown' as const, 'revoked' as const),
  })
  .map(({ revokedAt, reason, ...same }) => (same.status === 'revoked' ? { ...same, revokedAt, reason } : same));

describe('an OCSP response', () => {
  it('is read as it was written', () => {
    const nonces = fc.option(fc.uint8Array({ minLength: 1, maxLength: 32 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(anyResponse, { maxLength: 4 }), nonces, fc.boolean(), (said, nonce, certified) => {
        const certificates = certified ? [ocspResponder.der, issuing.der] : [];
        const responses = said.map(({ serial, ...rest }) => ({ ...rest, certIdDer: encodeCertId(issuing, serial) }));
        const { tbs, whole } = respond(responses, certificates, nonce);
        const answer = answerOf(whole);
        expect(Buffer.from(answer.tbs)).toEqual(Buffer.from(tbs));
        expect([...answer.signature]).toEqual([1, 2, 3]);
        expect(answer.certificatesDer.map((each) => Buffer.from(each))).toEqual(
          certificates.map((each) => Buffer.from(each)),
        );
        expect(answer.statuses.map(({ certId, ...rest }) => ({ serial: certId.serial, ...rest }))).toEqual(
          said.map(({ reason: _, ...rest }) => rest),
        );
      }),
    );
  });

  it('is read as other responders write it: by name, with extensions, without nextUpdate or with a version', () => {
    const extensions = der.explicit(
      1,
      der.sequence(der.sequence(oidDer.idPkixOcspNonce, der.octetString(der.nullValue()))),
    );
    const certIdDer = encodeCertId(issuing, leaf.serial);
    const times = [der.generalizedTime(testNow), der.explicit(0, der.generalizedTime(testNow + 60))] as const;
    const good = der.implicit(0, new Uint8Array());
    const list = der.sequence(
      der.sequence(certIdDer, good, times[0]),
      der.sequence(certIdDer, good, times[0], extensions),
      der.sequence(certIdDer, good, ...times, extensions),
    );
    const byName = der.explicit(1, ocspResponder.subjectDer);
    const version = der.explicit(0, der.smallInteger(1));
    for (const before of [[byName], [version, byName]]) {
      const tbs = der.sequence(...before, times[0], list, extensions);
      const whole = assembleOcspResponse(tbs, key.algorithm, Uint8Array.of(1, 2, 3), []);
      expect(answerOf(whole).statuses.map(({ certId: _, ...rest }) => rest)).toEqual([
        { status: 'good', thisUpdate: testNow },
        { status: 'good', thisUpdate: testNow },
        { status: 'good', thisUpdate: testNow, nextUpdate: testNow + 60 },
      ]);
    }
  });

  it('with octets after it is malformed', () => {
    const { whole } = respond([]);
    expect(isMalformed(whole)).toBe(false);
    expect(isMalformed(Uint8Array.of(...whole, 0))).toBe(true);
  });

  it.each(Object.keys(errorStatus) as (keyof typeof errorStatus)[])('that says %s is that name', (status) => {
    expect(parseOcspResponse(ocspErrorResponse(status))).toBe(status);
  });

  it.each([
    ['an over-long success', [0, 0]],
    ['128, whose first octet is that of success', [0, 0x80]],
    ['256, whose first octet is that of malformedRequest', [1, 0]],
    ['none', []],
  ])('with the status %s is malformed', (_what, octets) => {
    const { whole } = respond([]);
    const fields = new DerReader(whole).enterSequence();
    fields.expect(tag.enumerated);
    const bytes = fields.whole(fields.next());
    const withStatus = (content: number[]) => der.sequence(der.tlv(tag.enumerated, Uint8Array.from(content)), bytes);
    expect(isMalformed(withStatus([0]))).toBe(false);
    expect(isMalformed(withStatus(octets))).toBe(true);
  });

  it('of another type than basic is malformed', () => {
    const bytes = der.sequence(oidDer.idPkixOcspNonce, der.octetString(der.sequence()));
    expect(isMalformed(der.sequence(der.enumerated(0), der.explicit(0, bytes)))).toBe(true);
  });

  it('with one element more is malformed wherever that would be read', () => {
    const times = { thisUpdate: testNow, nextUpdate: testNow + 60 };
    const certIdDer = encodeCertId(issuing, leaf.serial);
    const revoked = { status: 'revoked', revokedAt: testNow, reason: 'keyCompromise', certIdDer, ...times } as const;
    const { tbs, whole } = respond([{ status: 'good', certIdDer, ...times }, revoked]);
    const wrapped = (basic: Uint8Array): Uint8Array =>
      der.sequence(der.enumerated(0), der.explicit(0, der.sequence(oidDer.idPkixOcspBasic, der.octetString(basic))));
    const basic = der.sequence(tbs, key.algorithm.identifierDer, der.bitString(Uint8Array.of(1, 2, 3)));
    expect(Buffer.from(wrapped(basic))).toEqual(Buffer.from(whole));
    const longer = [...withOneMore(whole, der.nullValue()), ...withOneMore(basic, der.nullValue()).map(wrapped)];
    // The AlgorithmIdentifier is compared whole, and neither ResponderID nor reason is asked.
    const accepted = longer.filter((each) => !isMalformed(each));
    expect([longer.length > 15, accepted.length]).toEqual([true, 3]);
  });
});
