/** Profile, product, issuer and request as policy takes them: valid defaults that a test changes in one place. */
import type { IssuerFacts } from '../../src/domain/policy/issuer-facts.ts';
import { parseProfile } from '../../src/domain/policy/parse-profile.ts';
import {
  type CertificateRequest,
  compileProfile,
  type PreparedCertificate,
  prepareCertificate,
} from '../../src/domain/policy/prepare-certificate.ts';
import type { Profile } from '../../src/domain/policy/profile.ts';
import type { Product } from '../../src/domain/records/environment.ts';
import { type Csr, parseCsr } from '../../src/domain/x509/csr.ts';
import { encodeName } from '../../src/domain/x509/name.ts';
import { signatureAlgorithms } from '../../src/domain/x509/signature-algorithm.ts';
import { buildCsr, type CsrParts, commonName } from './csr-builder.ts';
import { testNow } from './test-hierarchy.ts';

export const day = 86_400;

/** A profile as a person writes it. */
export const rawProfile = (override: object = {}): object => ({
  name: 'server',
  keyUsage: ['digitalSignature', 'keyEncipherment'],
  extendedKeyUsage: ['serverAuth'],
  lifetimeSeconds: { minimum: 3600, default: 30 * day, maximum: 90 * day },
  backdateSeconds: 60,
  subject: { commonName: 'firstName' },
  names: { types: ['dns', 'ip', 'uri', 'email'], wildcards: true, maximum: 20 },
  keys: { kinds: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa', 'ed25519'], rsaMinimumBits: 2048 },
  ...override,
});

export const profileContext = { environment: 'dev', authority: 'dev-issuing', version: 3 };

const makeProfile = (override: object = {}): Profile => parseProfile(rawProfile(override), profileContext);

const makeProduct = (override: Partial<Product> = {}): Product => ({
  id: 'dev/demo',
  environment: 'dev',
  version: 1,
  nameRules: [
    { kind: 'exact', value: 'demo.dev.internal' },
    { kind: 'subdomain', value: 'demo.dev.internal' },
    { kind: 'wildcard', value: 'demo.dev.internal' },
    { kind: 'ip', value: '10.0.0.0/8' },
    { kind: 'ip', value: 'fd00::/8' },
    { kind: 'uri', value: 'spiffe://dev/demo' },
    { kind: 'email', value: '@dev.internal' },
  ],
  profiles: ['server'],
  contacts: [],
  alerts: 'all',
  createdAt: 0,
  ...override,
});

export const makeIssuer = (override: Partial<IssuerFacts> = {}): IssuerFacts => ({
  authority: 'dev-issuing',
  certificateSerial: `01${'00'.repeat(19)}`,
  subjectDer: commonName('dev issuing'),
  subjectKeyIdentifier: new Uint8Array(20).fill(7),
  notBefore: testNow - 365 * day,
  notAfter: testNow + 5 * 365 * day,
  signatureAlgorithm: signatureAlgorithms['ecdsa-with-SHA256'],
  urls: {
    crl: 'http://ca.test/crl/dev-issuing.crl',
    ocsp: 'http://ca.test/ocsp/dev-issuing',
    aia: 'http://ca.test/aia/dev-issuing.cer',
  },
  ...override,
});

/** A CSR without CN unless a subject is given. */
const makeCsr = ({ subject = encodeName([]), ...parts }: CsrParts = {}): Csr =>
  parseCsr(buildCsr({ subject, ...parts }), () => false);

export const someSerial = '01c8f2a4'.padEnd(40, '5');

export interface Preparation {
  readonly profile?: object;
  readonly product?: Partial<Product>;
  readonly issuer?: Partial<IssuerFacts>;
  readonly csr?: CsrParts;
  readonly request?: Partial<CertificateRequest>;
}

/** Prepares the default request, but for what is given. */
export const prepare = ({ profile, product, issuer, csr, request }: Preparation = {}): PreparedCertificate =>
  prepareCertificate(compileProfile(makeProfile(profile), makeIssuer(issuer)), {
    product: makeProduct(product),
    csr: makeCsr(csr),
    now: testNow,
    serial: someSerial,
    ...request,
  });
