import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem } from '../../../src/domain/der/pem.ts';
import { implicit } from '../../../src/domain/der/writer.ts';
import { wordOfCrl, wordOfOcsp } from '../../../src/domain/diagnosis/judge-revocation.ts';
import { encodeOcspRequest, parseOcspRequest } from '../../../src/domain/ocsp/request.ts';
import { assembleOcspResponse, encodeResponseData, ocspErrorResponse } from '../../../src/domain/ocsp/response.ts';
import { issuingDistributionPoint, makeCrl, pointNamed } from '../../support/external-chain.ts';
import { encodeCertId } from '../../support/ocsp-request.ts';
import { crlDer } from '../../support/test-crl.ts';
import { makeTestCertificate, makeTestHierarchy, type TestCertificate, testNow } from '../../support/test-hierarchy.ts';

const { root, issuing, leaf, ocspResponder } = makeTestHierarchy();
const asked = { certificate: new X509Certificate(leaf.der), issuer: new X509Certificate(issuing.der), now: testNow };
const states = async (...words: Promise<{ readonly state: string } | undefined>[]) =>
  (await Promise.all(words)).map((word) => word?.state);

describe('a list', () => {
  const listed = crlDer(issuing, [leaf.serial], testNow);
  const empty = crlDer(issuing, [], testNow);

  it('says since when one is revoked that is on it, and that the others are not', async () => {
    expect(await wordOfCrl(listed, asked)).toEqual({ state: 'revoked', at: testNow - 60 });
    expect(await wordOfCrl(empty, asked)).toEqual({ state: 'good' });
  });

  it('that is over still says who was revoked, and of the others nothing', async () => {
    const late = { ...asked, now: testNow + 3601 };
    expect(await states(wordOfCrl(listed, late), wordOfCrl(empty, late))).toEqual(['revoked', 'unknown']);
  });

  it('says nothing when another signed it, or it is none; and is none of the issuer’s when another issued it', async () => {
    const forged = crlDer({ ...issuing, key: root.key }, [leaf.serial], testNow);
    expect(await states(wordOfCrl(forged, asked), wordOfCrl(leaf.der, asked))).toEqual(['unknown', 'unknown']);
    expect(await states(wordOfCrl(crlDer(root, [leaf.serial], testNow), asked))).toEqual([undefined]);
  });
});

// RFC 5280 §5.2.5.
describe('a list of some certificates alone', () => {
  const listOf = (...fields: Uint8Array[]): Uint8Array => {
    const options = { thisUpdate: testNow, more: [issuingDistributionPoint(...fields)] };
    return decodePem(makeCrl(issuing, options), 'X509 CRL');
  };
  const isSet = (number: number) => implicit(number, Uint8Array.of(0xff));

  it('says of another nothing, for it would not be on it', async () => {
    const [users, authorities] = [listOf(isSet(1)), listOf(isSet(2))];
    expect(await states(wordOfCrl(users, asked), wordOfCrl(authorities, asked))).toEqual(['good', 'unknown']);
    expect(await states(wordOfCrl(listOf(pointNamed('http://pki.test/another.crl')), asked))).toEqual(['unknown']);
  });
});

describe('an OCSP answer', () => {
  interface Answer {
    readonly status?: 'good' | 'revoked' | 'unknown';
    readonly responder?: TestCertificate;
    readonly certificates?: readonly TestCertificate[];
    readonly about?: Uint8Array;
    readonly thisUpdate?: number;
  }
  const answer = ({ status = 'good', responder = ocspResponder, ...more }: Answer = {}): Uint8Array => {
    const { certificates = [responder], about = encodeCertId(issuing, leaf.serial), thisUpdate = testNow } = more;
    const single = { certIdDer: about, status, thisUpdate, nextUpdate: thisUpdate + 60 };
    const data = encodeResponseData({
      responderPublicKeyDer: responder.key.spkiDer,
      producedAt: testNow,
      responses: [{ ...single, ...(status === 'revoked' && { revokedAt: testNow - 9, reason: 'superseded' }) }],
    });
    const { algorithm, sign } = responder.key;
    return assembleOcspResponse(
      data,
      algorithm,
      sign(data),
      certificates.map(({ der }) => der),
    );
  };
  const word = (options?: Answer) => wordOfOcsp(answer(options), asked);

  it('is believed of the issuer and of a responder that it certified', async () => {
    expect(await word()).toEqual({ state: 'good' });
    expect(await word({ responder: issuing, certificates: [] })).toEqual({ state: 'good' });
    expect(await word({ status: 'revoked' })).toEqual({ state: 'revoked', at: testNow - 9 });
    const hashed = encodeCertId(issuing, leaf.serial, 'sha256');
    expect(await word({ status: 'revoked', about: hashed })).toMatchObject({ state: 'revoked' });
  });

  it('is believed of nobody else', async () => {
    const responderOf = (options: object) =>
      makeTestCertificate({
        ...{ now: testNow, issuer: issuing, commonName: 'Responder', keyUsage: ['digitalSignature'] },
        ...{ extKeyUsage: ['OCSPSigning'], ...options },
      });
    const words = [
      word({ responder: leaf }),
      word({ responder: responderOf({ issuer: root }) }),
      word({ responder: responderOf({ override: { notBefore: testNow - 9, notAfter: testNow - 1 } }) }),
      word({ certificates: [] }),
      word({ responder: leaf, certificates: [ocspResponder] }),
    ];
    expect(await states(...words)).toEqual(words.map(() => 'unknown'));
  });

  it('tells nothing about others, out of its time, as an error, or as something else', async () => {
    const words = [
      word({ about: encodeCertId(issuing, '0a') }),
      word({ about: encodeCertId(root, leaf.serial) }),
      word({ status: 'unknown' }),
      word({ thisUpdate: testNow - 61 }),
      word({ thisUpdate: testNow + 1 }),
      wordOfOcsp(ocspErrorResponse('tryLater'), asked),
      wordOfOcsp(leaf.der, asked),
      wordOfOcsp(Buffer.from('<html>'), asked),
    ];
    expect(await states(...words)).toEqual(words.map(() => 'unknown'));
    expect(await wordOfOcsp(ocspErrorResponse('tryLater'), asked)).toMatchObject({
      because: expect.stringContaining('tryLater'),
    });
  });

  it('may be broken in any way: then it is not believed, and nothing else happens', async () => {
    const whole = answer({ status: 'revoked' });
    const list = crlDer(issuing, [leaf.serial], testNow);
    const flip = (octets: Uint8Array, at: number, by: number): Uint8Array => {
      const broken = Uint8Array.from(octets);
      broken[at % octets.length]! ^= by;
      return broken;
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(5000), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const words = [await wordOfOcsp(flip(whole, at, by), asked), await wordOfCrl(flip(list, at, by), asked)];
        for (const word of words) expect(['unknown', 'revoked', undefined]).toContain(word?.state);
        await wordOfOcsp(whole.subarray(0, at % whole.length), asked);
      }),
      { numRuns: 200 },
    );
  });

  it('is asked for with a request that this responder reads', () => {
    const der = encodeOcspRequest({ subjectDer: issuing.subjectDer, spkiDer: issuing.key.spkiDer }, leaf.serial);
    const { certIds, nonce } = parseOcspRequest(der);
    expect([certIds[0]!.der, nonce]).toEqual([encodeCertId(issuing, leaf.serial), undefined]);
  });
});
