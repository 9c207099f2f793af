/** What the JSON schema validator found, as the reasons of one refusal. */
import type { FastifySchemaValidationError } from 'fastify';
import { CaError, type Reason } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';

const partNames: Readonly<Record<string, string>> = { body: 'body', querystring: 'query', params: 'path' };

/** A body of 64 KiB can be wrong in 20,000 places; the first ones are enough to mend it, and cost no time to tell. */
const maxFindings = 100;

/** Names every field that is unknown or wrong. No values: a body may hold what does not belong into a log. */
export function malformedRequest(findings: readonly FastifySchemaValidationError[], part: string): CaError {
  const reasons = findings.slice(0, maxFindings).filter(isTelling).map(reasonOf);
  const where = partNames[part] ?? part;
  return new CaError('malformed', `The ${where} of the request is not as described; see reasons.`, { reasons });
}

/** That no branch of a union matched is said once by the union itself. */
const isTelling = ({ keyword, schemaPath }: FastifySchemaValidationError): boolean =>
  keyword === 'anyOf' || !schemaPath.includes('/anyOf/');

function reasonOf({ instancePath, keyword, params, message }: FastifySchemaValidationError): Reason {
  const path = instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'additionalProperties') {
    const field = dotted(path, String(params.additionalProperty));
    return { code: 'unknownField', field, message: 'is not a field of this request' };
  }
  if (keyword === 'required') {
    return { code: 'invalidField', field: dotted(path, String(params.missingProperty)), message: 'is required' };
  }
  const text = keyword === 'anyOf' ? 'is none of the allowed values' : (message ?? 'is not valid');
  return { code: 'invalidField', message: text, ...(path !== '' && { field: printable(path) }) };
}

const dotted = (path: string, name: string): string => printable(path === '' ? name : `${path}.${name}`);
