/** The state file of a target: what the agent remembers of it between turns; for people and metrics, and to go on after a crash. */
import { join } from 'node:path';
import { emptyStatus, type TargetStatus } from '../../domain/rotation/target-status.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { replaceFile } from '../../files/whole-file.ts';
import { readIfThere, writingIn } from '../files/disk-refusals.ts';

export interface TargetState {
  readonly status: TargetStatus;
  /** Merges `changes` in, durably. */
  save(changes: Partial<TargetStatus>): Promise<void>;
}

/**
 * Undefined without a file, or with one that holds something else: what is in use is known by the files themselves. AgentError
 * `fileUnreadable` for one that is there and cannot be read.
 */
export async function readStatus(stateFolder: string, target: string): Promise<TargetStatus | undefined> {
  const text = await readIfThere(join(stateFolder, `${target}.json`));
  try {
    const status = JSON.parse(text ?? '') as TargetStatus | null;
    return status?.target === target ? { ...emptyStatus(target), ...status } : undefined;
  } catch {
    return undefined;
  }
}

/** The same for who needs no more than what can be read. */
export const statusIfReadable = (stateFolder: string, target: string): Promise<TargetStatus | undefined> =>
  readStatus(stateFolder, target).catch(() => undefined);

/** AgentError `fileUnreadable` as well, for it is written anew. */
export async function openState(stateFolder: string, target: string): Promise<TargetState> {
  await writingIn(stateFolder, () => makeFolder(stateFolder, 0o700, 0o755));
  let status = (await readStatus(stateFolder, target)) ?? emptyStatus(target);
  return {
    get status() {
      return status;
    },
    async save(changes) {
      status = { ...status, ...changes };
      const content = `${JSON.stringify(status, null, 2)}\n`;
      await writingIn(stateFolder, () => replaceFile(join(stateFolder, `${target}.json`), { content, mode: 0o600 }));
    },
  };
}

/** The same for who changes nothing: `save` is forgotten with the process. */
export async function rememberedState(stateFolder: string, target: string): Promise<TargetState> {
  let status = (await statusIfReadable(stateFolder, target)) ?? emptyStatus(target);
  return {
    get status() {
      return status;
    },
    save: async (changes) => {
      status = { ...status, ...changes };
    },
  };
}
