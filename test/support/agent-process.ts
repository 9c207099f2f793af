/** The agent as a process of its own, as users start it: stopped politely or killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ownEnvironment } from './own-environment.ts';
import { projectFolder } from './running-service.ts';

export interface AgentProcess {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** The exit code; -1 when a signal ended it. */
  readonly ended: Promise<number>;
  /** SIGTERM, or another signal, and its end. */
  end(signal?: NodeJS.Signals): Promise<number>;
}

/** `privyseal rotate -f FILE` and more. */
export function agentProcess(file: string, ...args: string[]): AgentProcess {
  const child = spawn(process.execPath, [join(projectFolder, 'bin/privyseal.js'), 'rotate', '-f', file, ...args], {
    env: ownEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  const ended = new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)));
  return {
    child,
    output: () => output,
    ended,
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
