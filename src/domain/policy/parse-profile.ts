/** Raw configuration becomes a validated profile, or every reason why not; there is no other way to get one. */
import type { Reason } from '../errors.ts';
import { CaError } from '../errors.ts';
import { printable } from './printable.ts';
import type { Profile } from './profile.ts';

export interface ProfileContext {
  readonly environment: string;
  readonly authority: string;
  readonly version: number;
}

type Raw = Readonly<Record<string, unknown>>;
type Complain = (field: string, message: string, value?: unknown) => void;

const productKeyUsages = ['digitalSignature', 'keyEncipherment', 'keyAgreement'] as const;
const productExtendedKeyUsages = ['serverAuth', 'clientAuth'] as const;
const commonNames = ['firstName', 'requested', 'none'] as const;
const nameTypes = ['dns', 'ip', 'uri', 'email'] as const;
const keyKinds = ['ec-p256', 'ec-p384', 'ec-p521', 'rsa', 'ed25519'] as const;

const longestLifetimeSeconds = 10 * 366 * 86_400;

/** Throws CaError `policyRefused` with a reason for each field that is wrong. */
export function parseProfile(raw: unknown, context: ProfileContext): Profile {
  const reasons: Reason[] = [];
  const complain: Complain = (field, message, value) => {
    const shown = value === undefined ? {} : { value: printable(JSON.stringify(value) ?? String(value)) };
    reasons.push({ code: 'invalidField', field, message, ...shown });
  };
  const fields = objectOf(raw, '', complain);
  const profile: Profile = {
    name: nameOf(fields.name, complain),
    ...context,
    // keyCertSign and cRLSign make authorities, OCSPSigning responders: never products.
    keyUsage: listOf(fields.keyUsage, 'keyUsage', productKeyUsages, complain),
    extendedKeyUsage: listOf(fields.extendedKeyUsage, 'extendedKeyUsage', productExtendedKeyUsages, complain),
    lifetimeSeconds: lifetimesOf(fields.lifetimeSeconds, complain),
    backdateSeconds: integerOf(fields.backdateSeconds, 'backdateSeconds', { minimum: 0, maximum: 86_400 }, complain),
    subject: subjectOf(fields.subject, complain),
    names: namesOf(fields.names, complain),
    keys: keysOf(fields.keys, complain),
  };
  refuseUnknown(
    fields,
    '',
    Object.keys(profile).filter((key) => !Object.hasOwn(context, key)),
    complain,
  );
  if (reasons.length > 0) throw new CaError('policyRefused', 'The profile is not valid.', { reasons });
  return profile;
}

function objectOf(value: unknown, field: string, complain: Complain): Raw {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw;
  complain(field, 'must be an object', value);
  return {};
}

function refuseUnknown(fields: Raw, prefix: string, known: readonly string[], complain: Complain): void {
  for (const key of Object.keys(fields)) {
    if (!known.includes(key)) complain(`${prefix}${printable(key)}`, `is no field; known are ${known.join(', ')}`);
  }
}

function nameOf(value: unknown, complain: Complain): string {
  if (typeof value === 'string' && /^[a-z][a-z0-9-]{0,31}$/.test(value)) return value;
  complain('name', 'must be lower-case letters, digits and hyphens, at most 32', value);
  return '';
}

function listOf<T extends string>(
  value: unknown,
  field: string,
  allowed: readonly T[],
  complain: Complain,
): readonly T[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const good = list.filter((item): item is T => (allowed as readonly unknown[]).includes(item));
  if (good.length === 0 || good.length !== list.length || new Set(good).size !== good.length) {
    complain(field, `must be a list, without repeats, of ${allowed.join(', ')}`, value);
  }
  return good;
}

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

function integerOf(value: unknown, field: string, { minimum, maximum }: Bounds, complain: Complain): number {
  if (Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum) return Number(value);
  complain(field, `must be a whole number from ${minimum} to ${maximum}`, value);
  return minimum;
}

function lifetimesOf(value: unknown, complain: Complain): Profile['lifetimeSeconds'] {
  const raw = objectOf(value, 'lifetimeSeconds', complain);
  refuseUnknown(raw, 'lifetimeSeconds.', ['minimum', 'default', 'maximum'], complain);
  const bounds = { minimum: 60, maximum: longestLifetimeSeconds };
  const minimum = integerOf(raw.minimum, 'lifetimeSeconds.minimum', bounds, complain);
  const maximum = integerOf(raw.maximum, 'lifetimeSeconds.maximum', bounds, complain);
  const usual = integerOf(raw.default, 'lifetimeSeconds.default', bounds, complain);
  if (minimum > usual || usual > maximum) complain('lifetimeSeconds', 'must be minimum <= default <= maximum', value);
  return { minimum, default: usual, maximum };
}

function subjectOf(value: unknown, complain: Complain): Profile['subject'] {
  const raw = objectOf(value, 'subject', complain);
  refuseUnknown(raw, 'subject.', ['commonName', 'organization', 'organizationalUnit'], complain);
  const [commonName = 'none'] = listOf([raw.commonName], 'subject.commonName', commonNames, complain);
  return {
    commonName,
    ...attributeOf(raw.organization, 'organization', complain),
    ...attributeOf(raw.organizationalUnit, 'organizationalUnit', complain),
  };
}

/** RFC 5280 appendix A.1: ub-organization-name and ub-organizational-unit-name are 64. */
function attributeOf<K extends string>(value: unknown, key: K, complain: Complain): Partial<Record<K, string>> {
  if (value === undefined) return {};
  if (typeof value === 'string' && /^[\p{L}\p{N} .,&'()/+-]{1,64}$/u.test(value))
    return { [key]: value } as Record<K, string>;
  complain(`subject.${key}`, 'must be 1 to 64 letters, digits, spaces and simple punctuation', value);
  return {};
}

function namesOf(value: unknown, complain: Complain): Profile['names'] {
  const raw = objectOf(value, 'names', complain);
  refuseUnknown(raw, 'names.', ['types', 'wildcards', 'maximum'], complain);
  if (typeof raw.wildcards !== 'boolean') complain('names.wildcards', 'must be true or false', raw.wildcards);
  return {
    types: listOf(raw.types, 'names.types', nameTypes, complain),
    wildcards: raw.wildcards === true,
    maximum: integerOf(raw.maximum, 'names.maximum', { minimum: 1, maximum: 100 }, complain),
  };
}

function keysOf(value: unknown, complain: Complain): Profile['keys'] {
  const raw = objectOf(value, 'keys', complain);
  refuseUnknown(raw, 'keys.', ['kinds', 'rsaMinimumBits'], complain);
  return {
    kinds: listOf(raw.kinds, 'keys.kinds', keyKinds, complain),
    rsaMinimumBits: integerOf(raw.rsaMinimumBits, 'keys.rsaMinimumBits', { minimum: 2048, maximum: 8192 }, complain),
  };
}
