/** Raw configuration becomes a validated profile, or every reason why not; there is no other way to get one. */
import { CaError, type Reason } from '../errors.ts';
import { type Approvals, defaultRotation, type Profile, type RotationRule } from './profile.ts';
import { type Complain, complainInto, integerOf, listOf, objectOf, oneOf } from './raw-fields.ts';

export interface ProfileContext {
  readonly environment: string;
  readonly authority: string;
  readonly version: number;
}

// keyCertSign and cRLSign make authorities, OCSPSigning makes responders: a product's profile can hold none of them.
const keyUsages = ['digitalSignature', 'keyEncipherment', 'keyAgreement'] as const;
const extendedKeyUsages = ['serverAuth', 'clientAuth'] as const;
const commonNames = ['none', 'firstName', 'requested'] as const;
const nameTypes = ['dns', 'ip', 'uri', 'email'] as const;
const keyKinds = ['ec-p256', 'ec-p384', 'ec-p521', 'rsa', 'ed25519'] as const;

const known = [
  ...['name', 'keyUsage', 'extendedKeyUsage', 'lifetimeSeconds', 'backdateSeconds'],
  ...['subject', 'names', 'keys', 'approvals', 'rotation'],
];

/** Ten years; what an authority lives bounds it further. */
const longestLifetimeSeconds = 10 * 366 * 86_400;

/** Throws CaError `policyRefused` with a reason for each field that is wrong. */
export function parseProfile(raw: unknown, context: ProfileContext): Profile {
  const reasons: Reason[] = [];
  const complain = complainInto(reasons, 'profile');
  const fields = objectOf(raw, { field: '', known }, complain);
  const profile: Profile = {
    name: nameOf(fields.name, complain),
    ...context,
    keyUsage: keyUsageOf(fields.keyUsage, complain),
    extendedKeyUsage: listOf(
      fields.extendedKeyUsage,
      { field: 'extendedKeyUsage', allowed: extendedKeyUsages },
      complain,
    ),
    lifetimeSeconds: lifetimesOf(fields.lifetimeSeconds, complain),
    backdateSeconds: integerOf(
      fields.backdateSeconds,
      { field: 'backdateSeconds', minimum: 0, maximum: 86_400 },
      complain,
    ),
    subject: subjectOf(fields.subject, complain),
    names: namesOf(fields.names, complain),
    keys: keysOf(fields.keys, complain),
    approvals: approvalsOf(fields.approvals, complain),
    rotation: rotationOf(fields.rotation, complain),
  };
  if (reasons.length === 0) return profile;
  throw new CaError('policyRefused', 'The profile is not valid.', { reasons });
}

function nameOf(value: unknown, complain: Complain): string {
  if (typeof value === 'string' && /^[a-z][a-z0-9-]{0,31}$/.test(value)) return value;
  complain(
    'name',
    'must be lower-case letters, digits and hyphens, beginning with a letter, at most 32',
    value ?? null,
  );
  return '';
}

/** TLS 1.3 authenticates with signatures only, and it is the one usage that every kind of key has. */
function keyUsageOf(value: unknown, complain: Complain): Profile['keyUsage'] {
  const usages = listOf(value, { field: 'keyUsage', allowed: keyUsages }, complain);
  if (usages.length > 0 && !usages.includes('digitalSignature')) {
    complain('keyUsage', 'must have digitalSignature', value);
  }
  return usages;
}

function lifetimesOf(value: unknown, complain: Complain): Profile['lifetimeSeconds'] {
  const field = 'lifetimeSeconds';
  const raw = objectOf(value, { field, known: ['minimum', 'default', 'maximum'] }, complain);
  const seconds = (name: string): number =>
    integerOf(raw[name], { field: `${field}.${name}`, minimum: 60, maximum: longestLifetimeSeconds }, complain);
  const [minimum, usual, maximum] = [seconds('minimum'), seconds('default'), seconds('maximum')];
  // Comparisons with NaN are false: what is no number was complained about already.
  if (minimum > usual || usual > maximum) complain(field, 'must be minimum <= default <= maximum', value);
  return { minimum, default: usual, maximum };
}

function subjectOf(value: unknown, complain: Complain): Profile['subject'] {
  const field = 'subject';
  const raw = objectOf(value, { field, known: ['commonName', 'organization', 'organizationalUnit'] }, complain);
  return {
    commonName: oneOf(raw.commonName, { field: 'subject.commonName', allowed: commonNames }, complain),
    ...attributeOf(raw.organization, 'organization', complain),
    ...attributeOf(raw.organizationalUnit, 'organizationalUnit', complain),
  };
}

/** RFC 5280 appendix A.1: ub-organization-name and ub-organizational-unit-name are 64 characters. */
const attributeText = /^(?! )[\p{L}\p{N} .,&'()/+-]{1,64}(?<! )$/u;

function attributeOf<K extends string>(value: unknown, key: K, complain: Complain): Partial<Record<K, string>> {
  if (value === undefined) return {};
  if (typeof value === 'string' && attributeText.test(value)) return { [key]: value } as Record<K, string>;
  complain(`subject.${key}`, "must be 1 to 64 letters, digits, inner spaces and .,&'()/+-", value);
  return {};
}

function namesOf(value: unknown, complain: Complain): Profile['names'] {
  const raw = objectOf(value, { field: 'names', known: ['types', 'wildcards', 'maximum'] }, complain);
  const { wildcards } = raw;
  if (typeof wildcards !== 'boolean') complain('names.wildcards', 'must be true or false', wildcards ?? null);
  return {
    types: listOf(raw.types, { field: 'names.types', allowed: nameTypes }, complain),
    wildcards: wildcards === true,
    maximum: integerOf(raw.maximum, { field: 'names.maximum', minimum: 1, maximum: 100 }, complain),
  };
}

function keysOf(value: unknown, complain: Complain): Profile['keys'] {
  const raw = objectOf(value, { field: 'keys', known: ['kinds', 'rsaMinimumBits'] }, complain);
  return {
    kinds: listOf(raw.kinds, { field: 'keys.kinds', allowed: keyKinds }, complain),
    rsaMinimumBits: integerOf(
      raw.rsaMinimumBits,
      { field: 'keys.rsaMinimumBits', minimum: 2048, maximum: 8192 },
      complain,
    ),
  };
}

/** None, one, or two people: more would only be slower. Profiles from before this field ask for none. */
const approvalsOf = (value: unknown, complain: Complain): Approvals =>
  value === undefined ? 0 : (integerOf(value, { field: 'approvals', minimum: 0, maximum: 2 }, complain) as Approvals);

/** What is left out is as it is for profiles from before this field. */
function rotationOf(value: unknown, complain: Complain): RotationRule {
  if (value === undefined) return defaultRotation;
  const field = 'rotation';
  const raw = objectOf(value, { field, known: ['newKey', 'overlapSeconds', 'revokePredecessor'] }, complain);
  const {
    newKey = defaultRotation.newKey,
    overlapSeconds = defaultRotation.overlapSeconds,
    revokePredecessor = defaultRotation.revokePredecessor,
  } = raw;
  if (typeof revokePredecessor !== 'boolean') {
    complain(`${field}.revokePredecessor`, 'must be true or false', revokePredecessor);
  }
  return {
    newKey: oneOf(newKey, { field: `${field}.newKey`, allowed: ['required', 'optional'] }, complain),
    overlapSeconds: integerOf(
      overlapSeconds,
      { field: `${field}.overlapSeconds`, minimum: 0, maximum: longestLifetimeSeconds },
      complain,
    ),
    revokePredecessor: revokePredecessor === true,
  };
}
