/** Campaigns: planned, started, watched, paused, resumed, abandoned. */
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import {
  CampaignBody,
  CampaignJson,
  CampaignList,
  CampaignListQuery,
  CampaignMemberList,
  CampaignMemberQuery,
  CampaignPath,
  CampaignPlanJson,
  CampaignProgressJson,
  ResumeCampaignBody,
} from '../../../api/campaign.ts';
import { NoQuery } from '../../../api/service.ts';
import type {
  CampaignServices,
  CampaignView,
  MemberListInput,
  ShownMemberState,
} from '../../../services/campaigns/campaign-views.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { campaignJson, campaignMemberJson, campaignPlanJson, campaignProgressJson } from '../json/campaign-json.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';
import { wholeBody } from './whole-body.ts';

const shared = { tags: ['campaigns'], security: operatorSecurity };
const campaignProblems = [...changeProblems, 'policyRefused', 'clockUnsafe'] as const;

export function addCampaignRoutes(face: Face, services: CampaignServices, may: May): void {
  addCampaignReads(face, services, may('read'));
  addCampaignStart(face, services, may('manage'));
  addCampaignChanges(face, services, may('manage'));
}

function addCampaignReads(face: Face, services: CampaignServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.get(
    '/v1/campaigns',
    {
      onRequest,
      preValidation: integersInQuery('limit'),
      schema: {
        ...shared,
        operationId: 'listCampaigns',
        summary: 'Campaigns with what has become of their members, newest first, in pages',
        querystring: CampaignListQuery,
        response: { 200: jsonAnswer('The campaigns.', CampaignList), ...problems(...readProblems) },
      },
    },
    async ({ query }, reply) => {
      const { items, nextCursor } = await services.listCampaigns({ limit: 100, ...query });
      return sendJson(reply, { items: items.map(campaignJson), nextCursor } satisfies CampaignList);
    },
  );

  face.get(
    '/v1/campaigns/:id',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'readCampaign',
        summary: 'One campaign with its progress by product',
        description: 'Counts are kept with every change, so this costs the same however many members there are.',
        params: CampaignPath,
        querystring: NoQuery,
        response: { 200: jsonAnswer('The campaign.', CampaignProgressJson), ...problems(...readProblems, 'notFound') },
      },
    },
    async ({ params }, reply) => sendJson(reply, campaignProgressJson(await services.readCampaign(params.id))),
  );

  face.get(
    '/v1/campaigns/:id/members',
    {
      onRequest,
      preValidation: integersInQuery('limit'),
      schema: {
        ...shared,
        operationId: 'listCampaignMembers',
        summary: 'The members of a campaign with what became of each, in the order of requests, in pages',
        params: CampaignPath,
        querystring: CampaignMemberQuery,
        response: {
          200: jsonAnswer('The members.', CampaignMemberList),
          ...problems(...readProblems, 'notFound', 'overloaded', 'inventoryUnavailable'),
        },
      },
    },
    async ({ params, query }, reply) => {
      const { items, nextCursor } = await services.listCampaignMembers(params.id, memberInput(query));
      return sendJson(reply, { items: items.map(campaignMemberJson), nextCursor } satisfies CampaignMemberList);
    },
  );
}

const memberInput = ({ state, product, limit = 100, cursor }: CampaignMemberQuery): MemberListInput => ({
  ...(state !== undefined && { states: [state].flat() as ShownMemberState[] }),
  ...(product !== undefined && { products: [product].flat() }),
  limit,
  ...(cursor !== undefined && { cursor }),
});

function addCampaignStart(face: Face, services: CampaignServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.post(
    '/v1/campaigns',
    {
      onRequest,
      ...wholeBody,
      schema: {
        ...shared,
        operationId: 'startCampaign',
        summary: 'Have everything that matches rotated by a time, and perhaps revoked at a later one',
        description:
          'With `dryRun` the answer is 200 with what it would come to, and nothing is changed. A campaign is fixed at its start: ' +
          'what is requested later is no member. Members are recorded in steps while certificates are issued; then the windows ' +
          'of GET /v1/renewal-info are moved, spread evenly from then to `rotateBy`.',
        querystring: NoQuery,
        body: CampaignBody,
        response: {
          200: jsonAnswer('What it would come to.', CampaignPlanJson),
          201: jsonAnswer('It is started.', CampaignJson),
          ...problems(...campaignProblems),
        },
      },
    },
    async (request, reply) => {
      const body = request.body as CampaignBody | null | undefined;
      if (body?.dryRun === true) return sendJson(reply, campaignPlanJson(await services.planCampaign(body)));
      const view = await services.startCampaign(callerOf(request), body);
      return sendJson(reply.code(201).header('location', `/v1/campaigns/${view.campaign.id}`), campaignJson(view));
    },
  );
}

interface Change {
  readonly act: 'pause' | 'abandon';
  readonly summary: string;
  readonly description: string;
  readonly change: (request: FastifyRequest, id: string) => Promise<CampaignView>;
}

function addCampaignChanges(face: Face, services: CampaignServices, onRequest: onRequestAsyncHookHandler[]): void {
  const changes: readonly Change[] = [
    {
      act: 'pause',
      summary: 'Pause a campaign: windows are as without it, nothing is revoked',
      description: '`conflict` unless it runs.',
      change: (request, id) => services.pauseCampaign(callerOf(request), id),
    },
    {
      act: 'abandon',
      summary: 'Abandon a campaign for good',
      description: 'What was rotated or revoked stays so. `conflict` when it is over.',
      change: (request, id) => services.abandonCampaign(callerOf(request), id),
    },
  ];
  const answers = { 200: jsonAnswer('The campaign.', CampaignJson), ...problems(...campaignProblems, 'notFound') };
  for (const { act, change, ...words } of changes) {
    face.post(
      `/v1/campaigns/:id/${act}`,
      {
        onRequest,
        schema: {
          ...shared,
          operationId: `${act}Campaign`,
          ...words,
          params: CampaignPath,
          querystring: NoQuery,
          response: answers,
        },
      },
      async (request, reply) => sendJson(reply, campaignJson(await change(request, request.params.id))),
    );
  }

  face.post(
    '/v1/campaigns/:id/resume',
    {
      onRequest,
      ...wholeBody,
      schema: {
        ...shared,
        operationId: 'resumeCampaign',
        summary: 'Resume a campaign that is paused',
        description:
          'Who has not rotated yet is spread over the time that is left. When `rotateBy` has passed meanwhile, give a new one. `conflict` unless it is paused.',
        params: CampaignPath,
        querystring: NoQuery,
        body: ResumeCampaignBody,
        response: answers,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      return sendJson(reply, campaignJson(await services.resumeCampaign(callerOf(request), id, request.body)));
    },
  );
}
