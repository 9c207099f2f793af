/** REST shapes of the audit log: its events with what proves them, and its signed checkpoints. Times are RFC 3339 UTC. */

import { pageFields, pageOf } from './page.ts';
import { Actor } from './registry.ts';
import { type Static, Time, Type } from './schema.ts';

const Hash = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description });
const Name = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 300, description, examples: [example] });

/** An event, read from `canonical`, which is what the hash covers. */
export const AuditEventJson = Type.Object(
  {
    seq: Type.Integer({ description: 'Number of the event: 1, 2, 3, … without gaps' }),
    at: Time('When it happened'),
    kind: Type.String({ description: 'What happened', examples: ['certificate.issued'] }),
    actor: Type.String({
      description: 'Who did it: `operator:NAME`, `token:ID`, `product:ID`, `service` or `anonymous`',
      examples: ['operator:admin'],
    }),
    object: Type.String({
      description: 'To what: `certificate:SERIAL`, `product:ID`, …, or the route of a refusal',
      examples: ['certificate:01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0'],
    }),
    code: Type.Union([Type.String(), Type.Null()], { description: 'Of a refusal: the end of its problem type' }),
    reasons: Type.Array(Type.String(), { description: 'Of a refusal: the codes of its reasons' }),
    details: Type.Object(
      {},
      { additionalProperties: true, description: 'Small public facts: texts, numbers, booleans' },
    ),
    canonical: Type.String({ description: 'The exact text that is hashed' }),
    previousHash: Hash('Hash of the event before; 64 zeros before the first'),
    hash: Hash('SHA-256 over previousHash (32 octets) and canonical (UTF-8)'),
  },
  { additionalProperties: false },
);
export type AuditEventJson = Omit<Static<typeof AuditEventJson>, 'details'> & {
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
};

const Seq = (description: string) => Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1, description });

export const AuditEventListQuery = Type.Object(
  {
    actor: Type.Optional(Actor('Only by this actor')),
    object: Type.Optional(Name('Only about this object', 'certificate:01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0')),
    kind: Type.Optional(Name('Only of this kind', 'request.refused')),
    code: Type.Optional(Name('Only refusals with this code', 'policyRefused')),
    'at.after': Type.Optional(Time('Only later than this')),
    'at.before': Type.Optional(Time('Only earlier than this')),
    'seq.after': Type.Optional(Seq('Only with a greater number')),
    'seq.before': Type.Optional(Seq('Only with a smaller number')),
    sort: Type.Optional(Type.Enum(['seq', '-seq'], { default: 'seq', description: 'Oldest or newest first' })),
    ...pageFields,
  },
  { additionalProperties: false },
);
export type AuditEventListQuery = Static<typeof AuditEventListQuery>;

export const AuditEventList = pageOf(AuditEventJson);
export type AuditEventList = {
  readonly items: readonly AuditEventJson[];
  readonly nextCursor: string | null;
};

export const CheckpointJson = Type.Object(
  {
    seq: Type.Integer({ description: 'The event that was the newest' }),
    hash: Hash('Its hash'),
    log: Hash('Hash of the first event, which tells one log from another'),
    at: Time('When it was signed'),
    note: Type.String({
      description: 'The signed text, its signature, and the certificate of the key, to be kept as it is',
    }),
  },
  { additionalProperties: false },
);
export type CheckpointJson = Static<typeof CheckpointJson>;
