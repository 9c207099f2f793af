/** REST shapes of the rotations of authorities. */
import { KeyType } from './authority.ts';
import { type Static, Time, Type } from './schema.ts';

const strict = { additionalProperties: false } as const;
const Id = (description: string) => Type.String({ description, examples: ['dev-issuing.2'] });

const Reason = (description: string) =>
  Type.String({ description, minLength: 10, maxLength: 400, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });

export const RotateAuthorityBody = Type.Object(
  {
    dryRun: Type.Optional(Type.Boolean({ description: 'Only say what it would come to' })),
    vault: Type.Optional(Type.String({ description: 'Of the new key, as the settings name it; as before if absent' })),
    key: Type.Optional(Type.String({ minLength: 1, description: 'A key that the vault has; a new one if absent' })),
    keyType: Type.Optional(KeyType('Of the new key; as before if absent')),
  },
  { ...strict, examples: [{ dryRun: true }, { vault: 'bao' }] },
);
export type RotateAuthorityBody = Static<typeof RotateAuthorityBody>;

export const AdvanceRotationBody = Type.Object(
  {
    force: Type.Optional(Reason('Why what does not hold is overruled; the audit log keeps it')),
    rotateBy: Type.Optional(
      Time(
        'When all certificates of the old generation are to be rotated; in 30 days if absent. For the step to `retiring`',
      ),
    ),
  },
  { ...strict, examples: [{}, { force: 'batch-7 is switched off, and has no agent' }] },
);
export type AdvanceRotationBody = Static<typeof AdvanceRotationBody>;

export const CompromiseBody = Type.Object(
  {
    reason: Reason('What is known of it; the audit log keeps it'),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only say what it would come to' })),
    vault: Type.Optional(
      Type.String({ minLength: 1, description: 'Of the new keys; where the lost one was if absent' }),
    ),
    generation: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Which one, where one before it was compromised, too' }),
    ),
    rotateBy: Type.Optional(Time('When all its certificates are to be rotated; in a day if absent')),
  },
  { ...strict, examples: [{ reason: 'the key was found in a log', dryRun: true }] },
);
export type CompromiseBody = Static<typeof CompromiseBody>;

const products = Type.Array(Type.Object({ product: Type.String(), certificates: Type.Integer() }, strict), {
  description: 'Good certificates that nothing has followed yet',
});

export const RotationPlanJson = Type.Object(
  {
    authority: Type.String(),
    role: Type.Enum(['system', 'root', 'issuing', 'sole']),
    from: Id('The generation in force'),
    to: Id('The new generation'),
    vault: Type.String(),
    key: Type.Union([Type.String(), Type.Null()], { description: 'One that the vault has; null: it makes one' }),
    keyType: Type.String(),
    isRoot: Type.Boolean({ description: 'Then it has to be trusted everywhere before it signs anything' }),
    isSignedElsewhere: Type.Boolean({ description: 'Then the new certificate comes by a CSR and an import' }),
    below: Type.Array(Type.String(), {
      description: 'Authorities that it signs: each has a rotation of its own, after this',
    }),
    products,
  },
  strict,
);
export type RotationPlanJson = Static<typeof RotationPlanJson>;

const State = Type.Enum(['preparing', 'prepared', 'trusted', 'issuing', 'retiring', 'retired', 'abandoned']);

export const RotationJson = Type.Object(
  {
    authority: Type.String(),
    from: Id('The generation that is replaced'),
    to: Id('The new generation'),
    state: State,
    next: Type.Union([State, Type.Null()], { description: 'The step that comes; null at an end' }),
    obstacles: Type.Array(
      Type.Object(
        {
          condition: Type.String({ description: 'What does not hold yet', examples: ['rootTrusted'] }),
          who: Type.Array(Type.String(), { description: 'Because of whom' }),
        },
        strict,
      ),
    ),
    certificates: Type.Array(
      Type.Object(
        { kind: Type.Enum(['own', 'newWithOld', 'oldWithNew']), serial: Type.String() },
        { ...strict, description: 'RFC 4210 §4.4: the new key signed by the old one, and the old key by the new one' },
      ),
    ),
    campaign: Type.Union([Type.String(), Type.Null()]),
    startedAt: Time('When'),
    startedBy: Type.String(),
    changedAt: Time('Of the newest step'),
    oldKeyDestroyedAt: Type.Union([Time('When the old key was destroyed'), Type.Null()]),
  },
  strict,
);
export type RotationJson = Static<typeof RotationJson>;

export const CompromiseJson = Type.Object(
  {
    replaced: Type.Array(Type.Object({ from: Id('Given up'), to: Id('In its place') }, strict)),
    revoked: Type.Array(Type.String(), { description: 'Serials of certificates revoked with cACompromise' }),
    revocableElsewhere: Type.Array(Type.Object({ serial: Type.String(), issuer: Type.String() }, strict), {
      description: 'Certificates that only their issuer, whose key is elsewhere, can revoke: have that done there',
    }),
    products,
    operators: Type.Array(Type.String(), { description: 'Of `system`: who has to renew a certificate' }),
    campaigns: Type.Array(Type.String(), { description: 'Ids of the campaigns that were started' }),
    waiting: Type.Array(Type.String(), {
      description: 'Generations that wait for a certificate from elsewhere: import it, and declare again',
    }),
    unfinished: Type.Array(Type.Object({ generation: Type.String(), reason: Type.String() }, strict), {
      description: 'Generations that are not in force yet because a vault is away: they are gone on with by itself',
    }),
  },
  strict,
);
export type CompromiseJson = Static<typeof CompromiseJson>;
