/** Checks answers against the REST contract: a known status and shape, or an error; text is never trusted to be what it says. */
import { Problem } from '../api/problem.ts';
import { type Shape, type Shaped, shaped } from '../api/shape.ts';
import { failure, foreignRefusal } from './connection-failure.ts';
import { ClientProblem } from './failure.ts';
import type { ExchangeAnswer, StreamedAnswer } from './https-exchange.ts';
import { readWhole } from './read-whole.ts';

/** The answer as `schema` describes it; throws ClientProblem, or ClientFailure `badAnswer` when it is neither. */
export function readJson<Schema extends Shape>(answer: ExchangeAnswer, schema: Schema, host: string): Shaped<Schema> {
  assertSuccess(answer, host);
  const value = shapedAs(answer, 'application/json', schema);
  if (value === undefined) throw failure('badAnswer', host);
  return value;
}

/** Throws ClientProblem, or ClientFailure `badAnswer`, unless the answer is 204: done, with nothing to tell. */
export function readNothing(answer: ExchangeAnswer, host: string): void {
  assertSuccess(answer, host);
  if (answer.status !== 204) throw failure('badAnswer', host);
}

/** The body of a successful answer of this media type. */
export function readText(answer: ExchangeAnswer, mediaType: string, host: string): string {
  assertSuccess(answer, host);
  if (answer.mediaType !== mediaType) throw failure('badAnswer', host);
  return answer.body;
}

/** The body of a successful answer of this media type, as it comes; a refusal is read whole and thrown. */
export async function readStream(
  { body, ...head }: StreamedAnswer,
  mediaType: string,
  host: string,
): Promise<AsyncIterable<Uint8Array>> {
  if (head.status < 200 || head.status >= 300)
    assertSuccess({ ...head, body: await readWhole(body, mostProblemBytes, host) }, host);
  if (head.mediaType !== mediaType) throw failure('badAnswer', host);
  return body;
}

/** A problem is small. */
const mostProblemBytes = 1024 * 1024;

function assertSuccess(answer: ExchangeAnswer, host: string): void {
  if (answer.status >= 200 && answer.status < 300) return;
  const problem = shapedAs(answer, 'application/problem+json', Problem);
  if (problem === undefined) throw foreignRefusal(answer.status, host);
  throw new ClientProblem(problem, answer.retryAfterSeconds);
}

/** Undefined unless the body is JSON of this media type and shape. */
export function shapedAs<Schema extends Shape>(
  answer: ExchangeAnswer,
  mediaType: string,
  schema: Schema,
): Shaped<Schema> | undefined {
  return answer.mediaType === mediaType ? shaped(schema, parseJson(answer.body)) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
