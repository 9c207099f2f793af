/** REST shapes of enrolment tokens: the secret is in one answer only, that of the request which made it. */

import { pageOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

export const TokenBody = Type.Object(
  {
    product: Type.String({ minLength: 1, maxLength: 100, examples: ['dev/product-a'] }),
    profiles: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 32 }), {
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        description: 'Some of the product’s profiles; all of them if absent',
      }),
    ),
    uses: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), Type.Null()], {
        description: 'How many certificates it is good for; 1 if absent, null for no limit',
      }),
    ),
    lifetimeSeconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 366 * 86_400, default: 86_400, description: 'From now on' }),
    ),
  },
  { additionalProperties: false, examples: [{ product: 'dev/product-a', uses: 10, lifetimeSeconds: 86_400 }] },
);
export type TokenBody = Static<typeof TokenBody>;

export const TokenJson = Type.Object(
  {
    id: Type.String({ examples: ['0123456789abcdef'] }),
    product: Type.String(),
    profiles: Type.Array(Type.String()),
    status: Type.Enum(['live', 'expired', 'usedUp']),
    usesLeft: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: without limit' }),
    expiresAt: Time(),
    createdAt: Time(),
    createdBy: Type.String({ examples: ['operator:admin'] }),
  },
  { additionalProperties: false },
);
export type TokenJson = Static<typeof TokenJson>;

export const NewTokenJson = Type.Object(
  {
    ...TokenJson.properties,
    token: Type.String({ description: 'The token itself: only its hash is kept, so this is the one time it is shown' }),
  },
  { additionalProperties: false },
);
export type NewTokenJson = Static<typeof NewTokenJson>;

export const TokenList = pageOf(TokenJson);
export type TokenList = Static<typeof TokenList>;

export const TokenPath = Type.Object({ id: Type.String({ minLength: 1, description: 'Id of a token' }) });
