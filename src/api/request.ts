/** REST shapes of requests that wait, or waited, for the approval of operators. Times are RFC 3339 UTC. */
import { SerialSchema } from './certificate.ts';
import { pageFields, pageOf } from './page.ts';
import { ProductId } from './registry.ts';
import { type Static, Time, Type } from './schema.ts';

const strict = { additionalProperties: false };

const RequestStatusSchema = Type.Enum(['pending', 'approved', 'issued', 'denied', 'expired'], {
  description: '`approved`: being issued; `issued`, `denied` and `expired` are ends',
});

const RequestId = Type.String({
  description: 'UUID of version 7',
  examples: ['019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47'],
});

const settled = {
  id: RequestId,
  status: RequestStatusSchema,
  product: Type.String({ examples: ['dev/product-a'] }),
  profile: Type.Object({ name: Type.String(), version: Type.Integer() }, strict),
  names: Type.Array(Type.String(), { description: 'As they will be certified' }),
  key: Type.Object({ type: Type.String(), sha256: Type.String() }, strict),
  requestedAt: Time('When it was submitted'),
  expiresAt: Time('When it ends if it is not approved and issued by then'),
};

/** What the requester is told while its request is open. */
export const PendingRequestJson = Type.Object(
  {
    ...settled,
    approvals: Type.Object({ needed: Type.Integer(), given: Type.Integer() }, strict),
    links: Type.Object({ self: Type.String({ description: 'Ask here; `?wait=30` waits' }) }, strict),
  },
  strict,
);
export type PendingRequestJson = Static<typeof PendingRequestJson>;

const verdict = Type.Object(
  {
    verdict: Type.Enum(['approved', 'denied']),
    operator: Type.String(),
    at: Time('When'),
    comment: Type.String({ description: 'Control and format characters are there as \\u{hex}' }),
  },
  strict,
);

const obstacle = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    field: Type.Optional(Type.String()),
    value: Type.Optional(Type.String()),
  },
  strict,
);

/** What every answer about a request has for operators. */
export const RequestSummary = Type.Object(
  {
    ...settled,
    environment: Type.String(),
    productVersion: Type.Integer(),
    lifetimeSeconds: Type.Union([Type.Integer(), Type.Null()], {
      description: 'As asked for; null: the profile’s default',
    }),
    predecessor: Type.Union([SerialSchema, Type.Null()], { description: 'The certificate that a rotation follows' }),
    requestedBy: Type.String({ examples: ['token:0123456789abcdef', 'product:dev/product-a'] }),
    endedAt: Type.Union([Time('When it was issued, denied or expired'), Type.Null()]),
    certificate: Type.Union([SerialSchema, Type.Null()], { description: 'Once it is issued' }),
    approvalsNeeded: Type.Integer(),
    verdicts: Type.Array(verdict, { description: 'What operators said, in the order of time' }),
  },
  strict,
);
export type RequestSummary = Static<typeof RequestSummary>;

const extension = Type.Object(
  { oid: Type.String(), name: Type.String(), critical: Type.Boolean(), values: Type.Array(Type.String()) },
  strict,
);

const comparison = Type.Object(
  {
    serial: SerialSchema,
    notAfter: Time('Its last second'),
    namesAdded: Type.Array(Type.String()),
    namesRemoved: Type.Array(Type.String()),
    subjectChanged: Type.Boolean(),
    profileChanged: Type.Boolean(),
    keyChanged: Type.Boolean(),
    keyTypeChanged: Type.Boolean(),
    lifetimeSecondsAdded: Type.Integer({ description: 'Negative: the new one lives shorter' }),
  },
  { ...strict, description: 'What differs from the certificate that it follows or joins' },
);

const proposal = Type.Object(
  {
    authority: Type.String(),
    subject: Type.String({ description: 'Distinguished name, RFC 4514' }),
    names: Type.Array(Type.String()),
    key: Type.Object({ type: Type.String(), sha256: Type.String() }, strict),
    notBefore: Time('If it were issued now'),
    notAfter: Time('If it were issued now'),
    lifetimeSeconds: Type.Integer(),
    extensions: Type.Array(extension, { description: 'All of them, in their order' }),
    lint: Type.Object(
      { rules: Type.Integer({ description: 'So many were checked' }), broken: Type.Array(Type.String()) },
      strict,
    ),
    comparison: Type.Union([comparison, Type.Null()], {
      description: 'Null when the product has no good certificate for any of the names',
    }),
  },
  { ...strict, description: 'Exactly what would be signed, but for the serial and the time' },
);

/** A request as an operator judges it. */
export const RequestJson = Type.Object(
  {
    ...RequestSummary.properties,
    tokenCreatedBy: Type.Union([Type.String(), Type.Null()], { description: 'Who made the token that was used' }),
    proposal: Type.Union([proposal, Type.Null()], { description: 'Null when it has ended or would be refused' }),
    obstacles: Type.Array(obstacle, { description: 'Why an approval would be refused now' }),
  },
  strict,
);
export type RequestJson = Static<typeof RequestJson>;

/** One row of the list that operators see. */
export const ListedRequestJson = Type.Object(
  {
    ...RequestSummary.properties,
    obstacles: Type.Array(obstacle, {
      description:
        'Why an approval would be refused now: what changed since it was submitted. What policy would refuse by now is told of one request alone.',
    }),
  },
  strict,
);
export type ListedRequestJson = Static<typeof ListedRequestJson>;

export const RequestList = pageOf(ListedRequestJson);
export type RequestList = Static<typeof RequestList>;

export const RequestPath = Type.Object({ id: Type.String({ minLength: 1, description: 'Id of a request' }) });

/** How long an answer may be waited for at once, in seconds. */
export const longestWait = 30;

export const RequestWaitQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: longestWait,
        default: 0,
        description: 'Seconds to wait for its end; shorter when many wait or the service stops',
      }),
    ),
  },
  strict,
);

export const RequestListQuery = Type.Object(
  {
    status: Type.Optional(RequestStatusSchema),
    product: Type.Optional(ProductId('Only of this product')),
    ...pageFields,
  },
  strict,
);
export type RequestListQuery = Static<typeof RequestListQuery>;

const longestComment = 500;

export const ApproveBody = Type.Object(
  {
    comment: Type.Optional(
      Type.String({ maxLength: longestComment, description: 'Kept with the request and audited' }),
    ),
  },
  { ...strict, examples: [{ comment: 'change 1234' }] },
);
export type ApproveBody = Static<typeof ApproveBody>;

/** Who is denied something is told why. */
export const DenyBody = Type.Object(
  {
    comment: Type.String({ minLength: 1, maxLength: longestComment, description: 'Why; the requester is shown it' }),
  },
  { ...strict, examples: [{ comment: 'not in this environment' }] },
);
export type DenyBody = Static<typeof DenyBody>;
