/** JSON as bodies carry it (RFC 8259), strict where programs read it differently: UTF-8, and each name once in its object. */
import { isUtf8 } from 'node:buffer';
import { CaError, type Reason } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';

/** The value, of bounded depth; throws CaError `malformed`. Of a name that is given twice programs take the first, the last or none. */
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
  if (!isUtf8(body)) throw new CaError('malformed', 'The body is not UTF-8, which JSON is written in (RFC 8259).');
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  // RFC 8259 §8.1: nobody adds it, and who reads may pass it over.
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

const byteOrderMark = '\ufeff';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaError('malformed', 'The body is not valid JSON.', { cause });
  }
}

const maxReasons = 100;
/** No request has more than six. What judges or writes a value calls itself for each level, and 30,000 would exhaust the stack. */
const maxDepth = 32;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** `text` is valid JSON, so that a string before a colon is a name of the object that was opened last. */
function faultyNames(text: string): readonly Reason[] {
  const faults = new Map<string, Reason>();
  const open: Set<string>[] = [];
  let lists = 0;
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const start = quote < 0 ? text.length : quote;
    for (; at < start; at++) {
      const character = text.charCodeAt(at);
      if (character === openBrace) open.push(new Set());
      else if (character === closeBrace) open.pop();
      else if (character === openBracket) lists++;
      else if (character === closeBracket) lists--;
      if (open.length + lists > maxDepth) throw new CaError('malformed', tooDeep);
    }
    if (quote < 0) break;
    at = endOfString(text, start);
    if (!isBeforeColon(text, at)) continue;
    const name: string = JSON.parse(text.slice(start, at));
    const fault = faultOf(name, open.at(-1)!);
    if (fault && faults.size < maxReasons) faults.set(name, fault);
  }
  return [...faults.values()];
}

const tooDeep = `The body is nested deeper than ${maxDepth} levels, which no request here is. Send what the path describes.`;

/** Behind the quotation mark that ends the string from `start` on: one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slash = end;
    while (text[slash - 1] === '\\') slash--;
    if ((end - slash) % 2 === 0) return end + 1;
  }
}

function isBeforeColon(text: string, at: number): boolean {
  let next = at;
  while (whitespace.includes(text[next] ?? '.')) next++;
  return text[next] === ':';
}

const whitespace = ' \t\n\r';

function faultOf(name: string, seen: Set<string>): Reason | undefined {
  // What an assignment would take for the prototype of an object is a field of no request.
  if (name === '__proto__') return { code: 'unknownField', field: name, message: 'is not a field of this request' };
  if (seen.has(name)) return { code: 'invalidField', field: printable(name), message: 'must be given once' };
  seen.add(name);
  return undefined;
}
