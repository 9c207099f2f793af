/** Chains that were made elsewhere, at the edges of RFC 5280 §6.1; the usual flaws are judged with the import. */
import { describe, expect, it } from 'vitest';
import { oid, sequence } from '../../../src/domain/der/writer.ts';
import { algorithmFault, type ChainToJudge, judgeChain } from '../../../src/domain/policy/judge-chain.ts';
import { parseForeignCertificate } from '../../../src/domain/x509/certificate.ts';
import * as extensions from '../../../src/domain/x509/extensions.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { keyIdentifier } from '../../../src/domain/x509/public-key.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import {
  makeTestCertificate,
  type TestCertificate,
  type TestCertificateOptions,
  testNow,
} from '../../support/test-hierarchy.ts';

const usage = ['keyCertSign', 'cRLSign'] as const;
const authority = (options: Partial<TestCertificateOptions>): TestCertificate =>
  makeTestCertificate({ now: testNow, basicConstraints: { ca: true }, keyUsage: usage, ...options });

const root = authority({ commonName: 'Root', days: 3650 });
const middle = authority({ commonName: 'Middle', issuer: root, days: 1825 });
const ownOf = (issuer: TestCertificate, options: Partial<TestCertificateOptions> = {}): TestCertificate =>
  authority({ commonName: 'Own', issuer, days: 900, basicConstraints: { ca: true, pathLen: 0 }, ...options });

const judge = (chain: readonly TestCertificate[], override: Partial<ChainToJudge> = {}) =>
  judgeChain({
    chain: chain.map(({ der }) => parseForeignCertificate(der)),
    spkiDer: chain[0]!.key.spkiDer,
    now: testNow,
    products: [],
    purposes: [oids.serverAuth, oids.clientAuth],
    ...override,
  });
const flaws = async (chain: readonly TestCertificate[], override?: Partial<ChainToJudge>) =>
  (await judge(chain, override)).map(({ code, field }) => `${code} ${field}`);

/** A chain whose middle has these extensions besides. */
function through(...more: readonly Uint8Array[]): TestCertificate[] {
  const key = makeSigningKey();
  const its = [
    extensions.basicConstraints({ ca: true }),
    extensions.keyUsage(usage),
    extensions.subjectKeyIdentifier(keyIdentifier(key.spkiDer)),
  ];
  const between = authority({ commonName: 'Between', issuer: root, key, override: { extensions: [...its, ...more] } });
  return [ownOf(between, { days: 20 }), between, root];
}

describe('a chain is good', () => {
  it('with or without its root, from the first second of each to the last', async () => {
    const own = ownOf(middle);
    expect([await flaws([own, middle, root]), await flaws([own, middle])]).toEqual([[], []]);
    const { notBefore, notAfter } = parseForeignCertificate(own.der);
    expect([
      await flaws([own, middle, root], { now: notBefore }),
      await flaws([own, middle, root], { now: notAfter }),
    ]).toEqual([[], []]);
    const [early] = await judge([own, middle, root], { now: notBefore - 1 });
    const [late] = await judge([own, middle, root], { now: notAfter + 1 });
    expect([early, late]).toMatchObject([
      { code: 'chainNotYetValid', value: new Date(notBefore * 1000).toISOString() },
      { code: 'chainExpired', value: new Date(notAfter * 1000).toISOString() },
    ]);
  });

  it('whatever nobody knows in it that is not critical', async () => {
    expect(await flaws(through(extensions.extension(oid('1.3.6.1.4.1.311.21.1'), sequence(), false)))).toEqual([]);
  });

  it('when it is for any purpose', async () => {
    const eku = (...purposes: string[]) =>
      extensions.extension(oid(oids.extKeyUsage), sequence(...purposes.map((purpose) => oid(purpose))), false);
    expect(await flaws(through(eku(oids.ocspSigning, oids.anyExtendedKeyUsage)))).toEqual([]);
    expect(await flaws(through(eku(oids.serverAuth, oids.clientAuth)))).toEqual([]);
    expect(await flaws(through(eku(oids.serverAuth)))).toEqual(['extendedKeyUsageTooNarrow chain[1]']);
  });

  // RFC 5280 §4.2.1.9: a self-issued certificate, as of a root with a new key, counts nothing.
  it('with a root whose new key is certified by its old one, which leaves pathLen as it is', async () => {
    const old = authority({ commonName: 'Root', days: 3650, basicConstraints: { ca: true, pathLen: 2 } });
    const cross = authority({ commonName: 'Root', issuer: old, days: 3000 });
    const between = authority({ commonName: 'Middle', issuer: cross, days: 1825 });
    expect(await flaws([ownOf(between), between, cross, old])).toEqual([]);
    const lower = authority({ commonName: 'Lower', issuer: between, days: 1000 });
    expect(await flaws([ownOf(lower), lower, between, cross, old])).toEqual(['pathLengthExceeded chain[4]']);
  });

  it('when its root has no subjectKeyIdentifier, although what is below names it', async () => {
    const key = makeSigningKey();
    const bare = [extensions.basicConstraints({ ca: true }), extensions.keyUsage(usage)];
    const plain = authority({ commonName: 'Plain', days: 3650, key, override: { extensions: bare } });
    const between = authority({ commonName: 'Middle', issuer: plain, days: 1825 });
    expect(await flaws([ownOf(between), between, plain])).toEqual([]);
  });
});

describe('a chain is refused', () => {
  it('when nothing below ours could name it', async () => {
    const bare = [extensions.basicConstraints({ ca: true, pathLen: 0 }), extensions.keyUsage(usage)];
    const own = ownOf(middle, { override: { extensions: bare } });
    expect(await flaws([own, middle, root])).toEqual(['subjectKeyIdentifierMissing chain[0]']);
  });

  it('when a key in it is weak, once, by the subject of whose it is', async () => {
    const weak = authority({
      ...{ commonName: 'Weak', issuer: root, days: 1825 },
      key: makeSigningKey('rsa-1024' as KeyType, makeSigningKey('rsa-2048').algorithm),
    });
    const reasons = await judge([ownOf(weak), weak, root]);
    expect(reasons).toMatchObject([{ field: 'chain[1]', value: 'CN=Weak' }]);
  });

  it('when its root is not signed by its own key', async () => {
    const key = { ...makeSigningKey(), sign: makeSigningKey().sign };
    const foreign = authority({ commonName: 'Foreign', days: 3650, key });
    const between = authority({ commonName: 'Middle', days: 1825, issuer: foreign });
    expect(await flaws([ownOf(between), between, foreign])).toEqual([
      'chainSignature chain[1]',
      'chainSignature chain[2]',
    ]);
  });

  it('when its name constraints cannot be read', async () => {
    const broken = extensions.extension(oid(oids.nameConstraints), sequence(sequence()), true);
    expect(await flaws(through(broken))).toEqual(['badCertificate chain[1]']);
  });
});

it('an algorithm that is broken is told apart from one that is not in use here', () => {
  const said = (dotted: string) => algorithmFault(sequence(oid(dotted)));
  expect(said('1.2.840.10045.4.1')).toMatchObject({ message: expect.stringContaining('SHA-1') });
  expect(said('1.2.840.113549.1.1.4')).toMatchObject({ message: expect.stringContaining('MD5') });
  expect(said('2.16.840.1.101.3.4.3.17')).toMatchObject({ message: expect.stringContaining('not in use here') });
});
