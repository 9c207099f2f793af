/** REST shapes of lists of certificates: what they are asked by, and what a page holds. Times are RFC 3339 UTC. */
import { CertificateStatusSchema, CertificateSummary, exampleSerial } from './certificate.ts';
import { NextCursor, pageFields } from './page.ts';
import { Actor, ProductId } from './registry.ts';
import { type Static, Time, Type } from './schema.ts';
import type { Shape } from './shape.ts';

/** One value, or the parameter repeated for several of which any will do. */
export const OneOrMore = <Schema extends Shape>(schema: Schema, description: string) =>
  Type.Optional(Type.Union([schema, Type.Array(schema, { minItems: 1, maxItems: 20 })], { description }));

/** Digits, or octets with colons between them; not nothing but zeros, which no certificate has. */
const serialPattern = '^(?=.*[1-9A-Fa-f])(?:[0-9A-Fa-f]{1,40}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){1,19})$';

const Hexadecimal = (description: string) =>
  Type.Optional(Type.String({ pattern: serialPattern, description, examples: [exampleSerial] }));

/** What a campaign selects its members by, too. */
export const selectingFilters = {
  environment: OneOrMore(Type.String({ minLength: 1, maxLength: 32 }), 'Environment; several: any of them'),
  product: OneOrMore(Type.String({ minLength: 1, maxLength: 100 }), 'Product id; several: any of them'),
  profile: OneOrMore(Type.String({ minLength: 1, maxLength: 32 }), 'Profile name; several: any of them'),
  authority: OneOrMore(Type.String({ minLength: 1, maxLength: 64 }), 'Issuing authority; several: any of them'),
  issuer: Hexadecimal('Serial of the authority’s certificate that signed, or of another for the same key'),
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2048,
      description: 'Exact name, in any case, or `*.suffix` for every name below it',
    }),
  ),
  key: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the public key (SPKI), hex' })),
  'notAfter.before': Type.Optional(Time('Expires before')),
  'notAfter.after': Type.Optional(Time('Expires after')),
  'issued.before': Type.Optional(Time('Issued before')),
  'issued.after': Type.Optional(Time('Issued after')),
  requestedBy: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Actor, like `token:…`' })),
  q: Type.Optional(
    Type.String({
      minLength: 3,
      maxLength: 200,
      description: 'Part of a name or of the subject, literally, in either case; three characters or more',
    }),
  ),
};

/** They combine with AND. Ids that nothing can have are refused: an empty list would hide that they were mistyped. */
const filters = {
  ...selectingFilters,
  product: OneOrMore(ProductId(), 'Product id; several: any of them'),
  profile: OneOrMore(
    Type.String({ pattern: '^[^/]{1,32}$' }),
    'Profile name, without its environment; several: any of them',
  ),
  requestedBy: Type.Optional(Actor('Who asked for it')),
  serial: Hexadecimal('Serial number'),
  purpose: Type.Optional(CertificateSummary.properties.purpose),
  status: OneOrMore(CertificateStatusSchema, 'Status now; several: any of them'),
  successor: Type.Optional(
    Type.Enum(['none', 'some'], { description: '`none`: nothing has taken its place; `some`: something has, or will' }),
  ),
  deployment: OneOrMore(
    Type.Enum(['none', 'proved', 'deployed', 'failed', 'predecessor']),
    'Products’ certificates by the reports of their targets. `none`: there is no report; `proved`: all are proved; `deployed`: all are deployed, not all proved; `failed`: one failed; `predecessor`: a target serves another certificate, or has not taken this one up yet. Repeat it for several',
  ),
  rotation: Type.Optional(
    Type.Enum(['overdue'], {
      description: '`overdue`: valid, without a successor, and five sixths of its lifetime are over',
    }),
  ),
};

const certificateSorts = ['requestedAt', '-requestedAt', 'notAfter', '-notAfter', 'name', '-name'] as const;

export const CertificateListQuery = Type.Object(
  {
    ...filters,
    sort: Type.Optional(
      Type.Enum([...certificateSorts], {
        description:
          'Order, `-` downwards; without it `-notAfter` for expired certificates, `notAfter` when `notAfter.*` is given, else `-requestedAt`',
      }),
    ),
    count: Type.Optional(
      Type.Enum(['', 'true', 'false'], {
        description: 'With the number of matches, counted until 20,000 certificates were looked at',
      }),
    ),
    ...pageFields,
  },
  { additionalProperties: false },
);
export type CertificateListQuery = Static<typeof CertificateListQuery>;

export const CertificateList = Type.Object(
  {
    items: Type.Array(CertificateSummary),
    nextCursor: NextCursor,
    count: Type.Optional(
      Type.Object(
        {
          matches: Type.Integer({ minimum: 0, description: 'Certificates that match, on all pages' }),
          isExact: Type.Boolean({ description: 'False: there are at least so many' }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type CertificateList = Static<typeof CertificateList>;
