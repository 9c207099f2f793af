/** REST shapes of what is said about the inventory as a whole. */
import { ProductId } from './registry.ts';
import { type Static, Time, Type } from './schema.ts';

const Count = () => Type.Integer({ minimum: 0 });

const statusCounts = { valid: Count(), expired: Count(), revoked: Count(), held: Count(), pending: Count() };

export const SummaryQuery = Type.Object(
  {
    environment: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'Only of this environment' })),
  },
  { additionalProperties: false },
);
export type SummaryQuery = Static<typeof SummaryQuery>;

export const ExpiringQuery = Type.Object(
  {
    days: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 366, default: 90, description: 'Today and so many days more, in UTC' }),
    ),
    environment: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'Only of this environment' })),
    product: Type.Optional(ProductId('Only of this product')),
  },
  { additionalProperties: false },
);
export type ExpiringQuery = Static<typeof ExpiringQuery>;

const expiring = {
  certificates: Count(),
  withoutSuccessor: Type.Integer({ minimum: 0, description: 'Of those, the ones that nothing has followed yet' }),
  overdue: Type.Integer({ minimum: 0, description: 'Of those, the ones that should have been rotated by now' }),
};

export const ExpiringJson = Type.Object(
  {
    at: Time('The moment at which all this is counted'),
    until: Time(),
    ...expiring,
    days: Type.Array(
      Type.Object(
        { date: Type.String({ format: 'date', examples: ['2026-11-21'] }), ...expiring },
        { additionalProperties: false },
      ),
      { description: 'Days on which something expires, the first first' },
    ),
    products: Type.Array(
      Type.Object(
        { product: Type.String({ examples: ['dev/product-a'] }), ...expiring },
        { additionalProperties: false },
      ),
      { description: 'Those with the most certificates first' },
    ),
  },
  { additionalProperties: false },
);
export type ExpiringJson = Static<typeof ExpiringJson>;

export const InventorySummaryJson = Type.Object(
  {
    at: Time('The moment at which all this is counted'),
    total: Type.Object(statusCounts, { additionalProperties: false }),
    products: Type.Array(
      Type.Object(
        { product: Type.String({ examples: ['dev/product-a'] }), ...statusCounts },
        { additionalProperties: false },
      ),
    ),
    profiles: Type.Array(
      Type.Object(
        {
          profile: Type.String({ description: 'Name, after its environment if it has one', examples: ['dev/server'] }),
          ...statusCounts,
        },
        { additionalProperties: false },
      ),
    ),
    keyTypes: Type.Array(
      Type.Object(
        { keyType: Type.String({ examples: ['ec-p256'] }), ...statusCounts },
        { additionalProperties: false },
      ),
    ),
    expiryWeeks: Type.Array(
      Type.Object(
        {
          week: Type.String({
            format: 'date',
            description: 'The Monday of the week of expiry',
            examples: ['2026-11-16'],
          }),
          ...statusCounts,
        },
        { additionalProperties: false },
      ),
      { description: 'Weeks in which something expires, the first first; in UTC' },
    ),
  },
  { additionalProperties: false },
);
export type InventorySummaryJson = Static<typeof InventorySummaryJson>;
