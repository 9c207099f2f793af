/** The last look before signing: the exact bytes, parsed anew and held against what was decided (RFC 5280 §4). */
import { CaError } from '../errors.ts';
import { type ParsedTbsCertificate, parseTbsCertificate } from '../x509/certificate.ts';
import { type LintExpectation, type LintRule, lintRules } from './lint-rules.ts';

export type LintRuleId = keyof typeof lintRules | 'parses';

interface LintResult {
  readonly broken: readonly LintRuleId[];
  /** Undefined when the bytes do not parse. */
  readonly parsed: ParsedTbsCertificate | undefined;
}

/** The rules these bytes break; they may be signed only if there is none. */
export const lintTbsCertificate = (tbs: Uint8Array, expected: LintExpectation): readonly LintRuleId[] =>
  lint(tbs, expected).broken;

/**
 * What the bytes say, after every rule is kept. A finding is a defect of this program, not of the request: it throws
 * CaError `serverInternal`, nothing is signed, and the log says which rule.
 */
export function lintOrThrow(tbs: Uint8Array, expected: LintExpectation): ParsedTbsCertificate {
  const { broken, parsed } = lint(tbs, expected);
  if (parsed && broken.length === 0) return parsed;
  const cause = new Error(`pre-signing lint: ${broken.join(', ')}`);
  const message = 'The certificate did not pass the last check before signing; nothing was signed.';
  throw new CaError('serverInternal', message, { cause });
}

const rules = Object.entries(lintRules) as readonly [keyof typeof lintRules, LintRule][];

/** One more than the table has: the bytes parse. */
export const lintRuleCount = rules.length + 1;

function lint(tbs: Uint8Array, expected: LintExpectation): LintResult {
  let parsed: ParsedTbsCertificate;
  try {
    parsed = parseTbsCertificate(tbs);
  } catch {
    return { broken: ['parses'], parsed: undefined };
  }
  const broken: LintRuleId[] = [];
  for (const [id, rule] of rules) if (!isKept(rule, parsed, expected)) broken.push(id);
  return { broken, parsed };
}

function isKept(rule: LintRule, parsed: ParsedTbsCertificate, expected: LintExpectation): boolean {
  try {
    return rule(parsed, expected);
  } catch {
    return false;
  }
}
