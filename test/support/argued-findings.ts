/** pkilint without the findings that docs/adr/0003-pkilint-findings.md argues: what is left is a defect. */
import { type LintedDocument, type PkilintFinding, pkilintAll } from './judges.ts';

/** Code, and the whole message where the code alone would argue too much. */
const argued: readonly { readonly code: string; readonly message?: RegExp }[] = [
  { code: 'pkix.subject_key_identifier_rfc7093_method_1_identified' },
  // A wildcard as the whole left-most label, or a host name of one label.
  { code: 'pkix.invalid_domain_name_syntax', message: /^[^"]*"(?:\*(?:\.[a-z0-9-]+)+|[a-z0-9-]+)"$/ },
  // A SPIFFE ID, or a URL whose host is one label.
  {
    code: 'pkix.invalid_uri_syntax',
    message: /^[^"]*"(?:spiffe:\/\/[^"\s]+|https?:\/\/[a-z0-9-]+(?::\d+)?\/[^"\s]*)"$/,
  },
];

const isArgued = (finding: PkilintFinding): boolean =>
  argued.some(({ code, message }) => finding.code === code && (message?.test(finding.message ?? '') ?? true));

/** For each document the findings that nothing argues, as `SEVERITY code: message`. */
export async function unarguedFindings(documents: readonly LintedDocument[]): Promise<readonly string[][]> {
  const all = await pkilintAll(documents);
  return all.map((findings) =>
    findings
      .filter((finding) => !isArgued(finding))
      .map(({ severity, code, message }) => `${severity} ${code}: ${message ?? ''}`),
  );
}
