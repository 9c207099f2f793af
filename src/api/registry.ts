/** What the routes of products, profiles and tokens share: paths of two parts, versions, pages. */

import { pageFields } from './page.ts';
import { type Static, Type } from './schema.ts';

/** Whatever is no id of a product has none: it is refused, instead of matching nothing. */
export const ProductId = (description?: string) =>
  Type.String({
    pattern: '^[a-z][a-z0-9-]{0,31}/[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$',
    ...(description !== undefined && { description }),
    examples: ['dev/product-a'],
  });

/** Who did something, as certificates and audit events name it. */
export const Actor = (description: string) =>
  Type.String({
    pattern: '^(?:(?:operator|token|product):.{1,200}|service|anonymous)$',
    description: `${description}: \`operator:NAME\`, \`token:ID\`, \`product:ID\`, \`service\` or \`anonymous\``,
    examples: ['operator:admin'],
  });

/** An id is written into a path as it is: `/v1/products/dev/product-a`. */
export const OwnedPath = Type.Object({
  environment: Type.String({ minLength: 1, description: 'Name of the environment' }),
  name: Type.String({ minLength: 1, description: 'Name inside the environment' }),
});

export const VersionQuery = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'An earlier version; the newest if absent' }),
    ),
  },
  { additionalProperties: false },
);

export const EnvironmentPageQuery = Type.Object(
  {
    environment: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'Only of this environment' })),
    ...pageFields,
  },
  { additionalProperties: false },
);
export type EnvironmentPageQuery = Static<typeof EnvironmentPageQuery>;

export const ProductPageQuery = Type.Object(
  {
    product: Type.Optional(ProductId('Only of this product')),
    ...pageFields,
  },
  { additionalProperties: false },
);
export type ProductPageQuery = Static<typeof ProductPageQuery>;
