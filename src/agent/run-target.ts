/** A turn of a target with everything around it: the lock, the memory of what came of it, and when to look again. */
import { ClientFailure, ClientProblem } from '../client/failure.ts';
import { CaError } from '../domain/errors.ts';
import type { TurnReport } from '../domain/rotation/turn-report.ts';
import { AgentError } from './agent-error.ts';
import type { AgentFile, TargetConfig } from './config/agent-schema.ts';
import { lockFolder } from './files/folder-lock.ts';
import { makeSetFolders, openSetStore } from './files/set-store.ts';
import { nextAttemptAt } from './plan/next-attempt.ts';
import { sendReport } from './report/deployment-report.ts';
import { openAccess } from './service-access.ts';
import { openState, rememberedState, type TargetState } from './state/target-state.ts';
import { chooseStep, type Step } from './turn/choose-step.ts';
import { runTurn } from './turn/run-turn.ts';
import type { Surroundings, TurnContext } from './turn/turn-context.ts';

export interface TargetRun extends Surroundings {
  readonly file: AgentFile;
  readonly target: TargetConfig;
  readonly force: boolean;
}

/** Never rejects but for defects and an aborted signal: what stands in the way of one target is its report. */
export async function runTarget(run: TargetRun): Promise<TurnReport> {
  const { file, target } = run;
  let lock: Awaited<ReturnType<typeof lockFolder>>;
  try {
    await makeSetFolders(target.files);
    const store = openSetStore(target.files);
    lock = await lockFolder(target.files.folder, store.own);
  } catch (error) {
    // Who has the folder has its state, too.
    const { status } = await rememberedState(file.stateFolder, target.name);
    return { target: target.name, act: 'failed', ...wordsOf(error), status };
  }
  try {
    return await lockedTurn(run);
  } finally {
    await lock.release();
  }
}

async function lockedTurn(run: TargetRun): Promise<TurnReport> {
  const { file, target } = run;
  const state = await openState(file.stateFolder, target.name);
  const context: TurnContext = {
    ...run,
    state,
    store: openSetStore(target.files),
    access: openAccess(file, target),
  };
  try {
    const done = await runTurn(context, run.force);
    await state.save({ failures: 0, lastError: null });
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

async function planNext({ file, now, random }: TargetRun, state: TargetState): Promise<void> {
  const { status } = state;
  const next = nextAttemptAt({ status, pollMs: file.pollSeconds * 1000, now: now(), random });
  await state.save({ nextAttemptAt: new Date(next).toISOString() });
}

async function failed(run: TargetRun, state: TargetState, error: unknown): Promise<TurnReport> {
  const { code, detail } = wordsOf(error);
  const at = new Date(run.now()).toISOString();
  const { failures, waitingFor } = state.status;
  const changes = {
    failures: failures + 1,
    lastError: { at, code, message: detail },
    waitingFor: code === 'requestEnded' ? null : waitingFor,
  };
  // A full disk takes no memory of itself: then what was known before counts, and the turn is tried again all the same.
  await state
    .save(changes)
    .then(() => planNext(run, state))
    .catch(() => {});
  return { target: run.target.name, act: 'failed', code, detail, status: { ...state.status, ...changes } };
}

/** Errors of no known kind are defects and keep their stack. */
function wordsOf(error: unknown): { code: string; detail: string } {
  if (error instanceof ClientProblem) {
    const reasons = error.reasons.map(({ message }) => message).filter((message) => message !== error.detail);
    return { code: error.code, detail: [error.detail, ...reasons].join(' ') };
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
  const access = openAccess(file, target);
  try {
    const name = state.status.staged?.set ?? (await store.inUse());
    const newest = name === null ? undefined : await store.read(name);
    const step = await chooseStep({ ...run, state, store, access }, newest, force);
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
    ? 'would keep its certificate'
    : `would ${step.kind === 'enrol' ? 'enrol with the token' : 'rotate'}: ${step.why}`;
