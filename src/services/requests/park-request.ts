/** A request whose profile needs approval is recorded, judged and proven as it is, and waits for operators. */
import { CaError } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { RequestDetails } from '../../domain/records/request.ts';
import { makeRequestId } from '../../domain/records/request-id.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { actorOf } from '../caller.ts';
import type { ViewDeps } from '../inventory/view-certificate.ts';
import { repeatOf } from '../issuing/repeat-answer.ts';
import { refuseStop } from '../issuing/settle-issuance.ts';
import type { ReadyRequest } from '../issuing/submit-request.ts';
import type { Submitted } from '../services.ts';
import { answerRequest } from './request-answer.ts';

export interface ParkDeps extends ViewDeps {
  readonly randomness: Randomness;
  /** How long a request may wait. */
  readonly requestLifetimeSeconds: number;
}

/** Bounds what a product, or whoever has its token, can make operators look at. */
const mostOpen = 100;

export const createParkRequest =
  (deps: ParkDeps) =>
  async (ready: ReadyRequest, approvals: 1 | 2): Promise<Submitted> => {
    const { caller, input } = ready.request;
    const request = detailsOf(deps, ready, approvals);
    const outcome = await deps.inventory.recordRequest({
      request,
      csrDer: input.csrDer,
      mostOpen,
      ...(input.idempotency && { idempotency: { scope: actorOf(caller), ...input.idempotency } }),
      audit: entryOf(request),
    });
    switch (outcome.kind) {
      case 'recorded':
        return {
          kind: 'request',
          request: { ...request, status: 'pending', verdicts: [], serial: null, endedAt: null },
        };
      case 'replayRequest':
        return answerRequest(deps, outcome.request);
      case 'replay':
        return { kind: 'certificate', view: await repeatOf(deps, outcome.serial) };
      case 'tooManyOpen':
        throw new CaError(
          'rateLimited',
          `${mostOpen} requests of ${request.product} wait for approval already. Have operators decide some of them.`,
          { retryAfterSeconds: 60 },
        );
      default:
        return refuseStop(outcome);
    }
  };

function detailsOf(deps: ParkDeps, { request, recipe, prepared, at }: ReadyRequest, approvals: 1 | 2): RequestDetails {
  const { caller, product, input } = request;
  return {
    id: makeRequestId(at, deps.randomness.bytes(10)),
    environment: product.environment,
    product: product.id,
    productVersion: product.version,
    profile: request.profileName,
    profileVersion: recipe.compiled.profile.version,
    names: prepared.names,
    keyType: prepared.keyType,
    keySha256: prepared.keySha256,
    lifetimeSeconds: input.lifetimeSeconds ?? null,
    approvalsNeeded: approvals,
    requestedBy: actorOf(caller),
    tokenId: caller.kind === 'token' ? caller.tokenId : null,
    shownSerial: caller.kind === 'token' ? null : caller.serial,
    predecessor: request.predecessor ?? null,
    requestedAt: at,
    expiresAt: at + deps.requestLifetimeSeconds * 1000,
  };
}

const longestNames = 300;

const entryOf = (request: RequestDetails): AuditEntry => ({
  at: request.requestedAt,
  kind: 'request.submitted',
  actor: request.requestedBy,
  object: `request:${request.id}`,
  details: {
    product: request.product,
    profile: request.profile,
    names: printable(request.names.join(' '), longestNames),
    keySha256: request.keySha256,
    approvalsNeeded: request.approvalsNeeded,
    expiresAt: request.expiresAt,
  },
});
