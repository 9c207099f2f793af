/** Whether certificates that carry no policies, as all that are issued here, can be valid below an authority (RFC 5280 §6.1). */
import type { Reason } from '../errors.ts';
import { oids } from '../x509/oids.ts';
import { decodeInhibitAnyPolicy, decodePolicyConstraints } from '../x509/policy-constraints.ts';
import type { Extensions } from '../x509/read-extensions.ts';

/**
 * `below`: authorities between it and the certificates of products that are not self-issued, as RFC 5280 §6.1.4 (h) counts.
 * `field` is where the authority stands.
 *
 * Only a demand for an explicit policy matters to who has none: which policies are mapped, and whether anyPolicy counts, is
 * then never asked. It is judged critical or not, for a validator that knows the extension obeys it either way.
 */
export function judgePolicyConstraints(extensions: Extensions, below: number, field: string): readonly Reason[] {
  const anyPolicy = extensions.get(oids.inhibitAnyPolicy)?.value;
  const constraints = extensions.get(oids.policyConstraints)?.value;
  try {
    if (anyPolicy) decodeInhibitAnyPolicy(anyPolicy);
    const skipCerts = constraints && decodePolicyConstraints(constraints).requireExplicitPolicy;
    return skipCerts === undefined ? [] : judgeSkipCerts(skipCerts, below, field);
  } catch {
    return [{ code: 'badCertificate', message: 'Its policyConstraints or inhibitAnyPolicy cannot be read.', field }];
  }
}

/** RFC 5280 §6.1.4 (h) counts down at each authority, §6.1.5 (a) once more at the end of the path, where 0 demands a policy. */
function judgeSkipCerts(skipCerts: number, below: number, field: string): readonly Reason[] {
  const enough = below + 2;
  if (skipCerts >= enough) return [];
  const message =
    `Its policyConstraints demand a certificate policy (requireExplicitPolicy ${skipCerts}) of what is issued here, ` +
    `which carries none: every program that validates by RFC 5280 would refuse it. ${enough} or more would do.`;
  return [{ code: 'explicitPolicyRequired', message, field, value: `requireExplicitPolicy ${skipCerts}` }];
}
