/** Recipes for the certificates the service needs itself: authorities, operators, its TLS servers, OCSP responders. */
import { CaError } from '../errors.ts';
import type { CertificatePurpose } from '../records/certificate.ts';
import { refuseIfAny } from '../refusal.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extKeyUsage,
  keyUsage,
  ocspNocheck,
  subjectAltName,
  subjectKeyIdentifier,
} from '../x509/extensions.ts';
import { type GeneralName, parseGeneralName } from '../x509/general-name.ts';
import { decodeName, encodeName, formatName } from '../x509/name.ts';
import { keyIdentifier, parseSubjectPublicKey, publicKeySha256 } from '../x509/public-key.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { encodeTbsCertificate } from '../x509/tbs-certificate.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import { judgeLifetime, validityOf } from './lifetime.ts';
import { lintOrThrow } from './lint.ts';
import { addressExtensions, type PreparedCertificate } from './prepare-certificate.ts';
import { printable } from './printable.ts';
import type { ExtendedKeyUsage, KeyUsage } from './profile.ts';

export interface ServiceRecipe {
  /** As the inventory shows it where products' certificates show their profile. */
  readonly name: string;
  readonly purpose: Exclude<CertificatePurpose, 'product'>;
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  readonly lifetimeSeconds: number;
  /** Present for an authority: how many authorities may follow below it. */
  readonly pathLen?: number;
  /** RFC 6960 §4.2.2.2.1: the responder's own certificate is not asked about. */
  readonly nocheck?: true;
}

const day = 86_400;

const authority = (name: string, pathLen: number, years: number): ServiceRecipe => ({
  name,
  purpose: 'authority',
  keyUsage: ['keyCertSign', 'cRLSign'],
  extendedKeyUsage: [],
  lifetimeSeconds: years * 365 * day,
  pathLen,
});

const leaf = (
  name: string,
  purpose: ServiceRecipe['purpose'],
  usage: ExtendedKeyUsage,
  days: number,
): ServiceRecipe => ({
  name,
  purpose,
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: [usage],
  lifetimeSeconds: days * day,
});

/** One row a recipe. pathLen is as small as the hierarchy allows. */
export const recipes = {
  systemAuthority: authority('system-authority', 0, 10),
  rootAuthority: authority('root-authority', 1, 10),
  soleAuthority: authority('sole-authority', 0, 10),
  issuingAuthority: authority('issuing-authority', 0, 5),
  operator: leaf('operator', 'operator', 'clientAuth', 365),
  server: leaf('service-server', 'server', 'serverAuth', 30),
  ocspResponder: { ...leaf('ocsp-responder', 'ocspResponder', 'OCSPSigning', 7), nocheck: true },
} as const satisfies Readonly<Record<string, ServiceRecipe>>;

/** The issuer, or the algorithm of the very key that signs its own certificate. */
export type ServiceIssuer = IssuerFacts | { readonly self: { readonly signatureAlgorithm: SignatureAlgorithm } };

export interface ServiceCertificateRequest {
  readonly commonName: string;
  /** GeneralName plain text. */
  readonly names: readonly string[];
  readonly spkiDer: Uint8Array;
  readonly lifetimeSeconds?: number;
  /** Unix seconds. */
  readonly now: number;
  readonly serial: string;
}

const recipeVersion = 1;
/** For clients whose clocks run behind. */
const backdateSeconds = 60;

/** The exact TBS, linted as a product's is; throws CaError when the issuer would be outlived or a name is none. */
export function prepareServiceCertificate(
  recipe: ServiceRecipe,
  issuer: ServiceIssuer,
  request: ServiceCertificateRequest,
): PreparedCertificate {
  const { spkiDer, serial } = request;
  const subjectDer = encodeName([
    { type: 'organizationName', value: 'Privyseal' },
    { type: 'commonName', value: request.commonName },
  ]);
  const names = request.names.map(nameOf);
  const validity = serviceValidity(recipe, issuer, request);
  const signing =
    'self' in issuer ? selfIssuer(issuer.self.signatureAlgorithm, { subjectDer, spkiDer, validity }) : issuer;
  const ca = recipe.pathLen === undefined ? undefined : { pathLen: recipe.pathLen };
  const tbs = encodeTbsCertificate({
    serial,
    signatureAlgorithm: signing.signatureAlgorithm,
    issuerDer: signing.subjectDer,
    ...validity,
    subjectDer,
    spkiDer,
    extensions: [
      basicConstraints(ca ? { ca: true, ...ca } : { ca: false }),
      keyUsage(recipe.keyUsage),
      ...(recipe.extendedKeyUsage.length > 0 ? [extKeyUsage(recipe.extendedKeyUsage)] : []),
      subjectKeyIdentifier(keyIdentifier(spkiDer)),
      authorityKeyIdentifier(signing.subjectKeyIdentifier),
      ...(names.length > 0 ? [subjectAltName(names, false)] : []),
      ...('self' in issuer ? [] : addressExtensions(issuer)),
      ...(recipe.nocheck ? [ocspNocheck()] : []),
    ],
  });
  const { keyUsage: usages, extendedKeyUsage } = recipe;
  lintOrThrow(tbs, {
    serial,
    issuer: signing,
    ...validity,
    subjectDer,
    spkiDer,
    names,
    keyUsage: usages,
    extendedKeyUsage,
    ...(ca && { ca }),
  });
  return {
    tbs,
    subject: formatName(decodeName(subjectDer)),
    names: names.map(({ value }) => value),
    keyType: parseSubjectPublicKey(spkiDer).keyType,
    keySha256: publicKeySha256(spkiDer),
    ...validity,
    profile: recipe.name,
    profileVersion: recipeVersion,
  };
}

type Validity = Pick<PreparedCertificate, 'notBefore' | 'notAfter'>;

/** Cut to the issuer's end, except where an own lifetime was asked for; a root ends when its recipe says. */
function serviceValidity(recipe: ServiceRecipe, issuer: ServiceIssuer, request: ServiceCertificateRequest): Validity {
  const { now } = request;
  const lifetimeSeconds = { minimum: 60, default: recipe.lifetimeSeconds, maximum: recipe.lifetimeSeconds };
  const limits = { name: recipe.name, lifetimeSeconds, backdateSeconds };
  const unlimited = { authority: recipe.name, notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER };
  const bounds = 'self' in issuer ? unlimited : issuer;
  const asked = { lifetimeSeconds: request.lifetimeSeconds, now };
  refuseIfAny(judgeLifetime(limits, bounds, asked));
  return validityOf(limits, bounds, asked);
}

const selfIssuer = (
  signatureAlgorithm: SignatureAlgorithm,
  own: { subjectDer: Uint8Array; spkiDer: Uint8Array; validity: Validity },
): Omit<IssuerFacts, 'authority' | 'certificateSerial' | 'urls'> => ({
  subjectDer: own.subjectDer,
  subjectKeyIdentifier: keyIdentifier(own.spkiDer),
  ...own.validity,
  signatureAlgorithm,
});

function nameOf(text: string): GeneralName {
  const name = parseGeneralName(text);
  if (name) return name;
  throw new CaError('rejectedIdentifier', `${printable(text)} is no name that the service’s own certificate can hold.`);
}
