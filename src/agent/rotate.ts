/** The agent's entries: once over its targets, and what is known of them. */
import { resolve } from 'node:path';
import { StartError } from '../domain/errors.ts';
import { emptyStatus, type TargetStatus } from '../domain/rotation/target-status.ts';
import type { RotateOptions, TurnReport } from '../domain/rotation/turn-report.ts';
import { AgentError } from './agent-error.ts';
import { openAnonymousAccess } from './anonymous-access.ts';
import type { AgentFile, TargetConfig } from './config/agent-schema.ts';
import { chosenTargets } from './config/chosen-targets.ts';
import { loadAgentFile, readAgentFile } from './config/load-agent-file.ts';
import { describeTurn, runTarget } from './run-target.ts';
import { readStatus, statusIfReadable } from './state/target-state.ts';
import type { Surroundings } from './turn/turn-context.ts';

/** Targets that are tended at the same time: a proof may wait for long, but keys and handshakes need the processor. */
const atOnce = 4;
/** Roots and CRLs of one target serve the next. */
const freshMs = 10_000;

/** One turn of each, in the order of the file. StartError `badConfiguration`; what stands in the way of a target is in its report. */
export async function rotateOnce(options: RotateOptions, surroundings: Surroundings): Promise<readonly TurnReport[]> {
  const file = await loadAgentFile(resolve(options.file));
  const targets = chosenTargets(file, options.targets);
  const turn = options.dryRun ? describeTurn : runTarget;
  const shared = openAnonymousAccess(file, freshMs);
  try {
    const { force } = options;
    return await inTurns(targets, atOnce, (target) =>
      turn({ ...surroundings, file, target, shared, force, patient: false }).catch((error: unknown) => {
        surroundings.signal.throwIfAborted();
        return defectOf(file, target, error);
      }),
    );
  } catch (error) {
    if (!surroundings.signal.aborted) throw error;
    throw new StartError('interrupted', 'It was stopped. What was begun is finished by the next run.', error);
  } finally {
    await shared.close();
  }
}

/** What no turn foresees keeps its stack, and ends nobody else's turn. */
async function defectOf({ stateFolder }: AgentFile, { name }: TargetConfig, error: unknown): Promise<TurnReport> {
  const status = (await statusIfReadable(stateFolder, name)) ?? emptyStatus(name);
  return { target: name, act: 'failed', code: 'defect', detail: String((error as Error).stack), status };
}

/** StartError `badConfiguration` for a file that nobody could work with. */
export async function checkAgentFile({ file, targets }: Pick<RotateOptions, 'file' | 'targets'>): Promise<void> {
  chosenTargets(await loadAgentFile(resolve(file)), targets);
}

/** What the state files say, in the order of the file. StartError `homeUnreadable` where this user may not read them: that all is well nobody knows. */
export async function statusOfTargets({
  file: path,
  targets,
}: Pick<RotateOptions, 'file' | 'targets'>): Promise<readonly TargetStatus[]> {
  const file = await readAgentFile(resolve(path));
  return Promise.all(
    chosenTargets(file, targets).map(
      async ({ name }) => (await readStatus(file.stateFolder, name).catch(unreadable)) ?? emptyStatus(name),
    ),
  );
}

function unreadable(error: unknown): never {
  if (!(error instanceof AgentError)) throw error;
  throw new StartError('homeUnreadable', error.message, error);
}

/** Each item once, at most `width` at a time; answers in the order of the items. */
async function inTurns<Item, Answer>(
  items: readonly Item[],
  width: number,
  act: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const rest = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of rest) answers[index] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return answers;
}
