/** REST shapes of certificates, shared by the faces (validation, OpenAPI) and the client. Times are RFC 3339 UTC. */
import { type Static, Time, Type } from './schema.ts';

export const exampleSerial = '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0';

export const SerialSchema = Type.String({
  pattern: '^[0-9a-f]{2,40}$',
  description: 'Serial number, lower-case hexadecimal',
  examples: [exampleSerial],
});

/** What the text of one looks like. */
export const pemExample = (label: string) => `-----BEGIN ${label}-----\nMIIB…\n-----END ${label}-----\n`;

/** For demo.dev.internal, whose key nobody has. */
const exampleCsr =
  'MIHqMIGRAgEAMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARwHySodLG48h0aNs3TXxruvNyScVGI9sRGyKxda00xlGItERZx3jCjHPQ+8rDVvBZYSXOIcn5SHnwHf4htbMStoC8wLQYJKoZIhvcNAQkOMSAwHjAcBgNVHREEFTATghFkZW1vLmRldi5pbnRlcm5hbDAKBggqhkjOPQQDAgNIADBFAiAC/osPDWgXFkSICuNmcItpEM1t/1skL45SnSE7ytBFQwIhAI7vbfrmz5F0VEuVtzvcLqavqdScy7CQzJknn0576KdQ';

export const SubmitBody = Type.Object(
  {
    csr: Type.String({ minLength: 1, maxLength: 65536, description: 'PKCS#10 as PEM text or as base64 of the DER' }),
    profile: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 32,
        description: 'Profile name; the first one the product may use if absent',
      }),
    ),
    lifetimeSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2 ** 31 - 1,
        description: 'Wanted lifetime; the profile’s default if absent',
      }),
    ),
    names: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 2048 }), {
        minItems: 1,
        maxItems: 1000,
        description: 'Names to certify instead of those in the CSR: DNS name, IP address, URI or e-mail address, plain',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ csr: exampleCsr, profile: 'peer' }] },
);
export type SubmitBody = Static<typeof SubmitBody>;

/** Beside a CSR that is not JSON; `lifetimeSeconds` in plain digits. */
export const SubmitQuery = Type.Object(
  { profile: SubmitBody.properties.profile, lifetimeSeconds: SubmitBody.properties.lifetimeSeconds },
  { additionalProperties: false },
);
export type SubmitQuery = Static<typeof SubmitQuery>;

/** Serials come as people paste them; the service reads upper case and colons, too. */
export const SerialPath = Type.Object({
  serial: Type.String({ minLength: 1, description: 'Serial number, hexadecimal' }),
});

const unsafeSince = 'When the key is thought to have become unsafe (RFC 5280 §5.3.2)';
const invalidityDate = Type.Optional(Time(`${unsafeSince}; not in the future`));

/** As an operator revokes. */
export const RevokeBody = Type.Object(
  {
    reason: Type.Enum(
      [
        'unspecified',
        'keyCompromise',
        'cACompromise',
        'affiliationChanged',
        'superseded',
        'cessationOfOperation',
        'certificateHold',
        'privilegeWithdrawn',
        'aACompromise',
      ],
      { description: 'CRLReason of RFC 5280 §5.3.1; certificateHold can be released again' },
    ),
    invalidityDate,
  },
  { additionalProperties: false, examples: [{ reason: 'superseded' }] },
);
export type RevokeBody = Static<typeof RevokeBody>;

/** The certificate that an operator has in hand, which the inventory may lack. */
export const RevocationBody = Type.Object(
  {
    certificate: Type.String({ minLength: 1, maxLength: 65536, description: 'The certificate to revoke, PEM' }),
    ...RevokeBody.properties,
  },
  { additionalProperties: false, examples: [{ certificate: pemExample('CERTIFICATE'), reason: 'keyCompromise' }] },
);
export type RevocationBody = Static<typeof RevocationBody>;

/** As a product revokes its own: the other reasons are an operator's to judge. */
export const ProductRevokeBody = Type.Object(
  {
    reason: Type.Enum(['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'], {
      description: 'CRLReason of RFC 5280 §5.3.1',
    }),
    invalidityDate,
  },
  { additionalProperties: false, examples: [{ reason: 'keyCompromise', invalidityDate: '2026-01-31T12:00:00Z' }] },
);

