/** Lists as the contract has them: what a page is asked by, what it holds, and lists that are short enough to come whole. */
import type { TSchema } from 'typebox';
import { Type } from './schema.ts';

/** Properties of the query of every list that comes in pages. */
export const pageFields = {
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'nextCursor of the page before' })),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many a page has, at most' }),
  ),
};

/** Of a page; null on the last one. */
export const NextCursor = Type.Union([Type.String(), Type.Null()]);

export const pageOf = <Item extends TSchema>(item: Item) =>
  Type.Object({ items: Type.Array(item), nextCursor: NextCursor }, { additionalProperties: false });

/** A list of which there is never a second page. */
export const wholeListOf = <Item extends TSchema>(item: Item) =>
  Type.Object({ items: Type.Array(item), nextCursor: Type.Null() }, { additionalProperties: false });
