/** Runs a verb of the program as users do, as a process of its own, on a home of the test's. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ownEnvironment } from './own-environment.ts';
import { projectFolder } from './running-service.ts';

export interface ProgramEnd {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `home` is given as PRIVYSEAL_HOME; nothing of this process's own settings gets through. */
export function runProgram(
  home: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  killAfterMs?: number,
): Promise<ProgramEnd> {
  // A timeout of 0 is none.
  const options = {
    env: { ...ownEnvironment(), PRIVYSEAL_HOME: home, ...env },
    maxBuffer: 2 ** 26,
    killSignal: 'SIGKILL' as const,
    timeout: killAfterMs ?? 0,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(projectFolder, 'bin/privyseal.js'), ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr });
    });
  });
}
