/** Reload action `exec`: a program of the operator's, which learns the folder of the set from PRIVYSEAL_FILES. */
import { isAbsolute } from 'node:path';
import { printable } from '../../domain/policy/printable.ts';
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { ExecReload } from './reload-schema.ts';
import { runSuccessfully } from './run-program.ts';

export async function reloadByExec(reload: ExecReload, { files, signal }: ReloadContext): Promise<ReloadDone> {
  const { command, timeoutSeconds = 30 } = reload;
  const [program = ''] = command;
  if (!isAbsolute(program)) {
    throw new ReloadError(`${printable(program)} is no absolute path, so that it is not sure which program that is.`);
  }
  await runSuccessfully({ command, timeoutSeconds, signal, environment: { PRIVYSEAL_FILES: files } });
  return { detail: `${printable(program)} ended with 0` };
}
