/** A corporate CA for tests: its root, an intermediate, and what they sign for the CSR of an authority of ours. */

import { encodePem } from '../../src/domain/der/pem.ts';
import { contextTag } from '../../src/domain/der/tag.ts';
import {
  explicit,
  implicit,
  octetString,
  oid,
  sequence,
  smallInteger,
  time,
  tlv,
  unsignedInteger,
} from '../../src/domain/der/writer.ts';
import type { RevocationReason } from '../../src/domain/policy/revocation-reason.ts';
import { spkiOfAuthorityCsr } from '../../src/domain/x509/authority-csr.ts';
import { encodeCrlEntry } from '../../src/domain/x509/crl.ts';
import * as extensions from '../../src/domain/x509/extensions.ts';
import { oidDer } from '../../src/domain/x509/oid-der.ts';
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

/** Critical policyConstraints (RFC 5280 §4.2.1.11). */
export const requireExplicitPolicy = (skipCerts: number): Uint8Array =>
  extensions.extension(oid('2.5.29.36'), sequence(implicit(0, smallInteger(skipCerts).subarray(2))), true);

/** Critical, from the next certificate on (RFC 5280 §4.2.1.14). */
export const inhibitAnyPolicy = (): Uint8Array => extensions.extension(oid('2.5.29.54'), smallInteger(0), true);

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
  readonly crlNumber?: number | bigint;
  readonly revoked?: readonly string[];
  /** Of each; version 1 has none. */
  readonly reason?: RevocationReason;
  /** Version 1 has no extensions. */
  readonly version?: 1 | 2;
  /** Besides authorityKeyIdentifier and cRLNumber. */
  readonly more?: readonly Uint8Array[];
  /** Who signs; the issuer itself if absent. */
  readonly key?: SigningKey;
}

const listExtensions = (issuer: TestCertificate, { crlNumber, thisUpdate, more = [] }: CrlOptions): Uint8Array[] => [
  extensions.authorityKeyIdentifier(issuer.subjectKeyIdentifier),
  crlNumberOf(crlNumber ?? thisUpdate),
  ...more,
];

const crlNumberOf = (number: number | bigint): Uint8Array => {
  const hex = number.toString(16);
  const magnitude = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return extensions.extension(oidDer.cRLNumber, unsignedInteger(magnitude), false);
};

/** Critical (RFC 5280 §5.2.4). */
export const deltaCrlIndicator = (baseCrlNumber: number): Uint8Array =>
  extensions.extension(oid('2.5.29.27'), smallInteger(baseCrlNumber), true);

/** Critical (RFC 5280 §5.2.5); `fields` are encoded, in their order. */
export const issuingDistributionPoint = (...fields: readonly Uint8Array[]): Uint8Array =>
  extensions.extension(oidDer.issuingDistributionPoint, sequence(...fields), true);

/** DistributionPointName with one URL, as certificates and lists have it. */
export const pointNamed = (url: string): Uint8Array =>
  explicit(0, explicit(0, implicit(6, Buffer.from(url, 'latin1'))));

/** A list of `issuer`, PEM. Times in Unix seconds. */
export function makeCrl(issuer: TestCertificate, options: CrlOptions): string {
  const { thisUpdate, nextUpdate = thisUpdate + 90 * 86_400, revoked = [], key = issuer.key, version = 2 } = options;
  const reason = version === 1 ? 'unspecified' : (options.reason ?? 'keyCompromise');
  const entries = revoked.map((serial) => encodeCrlEntry({ serial, at: thisUpdate, reason }));
  const tbs = sequence(
    ...(version === 1 ? [] : [smallInteger(1)]),
    key.algorithm.identifierDer,
    issuer.subjectDer,
    time(thisUpdate),
    time(nextUpdate),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    ...(version === 1 ? [] : [explicit(0, sequence(...listExtensions(issuer, options)))]),
  );
  return encodePem('X509 CRL', assembleSigned(tbs, key.algorithm, key.sign(tbs)));
}
