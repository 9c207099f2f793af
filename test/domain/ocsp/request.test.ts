import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as der from '../../../src/domain/der/writer.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { isAbout, type OcspHash, parseOcspRequest } from '../../../src/domain/ocsp/request.ts';
import { extension } from '../../../src/domain/x509/extensions.ts';
import { oidDer } from '../../../src/domain/x509/oid-der.ts';
import { withOneMore } from '../../support/der-additions.ts';
import { itWith, run } from '../../support/judges.ts';
import { encodeCertId, encodeOcspRequest, nonceExtension } from '../../support/ocsp-request.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';
import { tries } from '../../support/tries.ts';

const { issuing, leaf } = makeTestHierarchy();
const certId = encodeCertId(issuing, leaf.serial);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hashes: readonly OcspHash[] = ['sha1', 'sha256', 'sha384', 'sha512'];

describe('an OCSP request', () => {
  it('is read as it was written', () => {
    const octets = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
    const wanted = fc.record({ hash: fc.constantFrom(...hashes), serial: octets(19).map((tail) => `01${hex(tail)}`) });
    const nonce = fc.option(fc.uint8Array({ minLength: 1, maxLength: 128 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(wanted, { minLength: 1, maxLength: 10 }), nonce, (asked, given) => {
        const certIds = asked.map(({ hash, serial }) => encodeCertId(issuing, serial, hash));
        const request = parseOcspRequest(
          encodeOcspRequest(certIds, given ? { extensions: [nonceExtension(given)] } : {}),
        );
        expect(request.certIds.map(({ hashAlgorithm, serial }) => ({ hash: hashAlgorithm, serial }))).toEqual(asked);
        expect(request.certIds.map(({ der: echoed }) => hex(echoed))).toEqual(certIds.map(hex));
        expect(request.nonce && hex(request.nonce)).toBe(given && hex(given));
      }),
    );
  });

  it('keeps its hashes, and may leave the parameters of the hash out', () => {
    const bare = der.sequence(
      der.sequence(oidDer.sha1),
      der.octetString(new Uint8Array(20).fill(1)),
      der.octetString(new Uint8Array(20).fill(2)),
      der.smallInteger(3),
    );
    const [only] = parseOcspRequest(encodeOcspRequest([bare])).certIds;
    expect(only).toMatchObject({ hashAlgorithm: 'sha1', serial: '03' });
    expect(hex(only!.issuerNameHash)).toBe('01'.repeat(20));
    expect(hex(only!.issuerKeyHash)).toBe('02'.repeat(20));
  });

  it('may name its version, its requestor, carry a signature and extensions that are not critical', () => {
    const version1 = der.explicit(0, der.smallInteger(0));
    const requestorName = der.explicit(1, der.implicit(2, Buffer.from('client.dev.internal')));
    const signature = der.explicit(
      0,
      der.sequence(der.sequence(oidDer.ecdsaWithSHA256), der.bitString(new Uint8Array(8))),
    );
    const acceptableResponses = extension(der.oid('1.3.6.1.5.5.7.48.1.4'), der.sequence(oidDer.idPkixOcspBasic), false);
    const request = encodeOcspRequest([certId], {
      before: [version1, requestorName],
      extensions: [acceptableResponses],
      after: [signature],
    });
    expect(parseOcspRequest(request).certIds).toHaveLength(1);
    expect(parseOcspRequest(request)).not.toHaveProperty('nonce');
  });

  it('may have a nonce that is critical, for that is understood', () => {
    const nonce = extension(oidDer.idPkixOcspNonce, der.octetString(new Uint8Array(16)), true);
    expect(parseOcspRequest(encodeOcspRequest([certId], { extensions: [nonce] })).nonce).toHaveLength(16);
  });

  it('asks about a serial that nobody can have without being refused', () => {
    const [zero] = parseOcspRequest(encodeOcspRequest([encodeCertId(issuing, '00')])).certIds;
    expect(zero?.serial).toBe('');
  });

  it('is about a certificate by its serial, and by the name and the key of its issuer, whatever the hash', () => {
    const { root } = makeTestHierarchy();
    const issuer = { subjectDer: issuing.subjectDer, spkiDer: issuing.key.spkiDer };
    const another = { subjectDer: root.subjectDer, spkiDer: root.key.spkiDer };
    for (const hash of hashes) {
      const [asked] = parseOcspRequest(encodeOcspRequest([encodeCertId(issuing, leaf.serial, hash)])).certIds;
      expect(isAbout(asked!, issuer, leaf.serial)).toBe(true);
      expect(isAbout(asked!, issuer, issuing.serial)).toBe(false);
      expect(isAbout(asked!, { ...issuer, subjectDer: another.subjectDer }, leaf.serial)).toBe(false);
      expect(isAbout(asked!, { ...issuer, spkiDer: another.spkiDer }, leaf.serial)).toBe(false);
    }
  });

  itWith('openssl', 'made by openssl is understood', async () => {
    const folder = temporaryFolder();
    const issuer = ['-issuer', folder.write('issuing.pem', issuing.pem)];
    const certificate = ['-cert', folder.write('leaf.pem', leaf.pem)];
    const out = folder.write('request.der', '');
    for (const hash of hashes) {
      const asked = [...issuer, `-${hash}`, ...certificate, '-serial', '0x01c88d'];
      const ran = await run('openssl', ['ocsp', ...asked, '-reqout', out]);
      expect(ran.code).toBe(0);
      const { certIds, nonce } = parseOcspRequest(readFileSync(out));
      expect(certIds.map(({ serial }) => serial)).toEqual([leaf.serial, '01c88d']);
      expect(certIds.map(({ der: bytes }) => hex(bytes))).toEqual(
        [leaf.serial, '01c88d'].map((serial) => hex(encodeCertId(issuing, serial, hash))),
      );
      expect(nonce).toBeDefined();
    }
  });
});

const codeOf = (bytes: Uint8Array): string => {
  try {
    parseOcspRequest(bytes);
  } catch (error) {
    if (error instanceof CaError) return error.code;
    throw error;
  }
  return 'accepted';
};

const many = (count: number): Uint8Array[] => Array.from({ length: count }, () => certId);
const critical = extension(der.oid('1.2.3.4'), der.nullValue(), true);
/** `octets` of the key's hash, and of the name's, unless that is given. */
const withHash = (
  algorithm: Uint8Array,
  octets: number,
  serial = der.smallInteger(1),
  nameOctets = octets,
): Uint8Array =>
  der.sequence(algorithm, der.octetString(new Uint8Array(nameOctets)), der.octetString(new Uint8Array(octets)), serial);
const serialOf = (octets: number): Uint8Array => der.unsignedInteger(new Uint8Array(octets).fill(0xff));
const sha1 = der.sequence(oidDer.sha1, der.nullValue());

describe('an OCSP request is refused', () => {
  it.each<[string, Uint8Array]>([
    ['that asks about nothing', encodeOcspRequest([])],
    ['bad input 45: that asks about 101 certificates', encodeOcspRequest(many(101))],
    ['bad input 45: that asks about 10,000 certificates', encodeOcspRequest(many(10_000))],
    [
      'bad input 45: with a nonce of 129 octets',
      encodeOcspRequest([certId], { extensions: [nonceExtension(new Uint8Array(129))] }),
    ],
    ['with an empty nonce', encodeOcspRequest([certId], { extensions: [nonceExtension(new Uint8Array(0))] })],
    [
      'with a nonce that is no OCTET STRING',
      encodeOcspRequest([certId], { extensions: [extension(oidDer.idPkixOcspNonce, der.nullValue(), false)] }),
    ],
    [
      'with something after its nonce',
      encodeOcspRequest([certId], {
        extensions: [
          extension(
            oidDer.idPkixOcspNonce,
            Buffer.concat([der.octetString(new Uint8Array(8)), der.nullValue()]),
            false,
          ),
        ],
      }),
    ],
    ['with two nonces', encodeOcspRequest([certId], { extensions: Array(2).fill(nonceExtension(new Uint8Array(8))) })],
    ['with a critical extension', encodeOcspRequest([certId], { extensions: [critical] })],
    [
      'with a critical extension of one CertID',
      der.sequence(der.sequence(der.sequence(der.sequence(certId, der.explicit(0, der.sequence(critical)))))),
    ],
    ['with an empty list of extensions', encodeOcspRequest([certId], { extensions: [] })],
    ['of version 2', encodeOcspRequest([certId], { before: [der.explicit(0, der.smallInteger(1))] })],
    [
      'with an MD5 CertID',
      encodeOcspRequest([withHash(der.sequence(der.oid('1.2.840.113549.2.5'), der.nullValue()), 16)]),
    ],
    ['with a hash of a wrong length', encodeOcspRequest([withHash(sha1, 32)])],
    ['with a hash of the name that is too long', encodeOcspRequest([withHash(sha1, 20, der.smallInteger(1), 21)])],
    ['with a hash of the name that is too short', encodeOcspRequest([withHash(sha1, 20, der.smallInteger(1), 19)])],
    ['with a hash of the key that is too short', encodeOcspRequest([withHash(sha1, 19, der.smallInteger(1), 20)])],
    ['with a serial of 21 octets', encodeOcspRequest([withHash(sha1, 20, serialOf(21))])],
    ['with parameters for the hash', encodeOcspRequest([withHash(der.sequence(oidDer.sha1, der.smallInteger(1)), 20)])],
    [
      'bad input 7: with a giant serial',
      encodeOcspRequest([withHash(sha1, 20, der.unsignedInteger(new Uint8Array(20_000).fill(1)))]),
    ],
    ['with something after it', Buffer.concat([encodeOcspRequest([certId]), der.nullValue()])],
    ['with something after its signature', encodeOcspRequest([certId], { after: [der.nullValue()] })],
    ['in BER', Uint8Array.of(0x30, 0x80, 0, 0)],
    ['that is empty', new Uint8Array(0)],
    ['that is a certificate', leaf.der],
  ])('%s', (_flaw, request) => {
    expect(codeOf(request)).toBe('malformed');
  });

  it('with one element more in any of its values', () => {
    const version1 = der.explicit(0, der.smallInteger(0));
    const noted = extension(der.oid('1.2.3.4'), der.nullValue(), false);
    const withExtensions = der.sequence(certId, der.explicit(0, der.sequence(noted)));
    const list = der.sequence(withExtensions, der.sequence(certId));
    const nonce = der.explicit(2, der.sequence(nonceExtension(new Uint8Array(8))));
    const request = der.sequence(der.sequence(version1, list, nonce));
    expect(parseOcspRequest(request).certIds).toHaveLength(2);
    const longer = withOneMore(request, der.nullValue());
    expect(longer).toHaveLength(16);
    expect(new Set(longer.map(codeOf))).toEqual(new Set(['malformed']));
  });

  it('but one about the longest serial that anybody may have is not', () => {
    const [longest] = parseOcspRequest(encodeOcspRequest([withHash(sha1, 20, serialOf(20))])).certIds;
    expect(longest).toBeDefined();
  });

  it('but one that asks about 100 certificates with the longest nonce is not', () => {
    const request = parseOcspRequest(
      encodeOcspRequest(many(100), { extensions: [nonceExtension(new Uint8Array(128))] }),
    );
    expect(request.certIds).toHaveLength(100);
    expect(request.nonce).toHaveLength(128);
  });

  it('with any octet changed, or read, and never otherwise', () => {
    const request = encodeOcspRequest([certId, encodeCertId(issuing, '01c88d', 'sha256')], {
      extensions: [nonceExtension(new Uint8Array(16))],
    });
    fc.assert(
      fc.property(fc.nat(request.length - 1), fc.nat(255), (at, octet) => {
        const mutated = Buffer.from(request);
        mutated[at] = octet;
        expect(['accepted', 'malformed']).toContain(codeOf(mutated));
        expect(codeOf(request.subarray(0, at))).toBe('malformed');
      }),
      { numRuns: tries(1000) },
    );
  });
});
