/** A turn of a target with everything around it: the lock, the memory of what came of it, and when to look again. */
import { setTimeout as pause } from 'node:timers/promises';
import { ClientFailure, ClientProblem } from '../client/failure.ts';
import { CaError } from '../domain/errors.ts';
import { printable } from '../domain/policy/printable.ts';
import type { TargetStatus } from '../domain/rotation/target-status.ts';
import type { TurnReport } from '../domain/rotation/turn-report.ts';
import { AgentError } from './agent-error.ts';
import type { AnonymousAccess } from './anonymous-access.ts';
import type { AgentFile, TargetConfig } from './config/agent-schema.ts';
import { assertUsable } from './config/check-surroundings.ts';
import { type FolderLock, lockFolder } from './files/folder-lock.ts';
import { makeSetFolders, openSetStore } from './files/set-store.ts';
import { nextAttemptAt } from './plan/next-attempt.ts';
import { keepNewsOfServiceTrust, sendReport } from './report/deployment-report.ts';
import { openAccess } from './service-access.ts';
import { openState, rememberedState, type TargetState } from './state/target-state.ts';
import { setToAdopt } from './turn/adopt-set.ts';
import { chooseStep, type Step } from './turn/choose-step.ts';
import { newestSet } from './turn/newest-set.ts';
import { runTurn } from './turn/run-turn.ts';
import type { Surroundings, TurnContext } from './turn/turn-context.ts';

export interface TargetRun extends Surroundings {
  readonly file: AgentFile;
  readonly target: TargetConfig;
  readonly shared: AnonymousAccess;
  readonly patient: boolean;
  readonly force: boolean;
}

/** Never rejects but for defects and an aborted signal: what stands in the way of one target is its report. */
export async function runTarget(run: TargetRun): Promise<TurnReport> {
  const { file, target } = run;
  let lock: FolderLock | undefined;
  let state: TargetState;
  try {
    await assertUsable(target, file.writer);
    await makeSetFolders(target.files);
    const store = openSetStore(target.files);
    lock = await lockPatiently(run, store.own);
    state = await openState(file.stateFolder, target.name);
  } catch (error) {
    await lock?.release();
    run.signal.throwIfAborted();
    const isHeld = error instanceof AgentError && error.code === 'folderLocked';
    // Who has the folder has its state, too.
    const open = isHeld ? rememberedState : openState;
    const known = await open(file.stateFolder, target.name).catch(() => rememberedState(file.stateFolder, target.name));
    return failed(run, known, error);
  }
  try {
    return await lockedTurn(run, state);
  } finally {
    await lock.release();
  }
}

const patienceMs = 10_000;
const pauseMs = 200;

/** Another turn of the folder, as of a daemon that is told to hurry by hand, is over soon. */
async function lockPatiently({ target, signal }: TargetRun, own: string): Promise<FolderLock> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await lockFolder(target.files.folder, own);
    } catch (error) {
      const isHeld = error instanceof AgentError && error.code === 'folderLocked';
      if (!isHeld || performance.now() > until) throw error;
    }
    await pause(pauseMs, undefined, { signal });
  }
}

async function lockedTurn(run: TargetRun, state: TargetState): Promise<TurnReport> {
  const { file, target } = run;
  const context: TurnContext = {
    ...run,
    state,
    store: openSetStore(target.files),
    access: openAccess(file, target, run.shared),
  };
  try {
    const { trouble, ...done } = await runTurn(context, run.force);
    if (trouble) await rememberFailure(run, state, wordsOf(trouble));
    else await state.save({ failures: 0, lastError: null });
    await keepNewsOfServiceTrust(context);
    await planNext(run, state);
    await sendReport(context);
    return { target: target.name, ...done, status: state.status };
  } catch (error) {
    run.signal.throwIfAborted();
    const report = await failed(run, state, error);
    await sendReport(context);
    return report;
  } finally {
    await context.access.close();
  }
}

/** `failure`: what stood in the way, which may say when to come again. */
async function planNext({ file, now, random }: TargetRun, state: TargetState, failure?: unknown): Promise<void> {
  const { status } = state;
  const retryAfterMs = failure instanceof ClientProblem ? (failure.retryAfterSeconds ?? 0) * 1000 : 0;
  const next = nextAttemptAt({ status, pollMs: file.pollSeconds * 1000, retryAfterMs, now: now(), random });
  await state.save({ nextAttemptAt: new Date(next).toISOString() });
}

async function failed(run: TargetRun, state: TargetState, error: unknown): Promise<TurnReport> {
  const words = wordsOf(error);
  const before = state.status;
  // A full disk takes no memory of itself: then what was known before counts, and the turn is tried again all the same.
  const isKept = await rememberFailure(run, state, words)
    .then(() => (words.code === 'requestEnded' ? state.save({ waitingFor: null }) : undefined))
    .then(() => planNext(run, state, error))
    .then(
      () => true,
      () => false,
    );
  const status = isKept ? state.status : { ...before, ...failureIn(before, run, words) };
  return { target: run.target.name, act: 'failed', ...words, status };
}

const rememberFailure = (run: TargetRun, state: TargetState, words: Words): Promise<void> =>
  state.save(failureIn(state.status, run, words));

const failureIn = ({ failures }: TargetStatus, { now }: TargetRun, { code, detail }: Words) => ({
  failures: failures + 1,
  lastError: { at: new Date(now()).toISOString(), code, message: detail },
});

interface Words {
  readonly code: string;
  readonly detail: string;
}

/** Of a name, for instance: which one of many is not to be had. */
const longestValue = 100;

/** Errors of no known kind are defects and keep their stack. */
function wordsOf(error: unknown): Words {
  if (error instanceof ClientProblem) {
    const reasons = error.reasons.map(({ message, value }) =>
      value === undefined ? message : `${printable(value, longestValue)}: ${message}`,
    );
    const isSaid = error.reasons.some(({ message }) => message === error.detail);
    return { code: error.code, detail: [...(isSaid ? [] : [error.detail]), ...reasons].join(' ') };
  }
  if (error instanceof ClientFailure || error instanceof AgentError || error instanceof CaError) {
    return { code: error.code, detail: error.message };
  }
  throw error;
}

/** What a turn would do, which changes nothing here and nothing at the service. */
export async function describeTurn(run: TargetRun): Promise<TurnReport> {
  const { file, target, force } = run;
  const state = await rememberedState(file.stateFolder, target.name);
  const store = openSetStore(target.files);
  const access = openAccess(file, target, run.shared);
  try {
    await assertUsable(target, file.writer);
    const before = await setToAdopt({ ...run, state, store });
    const newest = before?.set ?? (await newestSet({ ...run, state, store }));
    const { own } = before ?? store;
    const step = await chooseStep({ ...run, state, store: { ...store, own }, access }, newest, force);
    return { target: target.name, act: actOf[step.kind], detail: wouldDo(step), status: state.status };
  } catch (error) {
    return { target: target.name, act: 'failed', ...wordsOf(error), status: state.status };
  } finally {
    await access.close();
  }
}

const actOf = { enrol: 'enrolled', rotate: 'rotated', keep: 'unchanged' } as const;

const wouldDo = (step: Step): string =>
  step.kind === 'keep'
    ? `would keep its certificate${step.hold ? `: ${step.hold.message}` : ''}`
    : `would ${step.kind === 'enrol' ? 'enrol with the token' : 'rotate'}: ${step.why}`;
