/** Valid values for the inventory port, each with a default for everything and overrides for what a test is about. */
import { randomBytes } from 'node:crypto';
import { defaultRotation, type Profile } from '../../src/domain/policy/profile.ts';
import type { AuditEntry } from '../../src/domain/records/audit-event.ts';
import type { CertificateDetails } from '../../src/domain/records/certificate.ts';
import type {
  Authority,
  EnrolmentToken,
  Environment,
  Operator,
  Product,
} from '../../src/domain/records/environment.ts';
import type { AuthorityGeneration } from '../../src/domain/records/generation.ts';
import type { Inventory, IssuanceIntent } from '../../src/ports/inventory.ts';

/** The frozen moment these values are of, in Unix milliseconds: 2026-01-01T00:00:00Z. */
export const frozenNow = Date.UTC(2026, 0, 1);
export const frozenNowSeconds = frozenNow / 1000;
export const daySeconds = 86_400;

export const randomHex = (octets: number): string => randomBytes(octets).toString('hex');

/** A serial as issued at `atMs`: 4 octets of Unix minutes, 16 of randomness. */
export const serialAt = (atMs: number = frozenNow): string =>
  Math.floor(atMs / 60_000)
    .toString(16)
    .padStart(8, '0') + randomHex(16);

export const auditEntry = (overrides: Partial<AuditEntry> = {}): AuditEntry => ({
  at: frozenNow,
  kind: 'certificate.requested',
  actor: 'service',
  object: 'certificate:test',
  ...overrides,
});

/** What is recorded of an intent once it is signed. */
export const issued = (serial: string) => ({
  serial,
  certificateDer: new Uint8Array([0x30, 0x00]),
  issuedAt: frozenNow + 20,
  audit: auditEntry({ kind: 'certificate.issued' }),
});

/** What is recorded of an intent that is not signed after all. */
export const closing = (serial: string) => ({
  serial,
  at: frozenNow + 30,
  audit: auditEntry({ kind: 'certificate.intentClosed' }),
});

export const certificateDetails = (overrides: Partial<CertificateDetails> = {}): CertificateDetails => ({
  serial: serialAt(),
  purpose: 'product',
  environment: 'dev',
  owner: 'dev/product-a',
  authority: 'dev-issuing',
  issuerSerial: serialAt(),
  profile: 'server',
  profileVersion: 1,
  productVersion: 1,
  subject: 'CN=demo.dev.internal',
  names: ['demo.dev.internal'],
  keyType: 'ec-p256',
  keySha256: randomHex(32),
  notBefore: frozenNowSeconds,
  notAfter: frozenNowSeconds + 90 * daySeconds,
  requestedBy: 'token:demo',
  requestedAt: frozenNow,
  predecessor: null,
  ...overrides,
});

/** `overrides` are of the certificate; `rest` is what the intent uses up or is bound to. */
export const issuanceIntent = (
  overrides: Partial<CertificateDetails> = {},
  rest: Pick<IssuanceIntent, 'tokenId' | 'idempotency' | 'request' | 'quota'> = {},
): IssuanceIntent => {
  const certificate = certificateDetails(overrides);
  const audit = auditEntry({ object: `certificate:${certificate.serial}`, at: certificate.requestedAt });
  return { certificate, tbsSha256: randomHex(32), audit, ...rest };
};

/** Records an intent and redeems it with bytes of its own; resolves to the details and the bytes. */
export async function recordCertificate(
  inventory: Inventory,
  overrides: Partial<CertificateDetails> = {},
): Promise<CertificateDetails & { readonly der: Uint8Array }> {
  const intent = issuanceIntent(overrides);
  const { serial, requestedAt } = intent.certificate;
  const der = new Uint8Array(randomBytes(600));
  await inventory.recordIntent(intent);
  await inventory.recordIssued({
    serial,
    certificateDer: der,
    issuedAt: requestedAt + 1,
    audit: auditEntry({ kind: 'certificate.issued', object: `certificate:${serial}` }),
  });
  return { ...intent.certificate, der };
}

export const environment = (overrides: Partial<Environment> = {}): Environment => ({
  name: 'dev',
  hierarchy: 'two-tier',
  createdAt: frozenNow,
  ...overrides,
});

/** Built by hand, for the inventory keeps profiles without judging them. */
export const storedProfile = (overrides: Partial<Profile> = {}): Profile => ({
  name: 'server',
  environment: 'dev',
  version: 1,
  authority: 'dev-issuing',
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: ['serverAuth'],
  lifetimeSeconds: { minimum: 60, default: 30 * daySeconds, maximum: 90 * daySeconds },
  backdateSeconds: 60,
  subject: { commonName: 'firstName' },
  names: { types: ['dns'], wildcards: false, maximum: 100 },
  keys: { kinds: ['ec-p256'], rsaMinimumBits: 2048 },
  approvals: 0,
  rotation: defaultRotation,
  ...overrides,
});

export const authority = (overrides: Partial<Authority> = {}): Authority => ({
  name: 'dev-issuing',
  role: 'issuing',
  environment: 'dev',
  parent: 'dev-root',
  generation: 1,
  vault: 'file',
  vaultKey: overrides.name ?? 'dev-issuing',
  keyType: 'ec-p256',
  signatureAlgorithm: 'ecdsa-with-SHA256',
  certificateSerial: null,
  createdAt: frozenNow,
  ...overrides,
});

export const generation = (overrides: Partial<AuthorityGeneration> = {}): AuthorityGeneration => ({
  authority: 'dev-issuing',
  number: 2,
  phase: 'coming',
  vault: 'file',
  vaultKey: 'dev-issuing.second',
  keyType: 'ec-p256',
  signatureAlgorithm: 'ecdsa-with-SHA256',
  certificateSerial: null,
  isCompromised: false,
  createdAt: frozenNow,
  keyDestroyedAt: null,
  responder: null,
  ...overrides,
});

export const product = (overrides: Partial<Product> = {}): Product => ({
  id: 'dev/product-a',
  environment: 'dev',
  version: 1,
  nameRules: [{ kind: 'subdomain', value: 'dev.internal' }],
  profiles: ['server', 'client'],
  contacts: ['team-a@example.org'],
  alerts: 'all',
  createdAt: frozenNow,
  ...overrides,
});

/** Records the product with its environment, which tokens and changes need. */
export async function recordProduct(inventory: Inventory, overrides: Partial<Product> = {}): Promise<Product> {
  const recorded = product(overrides);
  await inventory.createEnvironment(environment({ name: recorded.environment }), [], auditEntry());
  await inventory.createProduct(recorded, auditEntry({ kind: 'product.created' }));
  return recorded;
}

export const enrolmentToken = (overrides: Partial<EnrolmentToken> = {}): EnrolmentToken => ({
  id: 'abcdefghijklmnop',
  product: 'dev/product-a',
  profiles: ['server'],
  secretSha256: randomHex(32),
  usesLeft: null,
  expiresAt: frozenNow + 30 * daySeconds * 1000,
  createdAt: frozenNow,
  createdBy: 'operator:admin',
  ...overrides,
});

export const operator = (overrides: Partial<Operator> = {}): Operator => ({
  name: 'admin',
  role: 'admin',
  createdAt: frozenNow,
  ...overrides,
});
