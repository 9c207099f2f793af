/** From profile, product and CSR to the exact tbsCertificate to sign, linted, or every reason why not. */
import type { Reason } from '../errors.ts';
import type { Product } from '../records/environment.ts';
import { refuseIfAny } from '../refusal.ts';
import type { Csr } from '../x509/csr.ts';
import {
  authorityInfoAccess,
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  extKeyUsage,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../x509/extensions.ts';
import type { GeneralName } from '../x509/general-name.ts';
import type { KeyFamily } from '../x509/key-type.ts';
import { decodeName, encodeName, formatName } from '../x509/name.ts';
import { keyIdentifier, publicKeySha256, type SubjectPublicKey } from '../x509/public-key.ts';
import { encodeTbsCertificate } from '../x509/tbs-certificate.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import { judgeLifetime, validityOf } from './lifetime.ts';
import { lintOrThrow } from './lint.ts';
import type { KeyUsage, Profile } from './profile.ts';
import { commonNameOf, judgeNames, type NamesInput, readRequestedNames } from './requested-names.ts';

/** What was checked, and the very bytes to sign. Redeem it once. */
export interface PreparedCertificate {
  readonly tbs: Uint8Array;
  /** RFC 4514. */
  readonly subject: string;
  readonly names: readonly string[];
  readonly keyType: string;
  readonly keySha256: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly profile: string;
  readonly profileVersion: number;
}

/** A profile with everything encoded that is the same in each of its certificates. */
export interface CompiledProfile {
  readonly profile: Profile;
  readonly issuer: IssuerFacts;
  readonly basicConstraints: Uint8Array;
  readonly keyUsage: Readonly<Record<KeyFamily, { readonly usages: readonly KeyUsage[]; readonly der: Uint8Array }>>;
  readonly extKeyUsage: Uint8Array;
  readonly authorityKeyIdentifier: Uint8Array;
  /** cRLDistributionPoints and authorityInfoAccess. */
  readonly addresses: readonly Uint8Array[];
}

export interface CertificateRequest extends NamesInput {
  readonly product: Product;
  readonly lifetimeSeconds?: number;
  /** Unix seconds. */
  readonly now: number;
  readonly serial: string;
}

export function compileProfile(profile: Profile, issuer: IssuerFacts): CompiledProfile {
  const forFamily = (family: KeyFamily) => {
    const usages = usagesFor(profile.keyUsage, family);
    return { usages, der: keyUsage(usages) };
  };
  return {
    profile,
    issuer,
    basicConstraints: basicConstraints({ ca: false }),
    keyUsage: { rsa: forFamily('rsa'), ec: forFamily('ec'), ed25519: forFamily('ed25519') },
    extKeyUsage: extKeyUsage(profile.extendedKeyUsage),
    authorityKeyIdentifier: authorityKeyIdentifier(issuer.subjectKeyIdentifier),
    addresses: addressExtensions(issuer),
  };
}

/** Java and nginx refuse a chain in which a certificate does not say where its revocation is told. */
export const addressExtensions = ({ urls }: IssuerFacts): readonly Uint8Array[] => [
  crlDistributionPoints([urls.crl]),
  authorityInfoAccess({ ocsp: urls.ocsp, caIssuers: urls.aia }),
];

/** keyEncipherment is RSA's alone (RFC 8813 §3, RFC 8410 §5), keyAgreement EC's; signing is what all can do. */
function usagesFor(usages: readonly KeyUsage[], family: KeyFamily): readonly KeyUsage[] {
  const fitting = usages.filter((usage) => {
    if (usage === 'keyEncipherment') return family === 'rsa';
    return usage === 'keyAgreement' ? family === 'ec' : true;
  });
  return fitting.length > 0 ? fitting : ['digitalSignature'];
}

/** Throws one CaError with all reasons. The CSR's signature is not verified here; its key's rules were, when it was read. */
export function prepareCertificate(compiled: CompiledProfile, request: CertificateRequest): PreparedCertificate {
  const { profile, issuer } = compiled;
  const { csr, product, now } = request;
  const { names, reasons: unreadable } = readRequestedNames(request);
  const namesJudged = unreadable.length > 0 && names.length === 0 ? [] : judgeNames(names, csr, { profile, product });
  refuseIfAny([
    ...unreadable,
    ...namesJudged,
    ...judgeKeyKind(csr.publicKey, profile),
    ...judgeLifetime(profile, issuer, { lifetimeSeconds: request.lifetimeSeconds, now }),
  ]);
  const validity = validityOf(profile, issuer, { lifetimeSeconds: request.lifetimeSeconds, now });
  return assemble(compiled, request, { names, validity });
}

interface Decided {
  readonly names: readonly GeneralName[];
  readonly validity: { readonly notBefore: number; readonly notAfter: number };
}

function assemble(
  compiled: CompiledProfile,
  request: CertificateRequest,
  { names, validity }: Decided,
): PreparedCertificate {
  const { profile, issuer } = compiled;
  const { spkiDer, family, keyType } = request.csr.publicKey;
  const subjectDer = encodeName(subjectAttributes(profile, request.csr, names));
  const usages = compiled.keyUsage[family];
  const tbs = encodeTbsCertificate({
    serial: request.serial,
    signatureAlgorithm: issuer.signatureAlgorithm,
    issuerDer: issuer.subjectDer,
    ...validity,
    subjectDer,
    spkiDer,
    extensions: [
      compiled.basicConstraints,
      usages.der,
      compiled.extKeyUsage,
      subjectKeyIdentifier(keyIdentifier(spkiDer)),
      compiled.authorityKeyIdentifier,
      // RFC 5280 §4.2.1.6: critical when the subject is empty.
      subjectAltName(names, subjectDer.length === 2),
      ...compiled.addresses,
    ],
  });
  lintOrThrow(tbs, {
    serial: request.serial,
    issuer,
    ...validity,
    subjectDer,
    spkiDer,
    names,
    keyUsage: usages.usages,
    extendedKeyUsage: profile.extendedKeyUsage,
  });
  return {
    tbs,
    subject: formatName(decodeName(subjectDer)),
    names: names.map(({ value }) => value),
    keyType,
    keySha256: publicKeySha256(spkiDer),
    ...validity,
    profile: profile.name,
    profileVersion: profile.version,
  };
}

/** RFC 5280 appendix A.1: ub-common-name. */
const commonNameLimit = 64;

type Attributes = Parameters<typeof encodeName>[0];

/** The subject is the profile's template; of the CSR's own subject only the CN can come in, as one of the names. */
function subjectAttributes({ subject }: Profile, csr: Csr, names: readonly GeneralName[]): Attributes {
  const fitting = names.filter(({ value }) => value.length <= commonNameLimit);
  const first = fitting.find(({ type }) => type === 'dns') ?? fitting.find(({ type }) => type === 'email');
  const commonName = { firstName: first?.value, requested: commonNameOf(csr)?.toLowerCase(), none: undefined }[
    subject.commonName
  ];
  const attributes: { type: Attributes[number]['type']; value: string }[] = [];
  if (subject.organization !== undefined) attributes.push({ type: 'organizationName', value: subject.organization });
  if (subject.organizationalUnit !== undefined)
    attributes.push({ type: 'organizationalUnitName', value: subject.organizationalUnit });
  if (commonName !== undefined) attributes.push({ type: 'commonName', value: commonName });
  return attributes;
}

function judgeKeyKind(key: SubjectPublicKey, { name, keys }: Profile): readonly Reason[] {
  const short = key.rsa !== undefined && key.rsa.bits < keys.rsaMinimumBits;
  if (keys.kinds.includes(key.kind) && !short) return [];
  const allowed = keys.kinds.map((kind) => (kind === 'rsa' ? `rsa of at least ${keys.rsaMinimumBits} bits` : kind));
  const message = `The profile ${name} does not certify this kind of key. Use one of: ${allowed.join(', ')}.`;
  return [{ code: 'keyTypeNotAllowed', field: 'csr.publicKey', message, value: key.keyType }];
}
