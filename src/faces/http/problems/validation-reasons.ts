/** What the JSON schema validator found, as the reasons of one refusal. */
import type { FastifySchemaValidationError } from 'fastify';
import { allowed } from '../../../api/allowed.ts';
import type { Rules } from '../../../api/shape.ts';
import { CaError, type Reason } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';

const partNames: Readonly<Record<string, string>> = { body: 'body', querystring: 'query', params: 'path' };

/** A body of 64 KiB can be wrong in 20,000 places; the first ones are enough to mend it, and cost no time to tell. */
const maxFindings = 100;

/** The validator is asked to be verbose: with the value it judged, and the schema that the value should have met. */
interface Finding extends FastifySchemaValidationError {
  readonly data?: unknown;
  readonly parentSchema?: Rules;
}

/** Names every field that is unknown or wrong, once, with its value and what is allowed. */
export function malformedRequest(findings: readonly FastifySchemaValidationError[], part: string): CaError {
  const isQuery = part === 'querystring';
  const reasons = findings
    .slice(0, maxFindings)
    .filter(isTelling)
    .map((finding) => reasonOf(finding, isQuery));
  const each = reasons.filter(({ field }, index) => reasons.findIndex((other) => other.field === field) === index);
  const where = partNames[part] ?? part;
  const message = `The ${where} of the request is not as described; see reasons.`;
  return new CaError('malformed', message, { reasons: each });
}

/** That no branch of a union matched is said once, by the outermost, unless a list is merely too long. */
const isTelling = ({ keyword, schemaPath }: FastifySchemaValidationError): boolean =>
  keyword === 'maxItems' || !schemaPath.includes('/anyOf/');

function reasonOf({ instancePath, keyword, params, data, parentSchema = {} }: Finding, isQuery: boolean): Reason {
  const path = instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'additionalProperties') {
    const field = dotted(path, String(params.additionalProperty));
    return { code: 'unknownField', field, message: unknownField(parentSchema, path) };
  }
  if (keyword === 'required') {
    return { code: 'invalidField', field: dotted(path, String(params.missingProperty)), message: 'is required' };
  }
  return {
    code: 'invalidField',
    message:
      keyword === 'uniqueItems' ? 'must not hold the same twice' : demand(isQuery && Array.isArray(data), parentSchema),
    ...(path !== '' && { field: printable(path) }),
    ...shownValue(data),
  };
}

function unknownField({ properties }: Rules, path: string): string {
  const known = Object.keys(properties ?? {}).toSorted();
  const owner = path === '' ? 'this request' : printable(path);
  return known.length === 0
    ? `is not a field of ${owner}`
    : `is not a field of ${owner}, which knows ${known.join(', ')}`;
}

/** A parameter that is repeated comes as a list. */
const demand = (isRepeated: boolean, rules: Rules): string =>
  isRepeated && isScalar(rules) ? `must be given once, as ${allowed(rules)}` : `must be ${allowed(rules)}`;

const isScalar = ({ anyOf, type }: Rules): boolean => anyOf === undefined && type !== 'array' && type !== 'object';

/** A short value helps to find the mistake. What is longer may be a CSR or a file that does not belong there. */
export function shownValue(value: unknown): Pick<Reason, 'value'> {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const text = items.join(', ');
  const isTold = items.every((item) => ['string', 'number', 'boolean'].includes(typeof item));
  return isTold && text.length <= longestValue ? { value: printable(text) } : {};
}

const longestValue = 100;

const dotted = (path: string, name: string): string => printable(path === '' ? name : `${path}.${name}`);
