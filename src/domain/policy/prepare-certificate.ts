/** From profile, product and CSR to the exact tbsCertificate to sign, linted, or every reason why not. */
import type { Reason } from '../errors.ts';
import type { Product } from '../records/environment.ts';
import { refuseIfAny } from '../refusal.ts';
import type { ParsedTbsCertificate } from '../x509/certificate.ts';
import type { ProvenCsr } from '../x509/csr.ts';
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
import { encodeName, formatName } from '../x509/name.ts';
import { keyIdentifier, publicKeySha256 } from '../x509/public-key.ts';
import { encodeTbsCertificate } from '../x509/tbs-certificate.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import { judgeConstrainedNames } from './judge-name-constraints.ts';
import { judgePurposes } from './judge-purposes.ts';
import { judgeLifetime, validityOf } from './lifetime.ts';
import { lintOrThrow } from './lint.ts';
import type { KeyUsage, Profile } from './profile.ts';
import { judgeNames, type NamesInput, readRequestedNames } from './requested-names.ts';
import { subjectAttributes } from './subject-template.ts';

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

/** A profile with everything encoded that is the same in each of its certificates of one issuer. */
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
    addresses: addressExtensions(issuer.urls),
  };
}

/** Java and nginx refuse a chain in which a certificate does not say where its revocation is told. */
export const addressExtensions = (urls: IssuerFacts['urls']): readonly Uint8Array[] => [
  crlDistributionPoints([urls.crl]),
  authorityInfoAccess({ ocsp: urls.ocsp, caIssuers: urls.aia }),
];

/** keyEncipherment is RSA's alone (RFC 8813 §3, RFC 8410 §5), keyAgreement EC's; digitalSignature, which all keys can, remains. */
const usagesFor = (usages: readonly KeyUsage[], family: KeyFamily): readonly KeyUsage[] =>
  usages.filter((usage) => {
    if (usage === 'keyEncipherment') return family === 'rsa';
    return usage === 'keyAgreement' ? family === 'ec' : true;
  });

/** Throws one CaError with all reasons. The CSR's signature was verified, and its key's rules were judged, when it was read. */
export function prepareCertificate(compiled: CompiledProfile, request: CertificateRequest): PreparedCertificate {
  const { profile, issuer } = compiled;
  const { csr, product, now, lifetimeSeconds } = request;
  const requested = readRequestedNames(request);
  refuseIfAny([
    ...judgeNames(requested, csr, { profile, product }),
    ...(issuer.nameConstraints ? judgeConstrainedNames(issuer.nameConstraints, requested.names) : []),
    ...judgePurposes(profile, issuer),
    ...judgeKeyKind(csr.publicKey, profile),
    ...judgeLifetime(profile, issuer, { lifetimeSeconds, now }),
  ]);
  const { names } = requested;
  return assemble(compiled, request, { names, validity: validityOf(profile, issuer, { lifetimeSeconds, now }) });
}

interface Decided {
  readonly names: readonly GeneralName[];
  readonly validity: { readonly notBefore: number; readonly notAfter: number };
}

function assemble(compiled: CompiledProfile, request: CertificateRequest, decided: Decided): PreparedCertificate {
  const { profile, issuer } = compiled;
  const { serial } = request;
  const { names, validity } = decided;
  const { spkiDer, family, keyType } = request.csr.publicKey;
  const subjectDer = encodeName(subjectAttributes(profile, request.csr, names));
  const identifier = keyIdentifier(spkiDer);
  const usages = compiled.keyUsage[family];
  const fields = { serial, ...validity, subjectDer, spkiDer };
  const tbs = encodeTbsCertificate({
    ...fields,
    signatureAlgorithm: issuer.signatureAlgorithm,
    issuerDer: issuer.subjectDer,
    extensions: [
      compiled.basicConstraints,
      usages.der,
      compiled.extKeyUsage,
      subjectKeyIdentifier(identifier),
      compiled.authorityKeyIdentifier,
      // RFC 5280 §4.2.1.6: critical when the subject is empty.
      subjectAltName(names, subjectDer.length === emptyNameOctets),
      ...compiled.addresses,
    ],
  });
  const said = lintOrThrow(tbs, {
    ...fields,
    issuer,
    subjectKeyIdentifier: identifier,
    names,
    keyUsage: usages.usages,
    extendedKeyUsage: profile.extendedKeyUsage,
  });
  return preparedOf(tbs, said, { keyType, profile: profile.name, profileVersion: profile.version });
}

const emptyNameOctets = 2;

/** What the inventory will hold is what the bytes say, not what they were meant to say. */
export const preparedOf = (
  tbs: Uint8Array,
  said: ParsedTbsCertificate,
  by: Pick<PreparedCertificate, 'keyType' | 'profile' | 'profileVersion'>,
): PreparedCertificate => ({
  tbs,
  subject: formatName(said.subject),
  names: said.names.map(({ value }) => value),
  keySha256: publicKeySha256(said.spkiDer),
  notBefore: said.notBefore,
  notAfter: said.notAfter,
  ...by,
});

function judgeKeyKind(key: ProvenCsr['publicKey'], { name, keys }: Profile): readonly Reason[] {
  const short = key.rsa !== undefined && key.rsa.bits < keys.rsaMinimumBits;
  if (keys.kinds.includes(key.kind) && !short) return [];
  const allowed = keys.kinds.map((kind) => (kind === 'rsa' ? `rsa of at least ${keys.rsaMinimumBits} bits` : kind));
  const message = `The profile ${name} does not certify this kind of key. Use one of: ${allowed.join(', ')}.`;
  return [{ code: 'keyTypeNotAllowed', field: 'csr.publicKey', message, value: key.keyType }];
}
