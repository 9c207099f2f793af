import { describe, expect, it } from 'vitest';
import { assertCanonicalDer } from '../../../src/domain/der/canonical.ts';
import * as der from '../../../src/domain/der/writer.ts';
import {
  assembleOcspResponse,
  encodeResponseData,
  ocspErrorResponse,
  type SingleResponse,
} from '../../../src/domain/ocsp/response.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { unarguedFindings } from '../../support/argued-findings.ts';
import { itWith, run } from '../../support/judges.ts';
import { encodeCertId, encodeOcspRequest, nonceExtension } from '../../support/ocsp-request.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTestCertificate, makeTestHierarchy, testNow } from '../../support/test-hierarchy.ts';

const { root, issuing, leaf, ocspResponder } = makeTestHierarchy();
const certIdDer = encodeCertId(issuing, leaf.serial);
const thisUpdate = testNow;
const nextUpdate = testNow + 3600;
const good: SingleResponse = { certIdDer, status: 'good', thisUpdate, nextUpdate };
const revoked: SingleResponse = { ...good, status: 'revoked', revokedAt: testNow - 60, reason: 'keyCompromise' };

/** A whole response as the service makes it. */
function respond(responses: readonly SingleResponse[], nonce?: Uint8Array, responder = ocspResponder): Uint8Array {
  const { key, der: certificateDer } = responder;
  const data = { responderPublicKeyDer: key.spkiDer, producedAt: testNow, responses };
  const tbs = encodeResponseData(nonce ? { ...data, nonce } : data);
  return assembleOcspResponse(tbs, key.algorithm, key.sign(tbs), [certificateDer]);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('an OCSP response', () => {
  it('is canonical DER in all its parts', () => {
    const responses = [good, revoked, { ...good, status: 'unknown' as const }];
    const whole = respond(responses, new Uint8Array(16).fill(7));
    expect(() => assertCanonicalDer(whole)).not.toThrow();
    const tbs = encodeResponseData({ responderPublicKeyDer: leaf.key.spkiDer, producedAt: testNow, responses });
    expect(() => assertCanonicalDer(tbs)).not.toThrow();
  });

  it('leaves reason and certs out where there are none', () => {
    const data = (reason: SingleResponse['reason']) =>
      hex(
        encodeResponseData({
          responderPublicKeyDer: leaf.key.spkiDer,
          producedAt: testNow,
          responses: [{ ...revoked, ...(reason && { reason }) }],
        }),
      );
    // revoked [1] { GeneralizedTime, revocationReason [0] { ENUMERATED } }
    expect(data('superseded')).toContain(`a116180f${hex(Buffer.from('20261031235900Z'))}a0030a0104`);
    expect(data('unspecified')).toContain(`a111180f${hex(Buffer.from('20261031235900Z'))}180f`);
    const bare = assembleOcspResponse(der.sequence(), leaf.key.algorithm, Uint8Array.of(1), []);
    expect(hex(bare).endsWith('0302' + '0001')).toBe(true);
  });

  it('cannot say revoked without saying when', () => {
    const { revokedAt: _, ...timeless } = revoked;
    expect(() => respond([timeless])).toThrow(RangeError);
  });

  it.each([
    ['malformedRequest', 1],
    ['internalError', 2],
    ['tryLater', 3],
    ['unauthorized', 6],
  ] as const)('that says %s is a status alone', (status, number) => {
    expect(hex(ocspErrorResponse(status))).toBe(`30030a010${number}`);
  });
});

/** What `openssl ocsp` says about a response, in its own words, at the time of the tests. */
async function askOpenssl(
  response: Uint8Array,
  serials: readonly string[],
  requestDer?: Uint8Array,
): Promise<{ text: string; errors: string }> {
  const folder = temporaryFolder();
  const ran = await run('openssl', [
    ...['ocsp', '-respin', folder.write('response.der', response)],
    ...(requestDer ? ['-reqin', folder.write('request.der', requestDer)] : ['-no_nonce']),
    ...[
      '-issuer',
      folder.write('issuing.pem', issuing.pem),
      '-CAfile',
      folder.write('trust.pem', root.pem + issuing.pem),
    ],
    // The certificates are judged at the time of the tests, the answer's freshness always by the machine's clock.
    ...['-attime', `${testNow}`, '-validity_period', '999999999'],
    ...serials.flatMap((serial) => ['-serial', `0x${serial}`]),
  ]);
  return { text: ran.stdout.toString(), errors: ran.stderr };
}

describe('openssl', () => {
  itWith('openssl', 'verifies a good answer and the delegated responder that signed it', async () => {
    const { text, errors } = await askOpenssl(respond([good]), [leaf.serial]);
    expect(errors).toContain('Response verify OK');
    expect(text).toMatch(
      /: good\n\s+This Update: Nov {2}1 00:00:00 2026 GMT\n\s+Next Update: Nov {2}1 01:00:00 2026 GMT/,
    );
  });

  itWith('openssl', 'reads when and why a certificate was revoked', async () => {
    const { text, errors } = await askOpenssl(respond([revoked]), [leaf.serial]);
    expect(errors).toContain('Response verify OK');
    expect(text).toContain(': revoked');
    expect(text).toContain('Reason: keyCompromise');
    expect(text).toContain('Revocation Time: Oct 31 23:59:00 2026 GMT');
  });

  itWith('openssl', 'reads several answers of one response, by any hash', async () => {
    const serials = ['01c88d01', '01c88d02', '01c88d03'];
    const statuses = ['good', 'revoked', 'unknown'] as const;
    const responses = serials.map((serial, index) => ({
      ...revoked,
      certIdDer: encodeCertId(issuing, serial),
      status: statuses[index]!,
    }));
    const { text, errors } = await askOpenssl(respond(responses), serials);
    expect(errors).toContain('Response verify OK');
    expect([...text.matchAll(/^0x\w+: (\w+)$/gm)].map(([, status]) => status)).toEqual(statuses);
  });

  itWith('openssl', 'finds its nonce again, and notices another or none', async () => {
    const nonce = new Uint8Array(16).fill(7);
    const request = encodeOcspRequest([certIdDer], { extensions: [nonceExtension(nonce)] });
    const right = await askOpenssl(respond([good], nonce), [], request);
    expect(right.errors).toBe('Response verify OK\n');
    const other = await askOpenssl(respond([good], new Uint8Array(16).fill(8)), [], request);
    expect(other.errors).toContain('Nonce Verify error');
    const none = await askOpenssl(respond([good]), [], request);
    expect(none.errors).toContain('no nonce in response');
  });

  itWith('openssl', 'refuses an answer of a responder that was not delegated', async () => {
    const { errors } = await askOpenssl(respond([good], undefined, leaf), [leaf.serial]);
    expect(errors).toContain('missing ocspsigning usage');
  });

  itWith('openssl', 'understands the answers that are errors', async () => {
    const { errors, text } = await askOpenssl(ocspErrorResponse('unauthorized'), [leaf.serial]);
    expect(text + errors).toContain('unauthorized (6)');
  });
});

const responderKeys: readonly KeyType[] = ['ec-p256', 'ec-p384', 'ec-p521', 'ed25519', 'rsa-2048'];

describe.each(responderKeys)('a responder with a key of %s', (keyType) => {
  itWith('openssl', 'is believed by openssl', async () => {
    const responder = makeTestCertificate({
      now: testNow,
      issuer: issuing,
      commonName: 'Test OCSP responder',
      key: makeSigningKey(keyType),
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['OCSPSigning'],
      ocspNocheck: true,
    });
    const { errors } = await askOpenssl(respond([good], undefined, responder), [leaf.serial]);
    expect(errors).toBe('Response verify OK\n');
  });
});

describe('pkilint', () => {
  itWith('pkilint', 'has no finding that nothing argues on any shape of response', async () => {
    const nonce = new Uint8Array(32).fill(1);
    const sha256 = { ...good, certIdDer: encodeCertId(issuing, leaf.serial, 'sha256') };
    const shapes = [
      respond([good]),
      respond([sha256], nonce),
      respond([revoked]),
      respond([{ ...revoked, reason: 'unspecified' }]),
      respond([{ ...good, status: 'unknown' }]),
      respond([good, revoked, sha256], nonce),
      ocspErrorResponse('malformedRequest'),
      ocspErrorResponse('internalError'),
      ocspErrorResponse('tryLater'),
      ocspErrorResponse('unauthorized'),
    ];
    const findings = await unarguedFindings(shapes.map((bytes) => ({ kind: 'ocsp', bytes })));
    expect(findings).toEqual(shapes.map(() => []));
  });
});
