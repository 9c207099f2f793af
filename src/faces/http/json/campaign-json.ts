/** Campaigns as the contract shows them. */
import type {
  CampaignBody,
  CampaignJson,
  CampaignMemberJson,
  CampaignPlanJson,
  CampaignProgressJson,
} from '../../../api/campaign.ts';
import type { CampaignFilter, CampaignOrder } from '../../../domain/records/campaign.ts';
import type {
  CampaignPlan,
  CampaignProgress,
  CampaignView,
  MemberView,
} from '../../../services/campaigns/campaign-views.ts';
import { rfc3339, rfc3339Ms } from './rfc3339.ts';

export function campaignJson({ campaign, progress }: CampaignView): CampaignJson {
  const { id, status, startedAt, startedBy, endedAt, expected, members } = campaign;
  return {
    id,
    status,
    ...orderJson(campaign),
    startedAt: rfc3339Ms(startedAt),
    startedBy,
    endedAt: endedAt === null ? null : rfc3339Ms(endedAt),
    expected,
    members,
    progress,
  };
}

export const campaignProgressJson = (view: CampaignProgress): CampaignProgressJson => ({
  ...campaignJson(view),
  at: rfc3339(view.at),
  products: view.products.map((product) => ({ ...product })),
  failures: view.failures.map((failure) => ({ ...failure })),
});

export const campaignMemberJson = ({ position: _, notAfter, ...member }: MemberView): CampaignMemberJson => ({
  ...member,
  notAfter: rfc3339(notAfter),
});

export const campaignPlanJson = (plan: CampaignPlan): CampaignPlanJson => ({
  ...orderJson(plan),
  at: rfc3339(plan.at),
  certificates: plan.certificates,
  products: plan.products.map((product) => ({ ...product })),
  load: plan.load.map(({ from, until, rotations }) => ({ from: rfc3339(from), until: rfc3339(until), rotations })),
  mostPerHour: plan.mostPerHour,
});

const orderJson = ({ filter, rotateBy, revokeAt, description }: CampaignOrder) => ({
  filter: filterJson(filter),
  rotateBy: rfc3339(rotateBy),
  revokeAt: revokeAt === null ? null : rfc3339(revokeAt),
  description,
});

/** In the words of the query of certificates, so that it can be listed. */
function filterJson(filter: CampaignFilter): CampaignBody['filter'] {
  const { owner, issuerSerial, keySha256, text, notAfterBefore, notAfterAfter, issuedBefore, issuedAfter, ...same } =
    filter;
  const { environment, profile, authority, ...texts } = same;
  const lists = { environment, product: owner, profile, authority };
  const times = {
    'notAfter.before': notAfterBefore,
    'notAfter.after': notAfterAfter,
    'issued.before': issuedBefore,
    'issued.after': issuedAfter,
  };
  return {
    ...texts,
    ...mapped(lists, (values) => (values.length === 1 ? values[0]! : [...values])),
    ...(issuerSerial !== undefined && { issuer: issuerSerial }),
    ...(keySha256 !== undefined && { key: keySha256 }),
    ...mapped(times, rfc3339),
    ...(text !== undefined && { q: text }),
  };
}

/** The fields that are there, each made into something else. */
function mapped<Key extends string, From, To>(
  fields: Readonly<Record<Key, From | undefined>>,
  make: (value: From) => To,
): { [Name in Key]?: To } {
  const given = (Object.entries(fields) as [Key, From | undefined][]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, make(value!)])) as { [Name in Key]?: To };
}
