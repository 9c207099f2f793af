/** How long a certificate lives: what was asked for, what the profile allows, and never longer than its issuer. */
import type { Reason } from '../errors.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import type { Profile } from './profile.ts';

export interface LifetimeInput {
  readonly lifetimeSeconds: number | undefined;
  /** Unix seconds. */
  readonly now: number;
}

type Limits = Pick<Profile, 'name' | 'lifetimeSeconds' | 'backdateSeconds'>;
type Issuer = Pick<IssuerFacts, 'notBefore' | 'notAfter' | 'authority'>;

/** Every rule that an asked-for lifetime breaks; the profile's own default breaks none. */
export function judgeLifetime(
  { name, lifetimeSeconds: limits }: Limits,
  issuer: Issuer,
  { lifetimeSeconds, now }: LifetimeInput,
): readonly Reason[] {
  const complain = (code: Reason['code'], message: string): Reason => ({
    code,
    field: 'lifetimeSeconds',
    message,
    value: String(lifetimeSeconds ?? limits.default),
  });
  const left = issuer.notAfter - now;
  const tooShort = `The profile ${name} gives at least ${limits.minimum} s`;
  if (lifetimeSeconds === undefined) {
    // The default is cut to what the issuer has left; below the minimum that is of no use to anybody.
    return left >= limits.minimum
      ? []
      : [complain('outlivesIssuer', `${tooShort}, but ${issuer.authority} ends in ${left} s.`)];
  }
  const reasons: Reason[] = [];
  if (lifetimeSeconds < limits.minimum) reasons.push(complain('lifetimeTooShort', `${tooShort}.`));
  if (lifetimeSeconds > limits.maximum) {
    reasons.push(complain('lifetimeTooLong', `The profile ${name} gives at most ${limits.maximum} s.`));
  }
  if (lifetimeSeconds > left) {
    reasons.push(
      complain('outlivesIssuer', `Its issuer ${issuer.authority} ends in ${left} s, and nothing outlives its issuer.`),
    );
  }
  return reasons;
}

/** Unix seconds, inside the issuer's validity. */
export function validityOf(
  { lifetimeSeconds: limits, backdateSeconds }: Limits,
  issuer: Pick<Issuer, 'notBefore' | 'notAfter'>,
  { lifetimeSeconds = limits.default, now }: LifetimeInput,
): { notBefore: number; notAfter: number } {
  return {
    notBefore: Math.max(now - backdateSeconds, issuer.notBefore),
    notAfter: Math.min(now + lifetimeSeconds, issuer.notAfter),
  };
}
