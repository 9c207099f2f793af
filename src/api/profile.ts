/** REST shapes of profiles. They describe bodies for OpenAPI; domain/policy/parse-profile.ts alone judges them. */

import { pageOf } from './page.ts';
import { type Static, Type } from './schema.ts';

/** Ten years, as the parser has it. */
const longestLifetimeSeconds = 10 * 366 * 86_400;

const Seconds = () => Type.Integer({ minimum: 60, maximum: longestLifetimeSeconds });
const Attribute = () =>
  Type.String({
    minLength: 1,
    maxLength: 64,
    description: "1 to 64 letters, digits, inner spaces and .,&'()/+-, set on every certificate",
  });

/**
 * Each at most once. Of items that the schema calls texts the validator keeps which there were; of others it compares each with
 * each, which for a body of 64 KiB is seconds.
 */
const unique = { minItems: 1, uniqueItems: true };
const text = { type: 'string' };

const definition = {
  keyUsage: Type.Array(Type.Enum(['digitalSignature', 'keyEncipherment', 'keyAgreement'], text), {
    ...unique,
    description: 'With digitalSignature; keyEncipherment is for RSA keys alone, keyAgreement for EC keys',
  }),
  extendedKeyUsage: Type.Array(Type.Enum(['serverAuth', 'clientAuth'], text), unique),
  lifetimeSeconds: Type.Object(
    { minimum: Seconds(), default: Seconds(), maximum: Seconds() },
    { additionalProperties: false, description: 'minimum <= default <= maximum, none past the end of the authority' },
  ),
  backdateSeconds: Type.Integer({ minimum: 0, maximum: 86_400, description: 'How far notBefore lies in the past' }),
  subject: Type.Object(
    {
      commonName: Type.Enum(['none', 'firstName', 'requested']),
      organization: Type.Optional(Attribute()),
      organizationalUnit: Type.Optional(Attribute()),
    },
    { additionalProperties: false },
  ),
  names: Type.Object(
    {
      types: Type.Array(Type.Enum(['dns', 'ip', 'uri', 'email'], text), unique),
      wildcards: Type.Boolean(),
      maximum: Type.Integer({ minimum: 1, maximum: 100 }),
    },
    { additionalProperties: false },
  ),
  keys: Type.Object(
    {
      kinds: Type.Array(Type.Enum(['ec-p256', 'ec-p384', 'ec-p521', 'rsa', 'ed25519'], text), unique),
      rsaMinimumBits: Type.Integer({ minimum: 2048, maximum: 8192 }),
    },
    { additionalProperties: false },
  ),
};

const approvals = Type.Integer({
  minimum: 0,
  maximum: 2,
  default: 0,
  description: 'How many operators must approve each certificate, its successors included; with 0 it is issued at once',
});

const newKey = Type.Enum(['required', 'optional'], {
  default: 'required',
  description: '`optional`: a successor may keep the key of its predecessor',
});
const overlapSeconds = Type.Integer({
  minimum: 0,
  maximum: longestLifetimeSeconds,
  default: 604_800,
  description: 'How long a predecessor stays good once its successor is issued; never beyond its own end',
});
const revokePredecessor = Type.Boolean({
  default: false,
  description: 'Whether the predecessor is then revoked as superseded; without that it stays good until it expires',
});

const rotation = Type.Object(
  {
    newKey: Type.Optional(newKey),
    overlapSeconds: Type.Optional(overlapSeconds),
    revokePredecessor: Type.Optional(revokePredecessor),
  },
  { additionalProperties: false, description: 'How certificates are followed by their successors' },
);

const wholeRotation = Type.Object({ newKey, overlapSeconds, revokePredecessor }, { additionalProperties: false });

const authority = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'An authority of the environment that signs products’ certificates; the usual one if absent',
});

const exampleDefinition = {
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: ['serverAuth', 'clientAuth'],
  lifetimeSeconds: { minimum: 3600, default: 604_800, maximum: 2_592_000 },
  backdateSeconds: 60,
  subject: { commonName: 'firstName' },
  names: { types: ['dns'], wildcards: false, maximum: 20 },
  keys: { kinds: ['ec-p256', 'rsa'], rsaMinimumBits: 3072 },
};

export const ProfileBody = Type.Object(
  {
    environment: Type.String({ minLength: 1, maxLength: 32, examples: ['dev'] }),
    authority: Type.Optional(authority),
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', examples: ['kafka'] }),
    ...definition,
    approvals: Type.Optional(approvals),
    rotation: Type.Optional(rotation),
  },
  { additionalProperties: false, examples: [{ environment: 'dev', name: 'kafka', ...exampleDefinition }] },
);
export type ProfileBody = Static<typeof ProfileBody>;

export const ProfileChangeBody = Type.Object(
  {
    version: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'The version that this is a change of' }),
    authority: Type.Optional(authority),
    ...definition,
    approvals: Type.Optional(approvals),
    rotation: Type.Optional(rotation),
  },
  { additionalProperties: false, examples: [{ version: 1, ...exampleDefinition, approvals: 1 }] },
);
export type ProfileChangeBody = Static<typeof ProfileChangeBody>;

export const ProfileJson = Type.Object(
  {
    environment: Type.String(),
    name: Type.String(),
    version: Type.Integer(),
    authority: Type.String(),
    ...definition,
    approvals,
    rotation: wholeRotation,
  },
  { additionalProperties: false },
);
export type ProfileJson = Static<typeof ProfileJson>;

export const ProfileList = pageOf(ProfileJson);
export type ProfileList = Static<typeof ProfileList>;
