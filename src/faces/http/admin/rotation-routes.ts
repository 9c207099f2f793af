/** Rotations of authorities, step by step, and the emergency that takes all steps at once. */
import type { onRequestAsyncHookHandler } from 'fastify';
import {
  AdvanceRotationBody,
  CompromiseBody,
  CompromiseJson,
  RotateAuthorityBody,
  RotationJson,
  RotationPlanJson,
} from '../../../api/authority-rotation.ts';
import { AuthorityPath, NoQuery } from '../../../api/service.ts';
import type {
  CompromiseOutcome,
  CompromisePlan,
  RotationPlan,
  RotationServices,
  RotationView,
} from '../../../services/authorities/rotation-services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { unixSeconds } from '../json/unix-time.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';

const shared = {
  tags: ['authorities'],
  security: operatorSecurity,
  params: AuthorityPath,
  querystring: NoQuery,
};
const rotationReadProblems = [...readProblems, 'notFound', 'signerUnavailable'] as const;
const rotationProblems = [...changeProblems, 'notFound', 'signerUnavailable', 'policyRefused', 'clockUnsafe'] as const;

export function addRotationRoutes(face: Face, services: RotationServices, may: May): void {
  addRotationRead(face, services, may('read'));
  addRotationStart(face, services, may('administer'));
  addRotationSteps(face, services, may('administer'));
  addCompromise(face, services, may('administer'));
}

function addRotationRead(face: Face, services: RotationServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.get(
    '/v1/authorities/:name/rotation',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'readRotation',
        summary: 'The rotation of an authority: the one under way, or else the newest',
        description: 'Says what stands in the way of the step that comes, and because of whom.',
        response: { 200: jsonAnswer('The rotation.', RotationJson), ...problems(...rotationReadProblems) },
      },
    },
    async ({ params }, reply) => sendJson(reply, rotationJson(await services.readRotation(params.name))),
  );
}

function addRotationStart(face: Face, services: RotationServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.post(
    '/v1/authorities/:name/rotation',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'startRotation',
        summary: 'Make a new generation of an authority: key, certificate and, for a root, both cross-certificates',
        description:
          'With `dryRun` the answer is 200 with what it would come to, and nothing is changed. Nothing is issued by the new ' +
          'generation yet; a new root is in the trust bundle from now on. Repeated after a failure, it goes on with what there is. ' +
          'One that is signed elsewhere stays `preparing` with a CSR, until its chain is imported.',
        body: RotateAuthorityBody,
        response: {
          200: jsonAnswer('What it would come to.', RotationPlanJson),
          201: jsonAnswer('It is prepared, or waits for its certificate from elsewhere.', RotationJson),
          ...problems(...rotationProblems),
        },
      },
    },
    async (request, reply) => {
      const { dryRun, ...input } = request.body;
      const { name } = request.params;
      if (dryRun === true) return sendJson(reply, planJson(await services.planRotation(name, input)));
      const view = await services.startRotation(callerOf(request), name, input);
      return sendJson(reply.code(201).header('location', `/v1/authorities/${name}/rotation`), rotationJson(view));
    },
  );
}

function addRotationSteps(face: Face, services: RotationServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.post(
    '/v1/authorities/:name/rotation/advance',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'advanceRotation',
        summary: 'Take the next step of a rotation: trusted, issuing, retiring, retired',
        description:
          'Refused with a reason for each condition that does not hold, naming who stands in its way. `force` overrules them, ' +
          'and the audit log keeps why. The step to `retiring` starts a campaign; the one to `retired` destroys the old key.',
        body: AdvanceRotationBody,
        response: { 200: jsonAnswer('The rotation after the step.', RotationJson), ...problems(...rotationProblems) },
      },
    },
    async (request, reply) => {
      const { force, rotateBy } = request.body;
      const view = await services.advanceRotation(callerOf(request), request.params.name, {
        ...(force !== undefined && { reason: force }),
        ...unixSeconds({ rotateBy }),
      });
      return sendJson(reply, rotationJson(view));
    },
  );

  face.post(
    '/v1/authorities/:name/rotation/abandon',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'abandonRotation',
        summary: 'Give a rotation up before anything was issued by the new generation; its key is destroyed',
        response: { 200: jsonAnswer('The rotation that was.', RotationJson), ...problems(...rotationProblems) },
      },
    },
    async (request, reply) =>
      sendJson(reply, rotationJson(await services.abandonRotation(callerOf(request), request.params.name))),
  );
}

function addCompromise(face: Face, services: RotationServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.post(
    '/v1/authorities/:name/compromise',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'declareCompromise',
        summary: 'The key of an authority is in other hands: stop, revoke, publish, replace, and rotate what it issued',
        description:
          'With `dryRun` the answer says what it would come to, and nothing is changed. What a vault that is away keeps from being replaced is `unfinished`, and is gone on with once that is back. Cut short otherwise, it is completed by asking again.',
        body: CompromiseBody,
        response: { 200: jsonAnswer('What was done, or would be.', CompromiseJson), ...problems(...rotationProblems) },
      },
    },
    async (request, reply) => {
      const { dryRun, reason, generation, rotateBy, vault } = request.body;
      const { name } = request.params;
      const which = { ...(generation !== undefined && { generation }), ...(vault !== undefined && { vault }) };
      const by = unixSeconds({ rotateBy });
      if (dryRun === true)
        return sendJson(reply, compromiseJson(await services.planCompromise(name, { ...which, ...by })));
      const outcome = await services.declareCompromise(callerOf(request), name, { reason, ...which, ...by });
      return sendJson(reply, compromiseJson(outcome));
    },
  );
}

const planJson = (plan: RotationPlan): RotationPlanJson => ({
  ...plan,
  below: [...plan.below],
  products: plan.products.map((one) => ({ ...one })),
});

const rotationJson = ({ rotation, ...view }: RotationView): RotationJson => ({
  authority: rotation.authority,
  from: view.from,
  to: view.to,
  state: rotation.state,
  next: view.next,
  obstacles: view.obstacles.map(({ condition, who }) => ({ condition, who: [...who] })),
  certificates: view.certificates.map((one) => ({ ...one })),
  campaign: rotation.campaign,
  startedAt: rfc3339Ms(rotation.startedAt),
  startedBy: rotation.startedBy,
  changedAt: rfc3339Ms(rotation.changedAt),
  oldKeyDestroyedAt: view.oldKeyDestroyedAt === null ? null : rfc3339Ms(view.oldKeyDestroyedAt),
});

const compromiseJson = (
  outcome: CompromisePlan & Partial<Pick<CompromiseOutcome, 'campaigns' | 'waiting' | 'unfinished'>>,
): CompromiseJson => ({
  replaced: outcome.replaced.map((one) => ({ ...one })),
  revoked: [...outcome.revoked],
  products: outcome.products.map((one) => ({ ...one })),
  operators: [...outcome.operators],
  revocableElsewhere: outcome.revocableElsewhere.map((one) => ({ ...one })),
  campaigns: [...(outcome.campaigns ?? [])],
  waiting: [...(outcome.waiting ?? [])],
  unfinished: (outcome.unfinished ?? []).map((one) => ({ ...one })),
});
