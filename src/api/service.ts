/** REST shapes of everything that is not a certificate: health, status, authorities, environments. */

import { wholeListOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

export const Liveness = Type.Object({ status: Type.Literal('alive') }, { additionalProperties: false });
export type Liveness = Static<typeof Liveness>;

/** For routes that take no parameters: one that is given is a mistake worth an answer. */
export const NoQuery = Type.Object({}, { additionalProperties: false });

export const Readiness = Type.Object(
  {
    status: Type.Union([Type.Literal('ready'), Type.Literal('unready')]),
    parts: Type.Array(
      Type.Object(
        { name: Type.String(), ready: Type.Boolean(), reason: Type.Optional(Type.String()) },
        { additionalProperties: false },
      ),
      {
        description:
          'inventory, vault, one `vault NAME` for each vault of the settings, signer, disk, clock, crls, audit, service: each with why not',
      },
    ),
  },
  { additionalProperties: false },
);
export type Readiness = Static<typeof Readiness>;

export const AuthorityJson = Type.Object(
  {
    name: Type.String({
      description:
        'Of this generation: the authority’s own, from the second generation on followed by `.2`, `.3`. It is in its addresses.',
      examples: ['dev-issuing.2'],
    }),
    authority: Type.String({ description: 'What profiles and certificates call it', examples: ['dev-issuing'] }),
    generation: Type.Integer({ minimum: 1 }),
    phase: Type.Enum(['coming', 'inForce', 'outgoing', 'retired', 'abandoned'], {
      description:
        '`coming`: trusted ahead of need. `inForce`: signs new certificates. `outgoing`: signs lists and OCSP answers only. `retired`: its key is destroyed; its last list is served.',
    }),
    role: Type.Enum(['system', 'root', 'issuing', 'sole', 'external'], {
      description: '`external`: its key is elsewhere',
    }),
    environment: Type.Union([Type.String(), Type.Null()]),
    parent: Type.String(),
    keyType: Type.String(),
    signatureAlgorithm: Type.String(),
    subject: Type.String(),
    serial: Type.String(),
    sha256: Type.String({ description: 'Fingerprint of the certificate, hex' }),
    notBefore: Time(),
    notAfter: Time(),
    certificate: Type.String({ description: 'PEM' }),
  },
  { additionalProperties: false },
);
export type AuthorityJson = Static<typeof AuthorityJson>;

export const AuthorityList = wholeListOf(AuthorityJson);
export type AuthorityList = Static<typeof AuthorityList>;

export const TrustBundleJson = Type.Object(
  {
    environment: Type.String(),
    certificates: Type.Array(Type.String(), { description: 'The roots to trust, PEM' }),
  },
  { additionalProperties: false },
);
export type TrustBundleJson = Static<typeof TrustBundleJson>;

/** A number of JSON holds 53 bits, and this one may have 160 (RFC 5280 §5.2.3). */
const CrlNumber = () =>
  Type.Union([Type.String({ pattern: '^[0-9]{1,49}$' }), Type.Null()], {
    description: 'cRLNumber in decimal digits; only grows. Null: a list made elsewhere that has none',
  });

export const CrlJson = Type.Object(
  {
    authority: Type.String(),
    number: CrlNumber(),
    thisUpdate: Time(),
    nextUpdate: Time(),
    octets: Type.Integer({ description: 'Length of the DER' }),
    sha256: Type.String({ description: 'Of the DER, hex' }),
    url: Type.String({ description: 'Absolute URL on the distribution face' }),
  },
  { additionalProperties: false },
);
export type CrlJson = Static<typeof CrlJson>;

export const CrlList = wholeListOf(CrlJson);
export type CrlList = Static<typeof CrlList>;

export const AuthorityPath = Type.Object({
  name: Type.String({ minLength: 1, description: 'Name of an authority, or of one of its generations' }),
});
export const AuthorityFilePath = Type.Object({
  authority: Type.String({
    minLength: 1,
    description: 'Name of a generation of an authority; the authority’s own for the first one',
  }),
});
export const EnvironmentPath = Type.Object({
  environment: Type.String({ minLength: 1, description: 'Name of an environment; for its trust also `system`' }),
});

const Hierarchy = () =>
  Type.Enum(['two-tier', 'root', 'external'], {
    description: '`external`: its issuing authority is signed by an authority elsewhere, by its CSR',
  });

export const EnvironmentBody = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
    hierarchy: Type.Optional(Hierarchy()),
    vault: Type.Optional(
      Type.String({
        pattern: '^[a-z][a-z0-9-]{0,31}$',
        description:
          'Vault of its authorities’ keys, by its name in the settings; that of the setting `vault` if absent',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ name: 'staging' }] },
);
export type EnvironmentBody = Static<typeof EnvironmentBody>;

export const EnvironmentJson = Type.Object(
  {
    name: Type.String(),
    hierarchy: Hierarchy(),
    createdAt: Time(),
    authorities: Type.Array(Type.String()),
    profiles: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);
export type EnvironmentJson = Static<typeof EnvironmentJson>;

export const EnvironmentList = wholeListOf(EnvironmentJson);
export type EnvironmentList = Static<typeof EnvironmentList>;

export const StatusJson = Type.Object(
  {
    version: Type.String(),
    startedAt: Time(),
    readiness: Readiness,
    counts: Type.Object(
      {
        certificates: Type.Integer(),
        archived: Type.Integer({ description: 'Those of them that expired long ago and are in the archive' }),
        intents: Type.Integer(),
        revoked: Type.Integer(),
        auditEvents: Type.Integer(),
      },
      { additionalProperties: false },
    ),
    reminders: Type.Array(Type.String(), { description: 'What only a person can do, in sentences' }),
    authorities: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          notAfter: Time(),
          crl: Type.Union([
            Type.Null(),
            Type.Object(
              { number: CrlNumber(), thisUpdate: Time(), nextUpdate: Time() },
              { additionalProperties: false },
            ),
          ]),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type StatusJson = Static<typeof StatusJson>;
