/** The one error shape of every face: RFC 9457 problem details. */
import { type Static, Type } from './schema.ts';

/** `type` of a problem is this followed by a CaErrorCode: stable, and documented in docs/problems.md. */
export const problemTypePrefix = 'https://privyseal.dev/problems/';

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Stable URI of the kind of problem', examples: [`${problemTypePrefix}badCSR`] }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What was wrong, with which value, and what to do next' }),
    /** Log correlation; nothing secret. */
    instance: Type.String({ description: 'Identifier of this very answer, also in the log' }),
    reasons: Type.Optional(
      Type.Array(
        Type.Object(
          {
            code: Type.String(),
            message: Type.String(),
            field: Type.Optional(Type.String()),
            value: Type.Optional(Type.String()),
          },
          { additionalProperties: false },
        ),
        { description: 'Every reason of the refusal' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Problem = Static<typeof Problem>;
