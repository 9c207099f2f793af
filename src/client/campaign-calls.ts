/** What the client asks of campaigns, as an operator on the admin face. */
import {
  type CampaignBody,
  CampaignJson,
  CampaignList,
  type CampaignListQuery,
  CampaignMemberList,
  type CampaignMemberQuery,
  CampaignPlanJson,
  CampaignProgressJson,
  type ResumeCampaignBody,
} from '../api/campaign.ts';
import type { JsonCalls } from './json-calls.ts';
import { queryText } from './query-text.ts';

const pathOf = (id: string): string => `/v1/campaigns/${encodeURIComponent(id)}`;

export const campaignCalls = ({ get, post }: Pick<JsonCalls, 'get' | 'post'>) => ({
  /** Changes nothing. */
  planCampaign: (body: CampaignBody): Promise<CampaignPlanJson> =>
    post('/v1/campaigns', { ...body, dryRun: true }, CampaignPlanJson),
  startCampaign: (body: CampaignBody): Promise<CampaignJson> => post('/v1/campaigns', body, CampaignJson),
  campaigns: (query: CampaignListQuery = {}): Promise<CampaignList> =>
    get(`/v1/campaigns${queryText(query)}`, CampaignList),
  campaign: (id: string): Promise<CampaignProgressJson> => get(pathOf(id), CampaignProgressJson),
  campaignMembers: (id: string, query: CampaignMemberQuery = {}): Promise<CampaignMemberList> =>
    get(`${pathOf(id)}/members${queryText(query)}`, CampaignMemberList),
  pauseCampaign: (id: string): Promise<CampaignJson> => post(`${pathOf(id)}/pause`, {}, CampaignJson),
  resumeCampaign: (id: string, body: ResumeCampaignBody): Promise<CampaignJson> =>
    post(`${pathOf(id)}/resume`, body, CampaignJson),
  abandonCampaign: (id: string): Promise<CampaignJson> => post(`${pathOf(id)}/abandon`, {}, CampaignJson),
});
