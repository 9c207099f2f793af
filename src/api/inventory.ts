/** REST shapes of what is said about the inventory as a whole. */
import { type Static, Type } from './schema.ts';

const Count = () => Type.Integer({ minimum: 0 });

const statusCounts = { valid: Count(), expired: Count(), revoked: Count(), held: Count(), pending: Count() };

export const SummaryQuery = Type.Object(
  {
    environment: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'Only of this environment' })),
  },
  { additionalProperties: false },
);
export type SummaryQuery = Static<typeof SummaryQuery>;

export const InventorySummaryJson = Type.Object(
  {
    at: Type.String({ format: 'date-time', description: 'The moment at which all this is counted' }),
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
