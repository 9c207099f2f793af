/** How long a certificate lives: what was asked for, what the profile allows, and never longer than its issuer. */
import type { Reason, ReasonCode } from '../errors.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import type { Profile } from './profile.ts';

export interface LifetimeInput {
  /** Undefined: the profile's default. */
  readonly lifetimeSeconds: number | undefined;
  /** Unix seconds. */
  readonly now: number;
}

type Limits = Pick<Profile, 'name' | 'lifetimeSeconds' | 'backdateSeconds'>;
type Issuer = Pick<IssuerFacts, 'notBefore' | 'notAfter' | 'authority'>;

/** Every rule that an asked-for lifetime breaks; the profile's own default breaks none while its issuer lives. */
export function judgeLifetime(
  { name, lifetimeSeconds: limits }: Limits,
  issuer: Issuer,
  input: LifetimeInput,
): readonly Reason[] {
  const asked = input.lifetimeSeconds;
  const left = issuer.notAfter - startOf(issuer, input.now);
  const end = `Its issuer ${issuer.authority} ends in ${Math.max(0, left)} s, and nothing outlives its issuer`;
  const value = String(asked ?? limits.default);
  const complain = (code: ReasonCode, message: string): Reason => ({ code, field: 'lifetimeSeconds', message, value });
  if (asked === undefined) {
    // The default is cut to what the issuer has left; below the minimum that is of no use to anybody.
    if (left >= limits.minimum) return [];
    return [complain('outlivesIssuer', `${end}: renew the authority.`)];
  }
  const reasons: Reason[] = [];
  if (!(asked >= limits.minimum)) {
    reasons.push(complain('lifetimeTooShort', `The profile ${name} gives at least ${limits.minimum} s: ask for more.`));
  }
  if (asked > limits.maximum) {
    reasons.push(complain('lifetimeTooLong', `The profile ${name} gives at most ${limits.maximum} s: ask for less.`));
  }
  if (asked > left) reasons.push(complain('outlivesIssuer', `${end}: ask for less, or leave lifetimeSeconds out.`));
  return reasons;
}

/** A profile may not promise what its authority cannot give: its longest lifetime, asked for now, must fit. */
export function judgeLongestLifetime(
  { lifetimeSeconds: { maximum } }: Limits,
  issuer: Issuer,
  now: number,
): readonly Reason[] {
  const left = Math.max(0, issuer.notAfter - startOf(issuer, now));
  if (maximum <= left) return [];
  const message = `Its authority ${issuer.authority} ends in ${left} s, and nothing outlives its issuer: at most that.`;
  return [{ code: 'outlivesIssuer', field: 'lifetimeSeconds.maximum', message, value: String(maximum) }];
}

/** Unix seconds, inside the issuer's validity: a default that would outlive the issuer is cut to its end. */
export function validityOf(
  { lifetimeSeconds: limits, backdateSeconds }: Limits,
  issuer: Pick<Issuer, 'notBefore' | 'notAfter'>,
  { lifetimeSeconds = limits.default, now }: LifetimeInput,
): { notBefore: number; notAfter: number } {
  return {
    notBefore: Math.max(now - backdateSeconds, issuer.notBefore),
    notAfter: Math.min(startOf(issuer, now) + lifetimeSeconds, issuer.notAfter),
  };
}

/** A clock that is behind the issuer's first second (the service's own TLS must start even then) counts from there. */
const startOf = (issuer: Pick<Issuer, 'notBefore'>, now: number): number => Math.max(now, issuer.notBefore);
