/** What becomes of requests without anybody asking: their time runs out, and what was approved is issued after all, or ends. */
import { CaError } from '../../domain/errors.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { RequestRecord } from '../../domain/records/request.ts';
import type { Log } from '../../ports/log.ts';
import { type IssueApprovedDeps, issueApproved } from './issue-approved.ts';

export interface TendRequestsDeps extends IssueApprovedDeps {
  readonly log: Log;
}

/** Requests of each kind that one round takes up; the rest comes in the next one. */
const atOnce = 100;

/** Each failed try leaves a closed intent, so they grow rare: a signer that is away for a week costs 170 of them. */
const firstPauseMs = 10_000;
const longestPauseMs = 3_600_000;

interface Failing {
  readonly pauseMs: number;
  /** Monotonic milliseconds. */
  readonly notBefore: number;
}

/** One round; called about once a second. Also finishes what a crash left between approval and certificate. */
export function createTendRequests(deps: TendRequestsDeps): () => Promise<void> {
  const failing = new Map<string, Failing>();

  const retry = async (id: string): Promise<void> => {
    const failed = failing.get(id);
    if (failed && failed.notBefore > deps.clock.monotonic()) return;
    try {
      const record = await deps.inventory.request(id);
      if (record) await issueOrEnd(deps, record);
      failing.delete(id);
    } catch (error) {
      const pauseMs = Math.min((failed?.pauseMs ?? firstPauseMs / 2) * 2, longestPauseMs);
      failing.set(id, { pauseMs, notBefore: deps.clock.monotonic() + pauseMs });
      deps.log.warn({ err: error, request: id, pauseMs }, 'an approved request could not be issued; trying again');
    }
  };

  return async () => {
    const at = deps.clock.now();
    // Those that keep failing are the oldest: without room for them the newer ones would never have their turn.
    const { expired, approved } = await deps.inventory.dueRequests(at, atOnce + failing.size);
    for (const id of expired) await expire(deps, { at, id });
    for (const id of failing.keys()) if (!approved.includes(id)) failing.delete(id);
    for (const id of approved) if (!expired.includes(id)) await retry(id);
  };
}

async function issueOrEnd(deps: TendRequestsDeps, record: RequestRecord): Promise<void> {
  try {
    await issueApproved(deps, record);
  } catch (error) {
    // Where the rules refuse it no signer is at fault. The inventory knows whether they always will.
    const reasons = error instanceof CaError ? error.reasons.map(({ code }) => code) : [];
    if (reasons.length === 0) throw error;
    const why = { code: (error as CaError).code, reasons: [...new Set(reasons)] };
    if (!(await expire(deps, { id: record.id, at: deps.clock.now(), why }))) throw error;
    deps.log.warn({ err: error, request: record.id }, 'an approved request can never be issued, and has ended');
  }
}

async function expire(
  deps: TendRequestsDeps,
  { id, at, why }: { id: string; at: number; why?: Pick<AuditEntry, 'code' | 'reasons'> },
): Promise<boolean> {
  const audit: AuditEntry = { at, kind: 'request.expired', actor: 'service', object: `request:${id}`, ...why };
  const ended = await deps.inventory.expireRequest({ id, at, audit });
  if (ended) deps.requestNews.announce(id);
  return ended;
}
