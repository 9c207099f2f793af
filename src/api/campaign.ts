/** REST shapes of campaigns. The body describes what domain/policy/parse-campaign.ts alone judges. Times are RFC 3339 UTC. */
import { SerialSchema } from './certificate.ts';
import { OneOrMore, selectingFilters } from './certificate-list.ts';
import { pageFields, pageOf } from './page.ts';
import { ProductId } from './registry.ts';
import { type Static, Time, Type } from './schema.ts';

const strict = { additionalProperties: false };
const Count = (description: string) => Type.Integer({ minimum: 0, description });

const filter = Type.Object(selectingFilters, {
  ...strict,
  minProperties: 1,
  description:
    'As in the list of certificates, at least one; of what matches, certificates of products that are good or on hold, without a successor',
});

const rotateBy = Time('When every member is to be rotated');
const revokeAt = Time('When every member is revoked as superseded; not before rotateBy');
const description = Type.String({ maxLength: 200, description: 'For people' });

export const CampaignBody = Type.Object(
  {
    filter,
    rotateBy,
    revokeAt: Type.Optional(Type.Union([revokeAt, Type.Null()])),
    description: Type.Optional(description),
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Only tell what it would come to' })),
  },
  {
    ...strict,
    examples: [
      {
        filter: { environment: 'prod', authority: 'prod-issuing' },
        rotateBy: '2026-12-01T00:00:00Z',
        revokeAt: '2026-12-08T00:00:00Z',
        description: 'prod-issuing is replaced',
        dryRun: true,
      },
    ],
  },
);
export type CampaignBody = Static<typeof CampaignBody>;

/** With nothing in it the times stay as they are. */
export const ResumeCampaignBody = Type.Object(
  { rotateBy: Type.Optional(rotateBy), revokeAt: Type.Optional(Type.Union([revokeAt, Type.Null()])) },
  { ...strict, examples: [{}, { rotateBy: '2026-12-08T00:00:00Z' }] },
);
export type ResumeCampaignBody = Static<typeof ResumeCampaignBody>;

export const CampaignPath = Type.Object({ id: Type.String({ minLength: 1, description: 'Id of a campaign' }) });

const MemberStates = ['waiting', 'overdue', 'rotated', 'proved', 'failed'] as const;
const MemberFailures = ['revoked', 'successorRevoked', 'deploymentFailed', 'expired'] as const;

const MemberState = Type.Enum([...MemberStates], {
  description: 'As progress counts them: `overdue` waits although rotateBy has passed',
});

export const CampaignMemberQuery = Type.Object(
  {
    state: OneOrMore(MemberState, 'Only members in this state; several: any of them'),
    product: OneOrMore(ProductId(), 'Only of this product; several: any of them'),
    ...pageFields,
  },
  strict,
);
export type CampaignMemberQuery = Static<typeof CampaignMemberQuery>;

export const CampaignMemberJson = Type.Object(
  {
    serial: SerialSchema,
    product: Type.String({ examples: ['dev/product-a'] }),
    name: Type.String({ description: 'First name of the certificate, or its subject when it has none' }),
    notAfter: Time('When the certificate expires'),
    state: MemberState,
    failure: Type.Union([Type.Enum([...MemberFailures]), Type.Null()], { description: 'Why, when it failed' }),
    successor: Type.Union([SerialSchema, Type.Null()]),
  },
  strict,
);
export type CampaignMemberJson = Static<typeof CampaignMemberJson>;

export const CampaignMemberList = pageOf(CampaignMemberJson);
export type CampaignMemberList = Static<typeof CampaignMemberList>;

export const CampaignListQuery = Type.Object(pageFields, strict);
export type CampaignListQuery = Static<typeof CampaignListQuery>;

const order = {
  filter,
  rotateBy,
  revokeAt: Type.Union([revokeAt, Type.Null()]),
  description,
};

export const CampaignPlanJson = Type.Object(
  {
    ...order,
    at: Time('As of when'),
    certificates: Count('How many would be members'),
    products: Type.Array(Type.Object({ product: Type.String(), certificates: Count('Of this product') }, strict), {
      description: 'The largest first',
    }),
    load: Type.Array(
      Type.Object({ from: Time('From'), until: Time('Until'), rotations: Count('Rotations in this time') }, strict),
      { description: 'If each is rotated in the middle of its window' },
    ),
    mostPerHour: Count('Rotations in the busiest hour'),
  },
  strict,
);
export type CampaignPlanJson = Static<typeof CampaignPlanJson>;

const progress = {
  waiting: Count('Not rotated yet'),
  overdue: Count('Not rotated, although rotateBy has passed'),
  rotated: Count('Followed by a successor; nothing is proved of it yet'),
  proved: Count('A handshake showed the successor wherever it is deployed'),
  failed: Count('See failures'),
};

const Progress = Type.Object(progress, { ...strict, description: 'Members, each in one of these' });

export const CampaignJson = Type.Object(
  {
    id: Type.String({ description: 'UUID of version 7', examples: ['019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47'] }),
    status: Type.Enum(['collecting', 'running', 'paused', 'abandoned', 'ended'], {
      description: '`collecting`: its members are being recorded; `abandoned` and `ended` are ends',
    }),
    ...order,
    startedAt: Time('What was requested later is no member'),
    startedBy: Type.String(),
    endedAt: Type.Union([Time('When it ended or was abandoned'), Type.Null()]),
    expected: Count('How many matched when it was started'),
    members: Count('How many are recorded'),
    progress: Progress,
  },
  strict,
);
export type CampaignJson = Static<typeof CampaignJson>;

export const CampaignList = pageOf(CampaignJson);
export type CampaignList = Static<typeof CampaignList>;

export const CampaignProgressJson = Type.Object(
  {
    ...CampaignJson.properties,
    at: Time('As of when'),
    products: Type.Array(Type.Object({ product: Type.String(), ...progress }, strict)),
    failures: Type.Array(
      Type.Object(
        {
          reason: Type.Enum([...MemberFailures], {
            description:
              'It was revoked or expired before it was rotated, its successor was revoked, or a target reported that the successor failed',
          }),
          certificates: Count('So many'),
        },
        strict,
      ),
    ),
  },
  strict,
);
export type CampaignProgressJson = Static<typeof CampaignProgressJson>;
