/** The services of campaigns, answering well for one that runs; and what REST says of it. */
import type { CampaignJson, CampaignPlanJson, CampaignProgressJson } from '../../src/api/campaign.ts';
import type { Campaign } from '../../src/domain/records/campaign.ts';
import type { CampaignServices } from '../../src/services/campaigns/campaign-views.ts';
import { testNow } from './test-hierarchy.ts';

export const testCampaign = (override: Partial<Campaign> = {}): Campaign => ({
  id: '019aa5c2-5d80-7c3e-9d2b-5f0e6a1c8b47',
  status: 'running',
  filter: { environment: ['dev'], name: '*.dev.internal', notAfterBefore: testNow + 86_400 },
  rotateBy: testNow + 3600,
  revokeAt: testNow + 7200,
  description: 'a drill',
  startedAt: testNow * 1000,
  startedBy: 'operator:admin',
  endedAt: null,
  expected: 10,
  members: 10,
  spreadFrom: testNow,
  ...override,
});

const progress = { waiting: 4, overdue: 0, rotated: 3, proved: 2, failed: 1 };
const view = (override: Partial<Campaign> = {}) => ({ campaign: testCampaign(override), progress });

export const campaignsDouble: CampaignServices = {
  planCampaign: async () => ({
    ...testCampaign(),
    at: testNow,
    certificates: 10,
    products: [{ product: 'dev/demo', certificates: 10 }],
    load: [{ from: testNow, until: testNow + 3600, rotations: 10 }],
    mostPerHour: 10,
  }),
  startCampaign: async () => view({ status: 'collecting' }),
  listCampaigns: async () => ({ items: [view()], nextCursor: null }),
  readCampaign: async () => ({
    ...view(),
    at: testNow,
    products: [{ product: 'dev/demo', ...progress }],
    failures: [{ reason: 'revoked', certificates: 1 }],
  }),
  listCampaignMembers: async () => ({
    items: [
      {
        position: 1,
        serial: '01'.repeat(20),
        product: 'dev/demo',
        name: 'demo.dev.internal',
        notAfter: testNow + 86_400,
        state: 'failed',
        failure: 'successorRevoked',
        successor: '02'.repeat(20),
      },
    ],
    nextCursor: null,
  }),
  pauseCampaign: async () => view({ status: 'paused' }),
  resumeCampaign: async () => view(),
  abandonCampaign: async () => view({ status: 'abandoned', endedAt: testNow * 1000 }),
};

export const makeCampaignJson = (override: Partial<CampaignJson> = {}): CampaignJson => ({
  id: '019aa5c2-5d80-7c3e-9d2b-5f0e6a1c8b47',
  status: 'running',
  filter: { environment: 'dev' },
  rotateBy: '2026-11-22T07:00:00Z',
  revokeAt: null,
  description: 'a drill',
  startedAt: '2026-11-21T06:00:00.000Z',
  startedBy: 'operator:admin',
  endedAt: null,
  expected: 10,
  members: 10,
  progress,
  ...override,
});

export const makeProgressJson = (override: Partial<CampaignProgressJson> = {}): CampaignProgressJson => ({
  ...makeCampaignJson(),
  at: '2026-11-21T07:00:00Z',
  products: [{ product: 'dev/demo', ...progress }],
  failures: [{ reason: 'revoked', certificates: 1 }],
  ...override,
});

export const makePlanJson = (override: Partial<CampaignPlanJson> = {}): CampaignPlanJson => ({
  filter: { environment: 'dev' },
  rotateBy: '2026-11-22T07:00:00Z',
  revokeAt: null,
  description: 'a drill',
  at: '2026-11-21T07:00:00Z',
  certificates: 10,
  products: [{ product: 'dev/demo', certificates: 10 }],
  load: [
    { from: '2026-11-21T07:00:00Z', until: '2026-11-21T19:00:00Z', rotations: 6 },
    { from: '2026-11-21T19:00:00Z', until: '2026-11-22T07:00:00Z', rotations: 4 },
  ],
  mostPerHour: 1,
  ...override,
});
