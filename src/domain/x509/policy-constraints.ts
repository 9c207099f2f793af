/** Reads policyConstraints and inhibitAnyPolicy (RFC 5280 §4.2.1.11, §4.2.1.14): what an authority demands of policies below it. */
import { DerReader } from '../der/reader.ts';
import { contextTag } from '../der/tag.ts';
import { checkInteger, readIntegerBytes } from '../der/value.ts';
import { malformed } from './malformed.ts';

export interface PolicyConstraints {
  /** SkipCerts: so many certificates may follow before each path has to have a policy. Undefined: it demands none. */
  readonly requireExplicitPolicy: number | undefined;
}

/** Throws CaError `malformed` or DerError. */
export function decodePolicyConstraints(value: Uint8Array): PolicyConstraints {
  const outer = new DerReader(value);
  const fields = outer.enterSequence();
  outer.expectEnd();
  // RFC 5280 §4.2.1.11: one of the two is present.
  if (fields.atEnd) throw malformed('policyConstraints', 'is empty');
  const requireExplicitPolicy = readOptionalSkipCerts(fields, contextTag(0, false));
  readOptionalSkipCerts(fields, contextTag(1, false));
  fields.expectEnd();
  return { requireExplicitPolicy };
}

/** The SkipCerts of an inhibitAnyPolicy. Throws CaError `malformed` or DerError. */
export function decodeInhibitAnyPolicy(value: Uint8Array): number {
  const outer = new DerReader(value);
  const skipCerts = skipCertsOf(readIntegerBytes(outer));
  outer.expectEnd();
  return skipCerts;
}

function readOptionalSkipCerts(fields: DerReader, tag: number): number | undefined {
  const element = fields.optional(tag);
  if (!element) return undefined;
  checkInteger(fields.bytes, element);
  return skipCertsOf(fields.content(element));
}

/** SkipCerts ::= INTEGER (0..MAX). More than any path has is as good as the largest number. */
function skipCertsOf(content: Uint8Array): number {
  if (content[0]! >= 0x80) throw malformed('SkipCerts', 'is negative');
  return content.length > 4 ? Number.MAX_SAFE_INTEGER : content.reduce((value, octet) => value * 256 + octet, 0);
}