export const CertificateStatusSchema = Type.Union([
  Type.Literal('pending'),
  Type.Literal('valid'),
  Type.Literal('expired'),
  Type.Literal('revoked'),
  Type.Literal('held'),
]);

const RevocationJson = Type.Object(
  { at: Time('Revocation time'), reason: Type.String(), invalidityDate: Type.Optional(Time(unsafeSince)) },
  { additionalProperties: false },
);

/** One row of the inventory. */
export const CertificateSummary = Type.Object(
  {
    serial: SerialSchema,
    status: CertificateStatusSchema,
    purpose: Type.Enum(['product', 'authority', 'operator', 'server', 'ocspResponder', 'auditLog'], {
      description: 'What it is for: a product, or the service itself',
    }),
    environment: Type.Union([Type.String(), Type.Null()]),
    product: Type.Union([Type.String(), Type.Null()], {
      description: 'Product id; null for the service’s own certificates',
    }),
    productVersion: Type.Union([Type.Integer(), Type.Null()], {
      description: 'The version of the product that the certificate was issued under',
    }),
    authority: Type.String(),
    profile: Type.Object({ name: Type.String(), version: Type.Integer() }, { additionalProperties: false }),
    subject: Type.String({ description: 'Distinguished name, RFC 4514' }),
    names: Type.Array(Type.String()),
    key: Type.Object({ type: Type.String(), sha256: Type.String() }, { additionalProperties: false }),
    notBefore: Time('First second of validity'),
    notAfter: Time('Last second of validity'),
    lifetimeSeconds: Type.Integer(),
    requestedBy: Type.String(),
    requestedAt: Time('When the request came'),
    issuedAt: Type.Union([Time('When it was signed'), Type.Null()]),
    predecessor: Type.Union([SerialSchema, Type.Null()]),
    successor: Type.Union([SerialSchema, Type.Null()]),
    revocation: Type.Union([Type.Null(), RevocationJson]),
  },
  { additionalProperties: false },
);
export type CertificateSummary = Static<typeof CertificateSummary>;

/** A certificate with its bytes and where to go next. */
export const CertificateJson = Type.Object(
  {
    ...CertificateSummary.properties,
    certificate: Type.String({ description: 'The certificate, PEM' }),
    chain: Type.Array(Type.String(), { description: 'Issuers, PEM, nearest first; the root is not part of it' }),
    links: Type.Object(
      {
        self: Type.String(),
        revoke: Type.String(),
        crl: Type.String({ description: 'Absolute URL on the distribution face' }),
        ocsp: Type.String({ description: 'Absolute URL on the distribution face' }),
        issuer: Type.String({ description: 'Absolute URL of the issuer’s certificate' }),
        trustBundle: Type.String({ description: 'Absolute URL of the roots to trust' }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type CertificateJson = Static<typeof CertificateJson>;

/** What was revoked by showing it, whether the inventory has it or not. */
export const RevokedCertificateJson = Type.Object(
  {
    serial: SerialSchema,
    subject: CertificateSummary.properties.subject,
    issuer: Type.String({ description: 'Generation of the authority that signed it', examples: ['dev-issuing'] }),
    notAfter: CertificateSummary.properties.notAfter,
    revocation: RevocationJson,
    recorded: Type.Boolean({
      description: 'False for one that the inventory does not have; its serial is listed until it expires',
    }),
    links: Type.Object(
      { crl: CertificateJson.properties.links.properties.crl, ocsp: CertificateJson.properties.links.properties.ocsp },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type RevokedCertificateJson = Static<typeof RevokedCertificateJson>;

export const RenewalInfoJson = Type.Object(
  {
    serial: SerialSchema,
    suggestedWindow: Type.Object(
      { start: Time('Not before this'), end: Time('Not after this') },
      {
        additionalProperties: false,
        description: 'When to rotate (the name and the shape are those of RFC 9773 §4.2)',
      },
    ),
    reason: Type.Enum(['lifetime', 'campaign', 'revoked', 'held', 'superseded'], {
      description:
        'As its lifetime says; earlier, because operators ask for it; because it is revoked; not before operators have decided, ' +
        'because it is on hold; or it has been rotated already',
    }),
  },
  { additionalProperties: false },
);
export type RenewalInfoJson = Static<typeof RenewalInfoJson>;
