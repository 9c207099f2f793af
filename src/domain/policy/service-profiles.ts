/** Recipes for the certificates the service needs itself: authorities, operators, its TLS servers, OCSP responders, audit checkpoints. */
import type { CertificatePurpose } from '../records/certificate.ts';
import type { AuthorityRole } from '../records/environment.ts';
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
import type { GeneralName } from '../x509/general-name.ts';
import { encodeName } from '../x509/name.ts';
import { keyIdentifier } from '../x509/public-key.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { encodeTbsCertificate } from '../x509/tbs-certificate.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import { judgeLifetime, validityOf } from './lifetime.ts';
import { lintOrThrow } from './lint.ts';
import { addressExtensions, type PreparedCertificate, preparedOf } from './prepare-certificate.ts';
import type { ExtendedKeyUsage, KeyUsage } from './profile.ts';
import { readNameTexts } from './requested-names.ts';
import { longestCommonName } from './subject-cn.ts';

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
  // For a generation whose key is destroyed: to the end of the last certificate that it signed, and no longer.
  lastOcspResponder: { ...leaf('last-ocsp-responder', 'ocspResponder', 'OCSPSigning', 10 * 365), nocheck: true },
  // RFC 9336: for a text, and of no use in TLS, OCSP or another certificate.
  auditCheckpoint: leaf('audit-checkpoint', 'auditLog', 'documentSigning', 730),
} as const satisfies Readonly<Record<string, ServiceRecipe>>;

/** What the certificate of an authority is made by. */
export const recipeOfRole: Readonly<Record<AuthorityRole, ServiceRecipe>> = {
  system: recipes.systemAuthority,
  root: recipes.rootAuthority,
  sole: recipes.soleAuthority,
  issuing: recipes.issuingAuthority,
};

/** The issuer, or the algorithm of the very key that signs its own certificate. */
export type ServiceIssuer = IssuerFacts | { readonly self: { readonly signatureAlgorithm: SignatureAlgorithm } };

export interface ServiceCertificateRequest {
  readonly commonName: string;
  /** Instead of one made of `commonName`: the very bytes of a name that another certificate has. */
  readonly subjectDer?: Uint8Array;
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

/** What the certificate says of its issuer; a root's is itself. */
type Signing = Omit<IssuerFacts, 'authority' | 'certificateSerial' | 'urls'> & { readonly urls?: IssuerFacts['urls'] };

/** The exact TBS, linted as a product's is; throws CaError with all reasons when the issuer would be outlived or a name is none. */
export function prepareServiceCertificate(
  recipe: ServiceRecipe,
  issuer: ServiceIssuer,
  request: ServiceCertificateRequest,
): PreparedCertificate {
  const { spkiDer, serial, now, lifetimeSeconds } = request;
  const { names, reasons } = readNameTexts(request.names);
  const limits = limitsOf(recipe);
  const bounds = 'self' in issuer ? { ...unlimited, authority: recipe.name } : issuer;
  refuseIfAny([...reasons, ...judgeLifetime(limits, bounds, { lifetimeSeconds, now })]);
  const validity = validityOf(limits, bounds, { lifetimeSeconds, now });
  const subjectDer = request.subjectDer ?? encodeName(subjectOf(request.commonName, names));
  const identifier = keyIdentifier(spkiDer);
  const own = { subjectDer, subjectKeyIdentifier: identifier, ...validity };
  const signing: Signing = 'self' in issuer ? { ...own, ...issuer.self } : issuer;
  const fields = { serial, ...validity, subjectDer, spkiDer };
  const tbs = encodeTbsCertificate({
    ...fields,
    signatureAlgorithm: signing.signatureAlgorithm,
    issuerDer: signing.subjectDer,
    extensions: extensionsOf(recipe, signing, { identifier, names }),
  });
  const { keyUsage, extendedKeyUsage, pathLen } = recipe;
  const ca = pathLen === undefined ? {} : { ca: { pathLen } };
  const expected = { issuer: signing, subjectKeyIdentifier: identifier, names, keyUsage, extendedKeyUsage, ...ca };
  const said = lintOrThrow(tbs, { ...fields, ...expected });
  const { keyType } = said.publicKey();
  return preparedOf(tbs, said, { keyType, profile: recipe.name, profileVersion: recipeVersion });
}

/** An issuer that has less left signs nothing. */
export const leastLifetimeSeconds = 60;

/** A recipe's own life is the longest. */
const limitsOf = ({ name, lifetimeSeconds }: ServiceRecipe) => ({
  name,
  lifetimeSeconds: { minimum: leastLifetimeSeconds, default: lifetimeSeconds, maximum: lifetimeSeconds },
  backdateSeconds,
});

/** A root has no issuer that it could outlive. */
const unlimited = { notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER };

/** What is too long for a CN is left to the names, and refused by the lint where there are none. */
function subjectOf(commonName: string, names: readonly GeneralName[]): Parameters<typeof encodeName>[0] {
  const organization = { type: 'organizationName', value: 'Privyseal' } as const;
  if (commonName.length > longestCommonName && names.length > 0) return [organization];
  return [organization, { type: 'commonName', value: commonName }];
}

function extensionsOf(
  recipe: ServiceRecipe,
  { subjectKeyIdentifier: issuerIdentifier, urls }: Signing,
  { identifier, names }: { readonly identifier: Uint8Array; readonly names: readonly GeneralName[] },
): readonly Uint8Array[] {
  const { pathLen, extendedKeyUsage } = recipe;
  return [
    basicConstraints(pathLen === undefined ? { ca: false } : { ca: true, pathLen }),
    keyUsage(recipe.keyUsage),
    ...(extendedKeyUsage.length > 0 ? [extKeyUsage(extendedKeyUsage)] : []),
    subjectKeyIdentifier(identifier),
    authorityKeyIdentifier(issuerIdentifier),
    ...(names.length > 0 ? [subjectAltName(names, false)] : []),
    ...(urls ? addressExtensions(urls) : []),
    ...(recipe.nocheck ? [ocspNocheck()] : []),
  ];
}
