/** The state file of a target: what the agent remembers of it between turns; for people and metrics, and to go on after a crash. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyStatus, type TargetStatus } from '../../domain/rotation/target-status.ts';
import { makeFolder, replaceFile, writingIn } from '../files/durable-file.ts';

export interface TargetState {
  readonly status: TargetStatus;
  /** Merges `changes` in, durably. */
  save(changes: Partial<TargetStatus>): Promise<void>;
}

/** Undefined without a file, or with one that cannot be read as such: what is in use is known by the files themselves. */
export async function readStatus(stateFolder: string, target: string): Promise<TargetStatus | undefined> {
  try {
    const status = JSON.parse(await readFile(join(stateFolder, `${target}.json`), 'utf8')) as TargetStatus;
    return status.target === target ? { ...emptyStatus(target), ...status } : undefined;
  } catch {
    return undefined;
  }
}

export async function openState(stateFolder: string, target: string): Promise<TargetState> {
  await writingIn(stateFolder, () => makeFolder(stateFolder, 0o700));
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
  let status = (await readStatus(stateFolder, target)) ?? emptyStatus(target);
  return {
    get status() {
      return status;
    },
    save: async (changes) => {
      status = { ...status, ...changes };
    },
  };
}
