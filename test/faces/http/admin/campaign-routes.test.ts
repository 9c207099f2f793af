/** Campaigns as the admin face shows and takes them. */
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import {
  CampaignJson,
  CampaignList,
  CampaignMemberList,
  CampaignPlanJson,
  CampaignProgressJson,
} from '../../../../src/api/campaign.ts';
import { CaError } from '../../../../src/domain/errors.ts';
import { testCampaign } from '../../../support/campaigns-double.ts';
import { openAdmin } from '../../../support/open-admin.ts';

const { id } = testCampaign();
const body = { filter: { environment: 'dev' }, rotateBy: '2026-12-01T00:00:00Z' };

describe('POST /v1/campaigns', () => {
  it('answers a dry run with 200 and the plan, and starts nothing', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('POST', '/v1/campaigns', {}, { ...body, dryRun: true });
    expect([answer.status, Value.Check(CampaignPlanJson, answer.json)]).toEqual([200, true]);
    expect(calls.map(({ name }) => name)).toContain('planCampaign');
    expect(calls.map(({ name }) => name)).not.toContain('startCampaign');
  });

  it('starts it without one, and says where it is', async () => {
    const { send } = await openAdmin();
    const answer = await send('POST', '/v1/campaigns', {}, body);
    expect([answer.status, answer.headers.location]).toEqual([201, `/v1/campaigns/${id}`]);
    expect(Value.Check(CampaignJson, answer.json)).toBe(true);
  });

  it('hands every body on as it came, so that one parser tells all that is wrong with it', async () => {
    const reasons = [{ code: 'campaignWithoutFilter', field: 'filter', message: 'none' } as const];
    const { send, calls } = await openAdmin({
      startCampaign: async () => {
        throw new CaError('policyRefused', 'The campaign is not valid.', { reasons });
      },
    });
    const odd = { filter: {}, surprise: 1, dryRun: 'perhaps' };
    const answer = await send('POST', '/v1/campaigns', {}, odd);
    expect([answer.status, JSON.parse(answer.text).reasons]).toEqual([400, reasons]);
    expect(calls.some(({ name }) => name === 'planCampaign')).toBe(false);
  });
});

describe('GET /v1/campaigns', () => {
  it('shows campaigns in the words of the list of certificates, so that members can be listed', async () => {
    const { send } = await openAdmin();
    const answer = await send('GET', '/v1/campaigns?limit=5');
    expect([answer.status, Value.Check(CampaignList, answer.json)]).toEqual([200, true]);
    expect(answer.json.items[0]).toMatchObject({
      filter: { environment: 'dev', name: '*.dev.internal', 'notAfter.before': expect.stringMatching(/Z$/) },
      progress: { waiting: 4, overdue: 0, rotated: 3, proved: 2, failed: 1 },
    });
  });

  it('shows one with its products and failures', async () => {
    const { send } = await openAdmin();
    const answer = await send('GET', `/v1/campaigns/${id}`);
    expect([answer.status, Value.Check(CampaignProgressJson, answer.json)]).toEqual([200, true]);
    expect(answer.json).toMatchObject({
      products: [{ product: 'dev/demo', waiting: 4 }],
      failures: [{ reason: 'revoked', certificates: 1 }],
    });
  });
});

describe('GET /v1/campaigns/{id}/members', () => {
  it('shows members, asked for by state and product', async () => {
    const { send, calls } = await openAdmin();
    const path = `/v1/campaigns/${id}/members?state=failed&state=overdue&product=dev%2Fdemo&limit=5`;
    const answer = await send('GET', path);
    expect([answer.status, Value.Check(CampaignMemberList, answer.json)]).toEqual([200, true]);
    expect(answer.json.items[0]).toMatchObject({ state: 'failed', failure: 'successorRevoked' });
    expect(calls.find(({ name }) => name === 'listCampaignMembers')!.args).toEqual([
      id,
      { states: ['failed', 'overdue'], products: ['dev/demo'], limit: 5 },
    ]);
  });

  it.each([
    ['state=lost', 'state'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['colour=red', 'colour'],
  ])('refuses %s', async (query, field) => {
    const { send } = await openAdmin();
    const { status, json } = await send('GET', `/v1/campaigns/${id}/members?${query}`);
    expect([status, json.reasons[0].field]).toEqual([400, field]);
  });
});

describe('a change of a campaign', () => {
  it.each(['pause', 'resume', 'abandon'])('to %s takes a body that says nothing more', async (act) => {
    const { send, calls } = await openAdmin();
    const answer = await send('POST', `/v1/campaigns/${id}/${act}`, {}, {});
    expect([answer.status, Value.Check(CampaignJson, answer.json)]).toEqual([200, true]);
    expect(calls.filter(({ name }) => name === `${act}Campaign`)).toHaveLength(1);
  });
});
