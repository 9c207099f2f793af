/** JSON as bodies carry it (RFC 8259), strict where programs read it differently: UTF-8, and each name once in its object. */
import { CaError, type Reason } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value; throws CaError `malformed`. Of a name that is given twice programs take the first, the last or none. */
export function readJson(body: Uint8Array): unknown {
  if (body.length === 0) throw new CaError('malformed', 'The body is empty, but Content-Type says JSON.');
  const text = decoded(body);
  const value = parsed(text);
  const reasons = faultyNames(text);
  if (reasons.length > 0) {
    throw new CaError('malformed', 'The body of the request is not as described; see reasons.', { reasons });
  }
  return value;
}

function decoded(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new CaError('malformed', 'The body is not UTF-8, which JSON is written in (RFC 8259).', { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaError('malformed', 'The body is not valid JSON.', { cause });
  }
}

/** Strings whole, and what gives JSON its structure; numbers and words between them do not matter. */
const tokens = /"(?:[^"\\]+|\\.)*"|[{}:]/g;
const maxReasons = 100;

/** `text` is valid JSON, so that a string before a colon is a name of the object that was opened last. */
function faultyNames(text: string): readonly Reason[] {
  const faults = new Map<string, Reason>();
  const open: Set<string>[] = [];
  let latest = '';
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token !== ':') latest = token;
    else {
      const name: string = JSON.parse(latest);
      const fault = faultOf(name, open.at(-1)!);
      if (fault && faults.size < maxReasons) faults.set(name, fault);
    }
  }
  return [...faults.values()];
}

function faultOf(name: string, seen: Set<string>): Reason | undefined {
  const field = printable(name);
  // What an assignment would take for the prototype of an object is a field of no request.
  if (name === '__proto__') return { code: 'unknownField', field, message: 'is not a field of this request' };
  if (seen.has(name)) return { code: 'invalidField', field, message: 'must be given once' };
  seen.add(name);
  return undefined;
}
