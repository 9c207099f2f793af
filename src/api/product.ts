/** REST shapes of products: who may hold which names, and by which profiles. Times are RFC 3339 UTC. */

import { pageOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

const NameRuleJson = Type.Object(
  {
    kind: Type.Enum(['exact', 'subdomain', 'wildcard', 'ip', 'uri', 'email']),
    value: Type.String({ minLength: 1, maxLength: 2048 }),
  },
  { additionalProperties: false, description: 'See docs/policy.md for what each kind gives' },
);

const NameRules = Type.Array(
  Type.Union([
    NameRuleJson,
    Type.String({
      minLength: 1,
      maxLength: 2048,
      description:
        'Plain: `a.dev` that name, `.a.dev` every name below, `*.a.dev` every name below and the wildcard itself, a range, a URI, an e-mail address or @domain',
    }),
  ]),
  {
    minItems: 1,
    maxItems: 100,
    examples: [['product-a.dev', '*.product-a.dev', '10.0.0.0/8', 'spiffe://dev/product-a']],
  },
);

const Profiles = Type.Array(Type.String({ minLength: 1, maxLength: 32 }), {
  minItems: 1,
  maxItems: 32,
  description: 'Profiles of the environment, the usual one first; all of them if absent',
});

const Contacts = Type.Array(Type.String({ minLength: 1, maxLength: 2048 }), {
  maxItems: 20,
  description: 'E-mail addresses or https:// addresses of the people',
});

const Alerts = Type.Enum(['all', 'critical', 'none'], {
  description: 'Which alerts speak of it; `critical`: those that say that clients fail within a day. All if absent',
});

export const ProductBody = Type.Object(
  {
    environment: Type.String({ minLength: 1, maxLength: 32, examples: ['dev'] }),
    name: Type.String({ pattern: '^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$', examples: ['product-a'] }),
    nameRules: NameRules,
    profiles: Type.Optional(Profiles),
    contacts: Type.Optional(Contacts),
    alerts: Type.Optional(Alerts),
  },
  {
    additionalProperties: false,
    examples: [
      {
        environment: 'dev',
        name: 'product-a',
        nameRules: ['product-a.dev', '*.product-a.dev'],
        contacts: ['team-a@example.org'],
      },
    ],
  },
);
export type ProductBody = Static<typeof ProductBody>;

/** What is left out is as for a new product. */
export const ProductChangeBody = Type.Object(
  {
    version: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'The version that this is a change of' }),
    nameRules: NameRules,
    profiles: Type.Optional(Profiles),
    contacts: Type.Optional(Contacts),
    alerts: Type.Optional(Alerts),
  },
  { additionalProperties: false, examples: [{ version: 1, nameRules: ['product-a.dev'], profiles: ['peer'] }] },
);
export type ProductChangeBody = Static<typeof ProductChangeBody>;

export const ProductJson = Type.Object(
  {
    id: Type.String({ description: 'Environment and name', examples: ['dev/product-a'] }),
    environment: Type.String(),
    name: Type.String(),
    version: Type.Integer(),
    nameRules: Type.Array(NameRuleJson),
    profiles: Type.Array(Type.String()),
    contacts: Type.Array(Type.String()),
    alerts: Alerts,
    createdAt: Time('When this version was made'),
    removedAt: Type.Union([Time(), Type.Null()], {
      description: 'When the product was removed, on its last version',
    }),
  },
  { additionalProperties: false },
);
export type ProductJson = Static<typeof ProductJson>;

export const ProductList = pageOf(ProductJson);
export type ProductList = Static<typeof ProductList>;
