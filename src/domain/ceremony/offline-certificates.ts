/**
 * What an offline root signs: its own certificate, and those of issuing authorities elsewhere. The exact bytes are checked once
 * more before they are signed.
 */
import { CaError } from '../errors.ts';
import { lintTbsCertificate } from '../policy/lint.ts';
import { refuse } from '../refusal.ts';
import { parseTbsCertificate } from '../x509/certificate.ts';
import {
  authorityInfoAccess,
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  keyUsage,
  subjectKeyIdentifier,
} from '../x509/extensions.ts';
import { oids } from '../x509/oids.ts';
import { keyIdentifier } from '../x509/public-key.ts';
import { decodeAuthorityInfoAccess, decodeCrlDistributionPoints } from '../x509/read-addresses.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { encodeTbsCertificate } from '../x509/tbs-certificate.ts';

export interface OfflineCertificate {
  readonly serial: string;
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  /** How many authorities may follow below it. */
  readonly pathLen: number;
  readonly lifetimeSeconds: number;
  /** Unix seconds. */
  readonly now: number;
}

/** The root as its own certificate has it. */
export interface OfflineIssuer {
  readonly subjectDer: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly pathLen: number;
  readonly signatureAlgorithm: SignatureAlgorithm;
}

/** Where the root's list and its certificate will be served; `http://` (RFC 5280 §8: HTTPS could loop). */
export interface OfflineAddresses {
  readonly crl?: string;
  readonly issuer?: string;
}

/** For clients whose clocks run behind; an air-gapped machine's own may be wrong, too. */
const backdateSeconds = 3600;

/** To be signed with the key it is for. */
export function prepareOfflineRoot(root: OfflineCertificate, signatureAlgorithm: SignatureAlgorithm): Uint8Array {
  const { subjectDer, spkiDer, pathLen } = root;
  const validity = { notBefore: root.now - backdateSeconds, notAfter: root.now + root.lifetimeSeconds };
  const own = { subjectDer, subjectKeyIdentifier: keyIdentifier(spkiDer), ...validity };
  return prepare(root, { ...own, pathLen: pathLen + 1, signatureAlgorithm }, {});
}

/** Throws CaError `policyRefused` with every reason: nothing outlives its root, or has as many authorities below it. */
export function prepareIssuingCertificate(
  certificate: OfflineCertificate,
  issuer: OfflineIssuer,
  addresses: OfflineAddresses,
): Uint8Array {
  return prepare(certificate, issuer, addresses);
}

function prepare(wanted: OfflineCertificate, issuer: OfflineIssuer, addresses: OfflineAddresses): Uint8Array {
  refuseBeyond(wanted, issuer);
  const { serial, subjectDer, spkiDer, pathLen } = wanted;
  const notBefore = Math.max(wanted.now - backdateSeconds, issuer.notBefore);
  const validity = { notBefore, notAfter: wanted.now + wanted.lifetimeSeconds };
  const identifier = keyIdentifier(spkiDer);
  const { signatureAlgorithm } = issuer;
  const fields = { serial, ...validity, subjectDer, spkiDer };
  const tbs = encodeTbsCertificate({
    ...fields,
    signatureAlgorithm,
    issuerDer: issuer.subjectDer,
    extensions: [
      basicConstraints({ ca: true, pathLen }),
      keyUsage(usages),
      subjectKeyIdentifier(identifier),
      authorityKeyIdentifier(issuer.subjectKeyIdentifier),
      ...(addresses.crl === undefined ? [] : [crlDistributionPoints([addresses.crl])]),
      ...(addresses.issuer === undefined ? [] : [authorityInfoAccess({ caIssuers: addresses.issuer })]),
    ],
  });
  const expected = { ...fields, issuer, subjectKeyIdentifier: identifier, names: [], keyUsage: usages };
  lookAgain(tbs, { ...expected, extendedKeyUsage: [], ca: { pathLen } }, addresses);
  return tbs;
}

const usages = ['keyCertSign', 'cRLSign'] as const;

function refuseBeyond({ now, lifetimeSeconds, pathLen }: OfflineCertificate, issuer: OfflineIssuer): void {
  const left = issuer.notAfter - now;
  const reasons = [];
  if (lifetimeSeconds > left) {
    const message = `The root ends in ${left} s, and nothing outlives it: ask for less.`;
    reasons.push({
      code: 'outlivesIssuer',
      field: 'lifetimeSeconds',
      message,
      value: String(lifetimeSeconds),
    } as const);
  }
  if (pathLen >= issuer.pathLen) {
    const message = `The root admits ${issuer.pathLen} levels of authorities below it: ask for a smaller path length.`;
    reasons.push({ code: 'invalidField', field: 'pathLen', message, value: String(pathLen) } as const);
  }
  if (reasons.length > 0) refuse(reasons);
}

type Expectation = Parameters<typeof lintTbsCertificate>[1];

/** An offline root has no OCSP responder, and says what it does not know nowhere: those two rules are kept here instead. */
const ownRules: readonly string[] = ['crlAddressUnlessRoot', 'informationAddressesUnlessRoot'];

function lookAgain(tbs: Uint8Array, expected: Expectation, { crl, issuer }: OfflineAddresses): void {
  const broken = lintTbsCertificate(tbs, expected).filter((rule) => !ownRules.includes(rule));
  const { extensions } = parseTbsCertificate(tbs);
  const points = extensions.get(oids.cRLDistributionPoints);
  const access = extensions.get(oids.authorityInfoAccess);
  const said = [
    ...(points ? decodeCrlDistributionPoints(points.value) : ['']),
    ...(access ? decodeAuthorityInfoAccess(access.value).map(({ url }) => url) : ['']),
  ];
  if (broken.length === 0 && said.join(' ') === [crl ?? '', issuer ?? ''].join(' ')) return;
  const cause = new Error(`pre-signing lint: ${broken.join(', ') || 'addresses'}`);
  throw new CaError('serverInternal', 'The certificate did not pass the last check; nothing was signed.', { cause });
}
