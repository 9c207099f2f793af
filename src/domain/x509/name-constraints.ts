/** Reads nameConstraints (RFC 5280 §4.2.1.10): the subtrees that names below an authority must, or must not, be in. */
import { DerReader } from '../der/reader.ts';
import { contextTag } from '../der/tag.ts';
import { malformed } from './malformed.ts';

/** `ip` is a range: an address and its mask. A kind whose rules are not known here is `other`. */
export type Subtree =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly value: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array; readonly mask: Uint8Array }
  | { readonly kind: 'other' };

export interface NameConstraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

const tags = { email: contextTag(1, false), dns: contextTag(2, false), uri: contextTag(6, false) } as const;
const ipTag = contextTag(7, false);

/** Throws CaError `malformed` or DerError. */
export function decodeNameConstraints(value: Uint8Array): NameConstraints {
  const fields = new DerReader(value).enterSequence();
  const permitted = readSubtrees(fields, contextTag(0, true));
  const excluded = readSubtrees(fields, contextTag(1, true));
  fields.expectEnd();
  return { permitted, excluded };
}

function readSubtrees(fields: DerReader, wanted: number): readonly Subtree[] {
  const element = fields.optional(wanted);
  if (!element) return [];
  const list = fields.inside(element);
  const subtrees: Subtree[] = [];
  while (!list.atEnd) {
    const subtree = list.enterSequence();
    subtrees.push(readBase(subtree));
    // RFC 5280 §4.2.1.10: minimum is 0, which is its default and not encoded, and maximum is absent.
    if (!subtree.atEnd) throw malformed('nameConstraints', 'has a minimum or a maximum');
  }
  if (subtrees.length === 0) throw malformed('nameConstraints', 'has an empty list');
  return subtrees;
}

function readBase(subtree: DerReader): Subtree {
  const element = subtree.next();
  const content = subtree.content(element);
  if (element.tag === ipTag) return readRange(content);
  const kind = (Object.keys(tags) as (keyof typeof tags)[]).find((name) => tags[name] === element.tag);
  return kind ? { kind, value: lowerHost(Buffer.from(content).toString('latin1')) } : { kind: 'other' };
}

/** RFC 5280 §7.5: of a mailbox, what is before the `@` counts in every letter. */
function lowerHost(text: string): string {
  const at = text.lastIndexOf('@') + 1;
  return text.slice(0, at) + text.slice(at).toLowerCase();
}

/** Address and mask, of 4 octets each, or of 16. */
function readRange(content: Uint8Array): Subtree {
  if (content.length !== 8 && content.length !== 32)
    throw malformed('nameConstraints', 'has a range of addresses of a wrong length');
  const half = content.length / 2;
  return { kind: 'ip', address: content.subarray(0, half), mask: content.subarray(half) };
}
