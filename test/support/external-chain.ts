/** A corporate CA for tests: its root, an intermediate, and what they sign for the CSR of an authority of ours. */

import { encodePem } from '../../src/domain/der/pem.ts';
import { contextTag } from '../../src/domain/der/tag.ts';
import { implicit, octetString, oid, sequence, tlv } from '../../src/domain/der/writer.ts';
import { spkiOfAuthorityCsr } from '../../src/domain/x509/authority-csr.ts';
import { encodeCrlEntry, encodeTbsCertList } from '../../src/domain/x509/crl.ts';
import * as extensions from '../../src/domain/x509/extensions.ts';
import { keyIdentifier } from '../../src/domain/x509/public-key.ts';
import { assembleSigned } from '../../src/domain/x509/signed.ts';
import { makeSigningKey, type SigningKey } from './signing-key.ts';
import { makeTestCertificate, type TestCertificate, type TestCertificateOptions } from './test-hierarchy.ts';

type Options = Partial<TestCertificateOptions> & {
  /** Besides those that an authority has. */
  readonly more?: readonly Uint8Array[];
};

export interface CorporateCa {
  readonly root: TestCertificate;
  readonly intermediate: TestCertificate;
  /** What the CSR asks for, signed by the intermediate unless told otherwise. */
  sign(csrDer: Uint8Array, options?: Options): TestCertificate;
}

/** `now` in Unix seconds. */
export function makeCorporateCa(now: number, of: { root?: Options; intermediate?: Options } = {}): CorporateCa {
  const root = makeAuthority({ now, commonName: 'Corporate Root', days: 3650, ...of.root });
  const intermediate = makeAuthority({
    now,
    issuer: root,
    commonName: 'Corporate Issuing',
    days: 1825,
    ...of.intermediate,
  });
  return {
    root,
    intermediate,
    sign: (csrDer, options = {}) =>
      makeAuthority({
        now,
        issuer: intermediate,
        commonName: 'Corp services',
        days: 900,
        basicConstraints: { ca: true, pathLen: 0 },
        key: keyOf(csrDer),
        ...options,
      }),
  };
}

/** The public half of a key, for certificates that it does not sign itself. */
const keyOf = (csrDer: Uint8Array): SigningKey => ({ ...makeSigningKey(), spkiDer: spkiOfAuthorityCsr(csrDer) });

function makeAuthority({ more, ...options }: Options & { readonly now: number }): TestCertificate {
  const { key = makeSigningKey(), basicConstraints = { ca: true }, keyUsage = ['keyCertSign', 'cRLSign'] } = options;
  const made = { ...options, key, basicConstraints, keyUsage };
  if (!more) return makeTestCertificate(made);
  const all = [
    extensions.basicConstraints(basicConstraints),
    extensions.keyUsage(keyUsage),
    extensions.subjectKeyIdentifier(keyIdentifier(key.spkiDer)),
    ...more,
  ];
  return makeTestCertificate({ ...made, override: { ...options.override, extensions: all } });
}

const nameConstraintsOid = oid('2.5.29.30');

/** Critical nameConstraints of DNS subtrees. */
export function dnsConstraints({
  permitted = [],
  excluded = [],
}: {
  permitted?: string[];
  excluded?: string[];
}): Uint8Array {
  const list = (number: number, names: string[]): Uint8Array[] =>
    names.length === 0
      ? []
      : [tlv(contextTag(number, true), ...names.map((name) => sequence(implicit(2, Buffer.from(name, 'latin1')))))];
  const value = sequence(...list(0, permitted), ...list(1, excluded));
  return extensions.extension(nameConstraintsOid, value, true);
}

export const unknownCritical = (): Uint8Array =>
  extensions.extension(oid('1.3.6.1.4.1.99999.1'), octetString(new Uint8Array([1])), true);

/** Names an algorithm by its OID alone, whatever really signs. */
export const signingAs = (key: SigningKey, dotted: string): SigningKey => ({
  ...key,
  algorithm: { ...key.algorithm, identifierDer: sequence(oid(dotted)) },
});

export const pemOf = (...certificates: readonly TestCertificate[]): string =>
  certificates.map(({ pem }) => pem).join('');

export interface CrlOptions {
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly crlNumber?: number;
  readonly revoked?: readonly string[];
  /** Who signs; the issuer itself if absent. */
  readonly key?: SigningKey;
}

/** A list of `issuer`, PEM. Times in Unix seconds. */
export function makeCrl(issuer: TestCertificate, options: CrlOptions): string {
  const {
    thisUpdate,
    nextUpdate = thisUpdate + 90 * 86_400,
    crlNumber = thisUpdate,
    revoked = [],
    key = issuer.key,
  } = options;
  const tbs = encodeTbsCertList({
    signatureAlgorithm: key.algorithm,
    issuerDer: issuer.subjectDer,
    thisUpdate,
    nextUpdate,
    entries: revoked.map((serial) => encodeCrlEntry({ serial, at: thisUpdate, reason: 'keyCompromise' })),
    crlNumber,
    authorityKeyIdentifier: issuer.subjectKeyIdentifier,
  });
  return encodePem('X509 CRL', assembleSigned(tbs, key.algorithm, key.sign(tbs)));
}
