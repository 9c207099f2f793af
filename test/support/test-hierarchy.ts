/** A small CA for tests: root, issuing authority, leaf and OCSP responder, made by src/domain/x509 and signed here. */
import { randomBytes } from 'node:crypto';
import { encodePem } from '../../src/domain/der/pem.ts';
import { ia5String, oid } from '../../src/domain/der/writer.ts';
import * as extensions from '../../src/domain/x509/extensions.ts';
import type { GeneralName } from '../../src/domain/x509/general-name.ts';
import type { KeyType } from '../../src/domain/x509/key-type.ts';
import { encodeName } from '../../src/domain/x509/name.ts';
import { keyIdentifier } from '../../src/domain/x509/public-key.ts';
import { makeSerial } from '../../src/domain/x509/serial.ts';
import type { SignatureAlgorithm } from '../../src/domain/x509/signature-algorithm.ts';
import { assembleSigned } from '../../src/domain/x509/signed.ts';
import { encodeTbsCertificate, type TbsCertificateFields } from '../../src/domain/x509/tbs-certificate.ts';
import { makeSigningKey, type SigningKey } from './signing-key.ts';

export interface TestCertificate {
  readonly key: SigningKey;
  readonly serial: string;
  readonly subjectDer: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
  readonly tbs: Uint8Array;
  readonly der: Uint8Array;
  readonly pem: string;
}

export interface TestHierarchy {
  readonly root: TestCertificate;
  readonly issuing: TestCertificate;
  readonly leaf: TestCertificate;
  readonly ocspResponder: TestCertificate;
}

export interface TestHierarchyOptions {
  /** Of the authorities. */
  readonly keyType?: KeyType;
  /** Of the authorities; the default of their key type if absent. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
  /** Unix seconds, `testNow` if absent; certificates are valid from an hour before it. */
  readonly now?: number;
  readonly leafNames?: readonly GeneralName[];
}

/** The time at which tests of fixed bytes take place, Unix seconds. */
export const testNow = Date.UTC(2026, 10, 1) / 1000;

const day = 86_400;

/** Root and issuing authority of one key type; leaf and responder have P-256 keys. */
export function makeTestHierarchy(options: TestHierarchyOptions = {}): TestHierarchy {
  const now = options.now ?? testNow;
  const makeAuthorityKey = () => makeSigningKey(options.keyType ?? 'ec-p256', options.signatureAlgorithm);
  const ca = { keyUsage: ['keyCertSign', 'cRLSign'] as const, now };
  const root = makeTestCertificate({
    ...ca,
    commonName: 'Test Root',
    key: makeAuthorityKey(),
    basicConstraints: { ca: true },
    days: 3650,
  });
  const issuing = makeTestCertificate({
    ...ca,
    issuer: root,
    commonName: 'Test Issuing',
    key: makeAuthorityKey(),
    basicConstraints: { ca: true, pathLen: 0 },
    days: 1825,
  });
  const leaf = makeTestCertificate({
    now,
    issuer: issuing,
    commonName: 'demo.dev.internal',
    names: options.leafNames ?? [{ type: 'dns', value: 'demo.dev.internal' }],
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['serverAuth', 'clientAuth'],
  });
  const ocspResponder = makeTestCertificate({
    now,
    issuer: issuing,
    commonName: 'Test OCSP responder',
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['OCSPSigning'],
    ocspNocheck: true,
  });
  return { root, issuing, leaf, ocspResponder };
}

export interface TestCertificateOptions {
  readonly now: number;
  /** Self-signed without one. */
  readonly issuer?: TestCertificate;
  readonly commonName?: string;
  readonly key?: SigningKey;
  readonly days?: number;
  readonly names?: readonly GeneralName[];
  readonly keyUsage: Parameters<typeof extensions.keyUsage>[0];
  readonly extKeyUsage?: Parameters<typeof extensions.extKeyUsage>[0];
  readonly basicConstraints?: extensions.BasicConstraints;
  readonly ocspNocheck?: boolean;
  /** Text of a Netscape comment, which OpenSSL prints as it stands. */
  readonly comment?: string;
  /** Where CRL, OCSP and issuer are said to be. */
  readonly baseUrl?: string;
  /** Replaces fields of the TBSCertificate. */
  readonly override?: Partial<TbsCertificateFields>;
}

export function makeTestCertificate(options: TestCertificateOptions): TestCertificate {
  const { now, issuer, override, key = makeSigningKey() } = options;
  const serial = override?.serial ?? makeSerial(now * 1000, randomBytes(16));
  const subjectDer = override?.subjectDer ?? nameOf(options.commonName);
  const subjectKeyIdentifier = keyIdentifier(key.spkiDer);
  const tbs = encodeTbsCertificate({
    serial,
    signatureAlgorithm: (issuer?.key ?? key).algorithm,
    issuerDer: issuer?.subjectDer ?? subjectDer,
    notBefore: now - 3600,
    notAfter: now - 3600 + (options.days ?? 30) * day,
    subjectDer,
    spkiDer: key.spkiDer,
    extensions: extensionsOf(options, subjectKeyIdentifier),
    ...override,
  });
  const signer = issuer?.key ?? key;
  const der = assembleSigned(tbs, signer.algorithm, signer.sign(tbs));
  return { key, serial, subjectDer, subjectKeyIdentifier, tbs, der, pem: encodePem('CERTIFICATE', der) };
}

const nameOf = (commonName: string | undefined): Uint8Array =>
  encodeName(commonName === undefined ? [] : [{ type: 'commonName', value: commonName }]);

const netscapeComment = oid('2.16.840.1.113730.1.13');

function extensionsOf(options: TestCertificateOptions, subjectKeyIdentifier: Uint8Array): Uint8Array[] {
  const { issuer, names = [], basicConstraints = { ca: false }, extKeyUsage } = options;
  return [
    extensions.basicConstraints(basicConstraints),
    extensions.keyUsage(options.keyUsage),
    ...(extKeyUsage ? [extensions.extKeyUsage(extKeyUsage)] : []),
    ...(names.length > 0 ? [extensions.subjectAltName(names, options.commonName === undefined)] : []),
    extensions.subjectKeyIdentifier(subjectKeyIdentifier),
    ...(issuer ? [extensions.authorityKeyIdentifier(issuer.subjectKeyIdentifier), ...pointers(options)] : []),
    ...(options.ocspNocheck ? [extensions.ocspNocheck()] : []),
    ...(options.comment === undefined
      ? []
      : [extensions.extension(netscapeComment, ia5String(options.comment), false)]),
  ];
}

/** A responder with nocheck is not asked about (RFC 6960 §4.2.2.2.1), so it says only where its issuer is. */
function pointers({ ocspNocheck, baseUrl = 'http://ca.dev.internal:8080' }: TestCertificateOptions): Uint8Array[] {
  const caIssuers = `${baseUrl}/aia/test.cer`;
  if (ocspNocheck) return [extensions.authorityInfoAccess({ caIssuers })];
  return [
    extensions.crlDistributionPoints([`${baseUrl}/crl/test.crl`]),
    extensions.authorityInfoAccess({ ocsp: `${baseUrl}/ocsp/test`, caIssuers }),
  ];
}
