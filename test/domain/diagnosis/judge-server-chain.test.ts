import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificatesIn, judgeServerChain } from '#src/domain/diagnosis/judge-server-chain.ts';
import { makeTestCertificate, makeTestHierarchy, type TestCertificate, testNow } from '../../support/test-hierarchy.ts';

const { root, issuing, leaf } = makeTestHierarchy({
  leafNames: [
    { type: 'dns', value: 'demo.dev.internal' },
    { type: 'ip', value: '10.0.0.1' },
  ],
});
const read = ({ der }: TestCertificate): X509Certificate => new X509Certificate(der);

interface Case {
  readonly chain?: readonly TestCertificate[];
  readonly roots?: readonly TestCertificate[];
  readonly serverName?: string;
  readonly at?: number;
}

/** Codes, each with whose certificate it is about. */
const judge = ({
  chain = [leaf, issuing],
  roots = [root],
  serverName = 'demo.dev.internal',
  at = testNow,
}: Case = {}) =>
  judgeServerChain({ chain: chain.map(read), roots: roots.map(read), serverName, nowMs: at * 1000 }).map(
    ({ code, certificate }) => [code, certificate.subject],
  );

const year = 365 * 86_400;
const [leafName, issuingName, rootName] = [leaf, issuing, root].map((one) => read(one).subject);

describe('a server’s chain', () => {
  it('is good up to a root, or to an intermediate that is trusted itself, for a name or an address', () => {
    expect(judge()).toEqual([]);
    expect(judge({ chain: [leaf, issuing, root] })).toEqual([]);
    expect(judge({ chain: [leaf], roots: [issuing] })).toEqual([]);
    expect(judge({ roots: [leaf] })).toEqual([]);
    expect(judge({ serverName: '10.0.0.1' })).toEqual([]);
    expect(judge({ chain: [] })).toEqual([]);
  });

  it('may be sent in any order, with others between', () => {
    const other = makeTestHierarchy();
    expect(judge({ chain: [leaf, other.issuing, root, issuing] })).toEqual([]);
  });

  it('is refused with every flaw at once', () => {
    expect(judge({ chain: [leaf], serverName: '10.0.0.2', at: testNow + 10 * year })).toEqual([
      ['expired', leafName],
      ['issuerMissing', leafName],
      ['wrongName', leafName],
    ]);
  });

  it('is refused for times of any certificate in it but those of the root', () => {
    expect(judge({ at: testNow - year })).toEqual([
      ['notYetValid', leafName],
      ['notYetValid', issuingName],
    ]);
    expect(judge({ at: testNow + 6 * year })).toEqual([
      ['expired', leafName],
      ['expired', issuingName],
    ]);
  });

  it('is refused with how far it went', () => {
    const again = makeTestHierarchy();
    expect(judge({ roots: [] })).toEqual([['issuerMissing', issuingName]]);
    expect(judge({ chain: [leaf, issuing, root], roots: [] })).toEqual([['untrustedRoot', rootName]]);
    expect(judge({ roots: [again.root] })).toEqual([['otherKeyOfIssuer', issuingName]]);
    expect(judge({ chain: [leaf, again.issuing], roots: [again.root] })).toEqual([['issuerMissing', leafName]]);
  });

  it('is refused for a certificate that is its own issuer, or not for servers', () => {
    const alone = makeTestCertificate({
      now: testNow,
      commonName: 'alone',
      names: [{ type: 'dns', value: 'demo.dev.internal' }],
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['clientAuth'],
    });
    const subject = read(alone).subject;
    expect(judge({ chain: [alone] })).toEqual([
      ['selfSigned', subject],
      ['wrongPurpose', subject],
    ]);
  });

  it('is refused when an issuer is no authority', () => {
    const below = makeTestCertificate({
      now: testNow,
      issuer: leaf,
      commonName: 'below',
      names: [{ type: 'dns', value: 'demo.dev.internal' }],
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['serverAuth'],
    });
    expect(judge({ chain: [below, leaf, issuing] })).toEqual([['issuerNotCa', leafName]]);
    expect(judge({ chain: [below], roots: [leaf] })).toEqual([['issuerNotCa', leafName]]);
  });
});

describe('a file of certificates', () => {
  it('is read without what is none', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    expect(certificatesIn(`text\n${root.pem}${broken}${issuing.pem}`)).toHaveLength(2);
    expect(certificatesIn('no PEM')).toEqual([]);
  });
});
