/** What any route may answer by its nature: documented for all alike when OpenAPI is written, so that no route can forget it. */
import type { FastifySchema } from 'fastify';
import type { CaErrorCode } from '../../../domain/errors.ts';
import { commonProblems, type DocumentedAnswer, problemAnswer, problemJson, problemType } from '../documentation.ts';
import { preRequestProblems } from './answer-parser-errors.ts';
import { problemKinds } from './problem.ts';

type Answers = Readonly<Record<string, DocumentedAnswer>>;

/** `schema` whose answers also hold what authentication, parsing and HTTP itself may say. */
export function withInherentProblems(schema: FastifySchema): FastifySchema {
  const answers = { ...((schema.response ?? {}) as Answers) };
  for (const code of inherentCodes(schema)) {
    const { status, title } = problemKinds[code];
    answers[status] = withProblem(answers[status], problemType(code), `\`${code}\`: ${title}.`);
  }
  for (const { status, title } of preRequestProblems) {
    answers[status] = withProblem(answers[status], 'about:blank', `\`about:blank\`: ${title}.`);
  }
  return { ...schema, response: Object.fromEntries(Object.entries(answers).map(withoutInventedBody)) };
}

/** An answer without content has no body; left alone, swagger would make it JSON of any shape. */
const withoutInventedBody = ([status, answer]: [string, DocumentedAnswer]): [string, object] => [
  status,
  answer.content ? answer : { ...answer, type: 'null' },
];

function inherentCodes({ security, params, body }: FastifySchema & { security?: readonly object[] }): CaErrorCode[] {
  return [
    ...commonProblems,
    ...(security && security.length > 0 ? (['unauthenticated', 'unauthorized', 'inventoryUnavailable'] as const) : []),
    // A segment that is longer than any name is at no path.
    ...(params ? (['notFound'] as const) : []),
    ...(body ? (['payloadTooLarge', 'unsupportedMediaType'] as const) : []),
  ];
}

/** An answer may hold other media types, and other problems, already. */
function withProblem(answer: DocumentedAnswer | undefined, type: string, sentence: string): DocumentedAnswer {
  const known = typesOf(answer);
  if (known.includes(type)) return answer!;
  const description = answer ? `${answer.description} ${sentence}` : sentence;
  const { content } = problemAnswer(description, [...known, type]);
  return { description, content: { ...answer?.content, ...content } };
}

interface ProblemSchema {
  readonly allOf: readonly [object, { readonly properties: { readonly type: { readonly enum: readonly string[] } } }];
}

function typesOf(answer: DocumentedAnswer | undefined): readonly string[] {
  const schema = answer?.content?.[problemJson]?.schema as ProblemSchema | undefined;
  return schema?.allOf[1].properties.type.enum ?? [];
}
