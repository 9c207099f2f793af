/** Runs one program without a shell: bounded time, bounded output, nothing of the agent's environment, no process left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { BoundedText } from './bounded-text.ts';
import { ReloadError } from './reload-outcome.ts';

export interface ProgramRun {
  /** Absolute path, then arguments. */
  readonly command: readonly string[];
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** Beside PATH and LANG, which every program gets. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  readonly code: number;
  /** Standard output and standard error as they came, the middle left out when there was much. */
  readonly output: string;
}

/** What a program started by the agent may know: never the agent's own variables, which may hold secrets. */
const environmentOfAll = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/** Between SIGTERM and SIGKILL. */
const graceMs = 5000;
/** A child of the program that went on in the background may hold its output open for ever: it is not waited for. */
const outputAfterEndMs = 500;

/**
 * Resolves with the exit code, whatever it is. Throws ReloadError when the program cannot be started, is ended by a signal
 * or takes too long; rejects with the signal's reason when aborted. A program that is ended takes its process group with it;
 * one that another user runs, as `sudo` does, cannot be ended from here, and is left to itself.
 */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  run.signal.throwIfAborted();
  const output = new BoundedText();
  const child = start(run, output);
  const end = await ending(child, run);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const [program = ''] = run.command;
  if ('error' in end) throw new ReloadError(cannotStart(program, end.error), '', end.error);
  if (end.stoppedBy === 'abort') throw run.signal.reason;
  if (end.stoppedBy === 'time') {
    const late = `it took longer than ${run.timeoutSeconds} s`;
    const fate = end.isLeft ? `goes on: ${late}, and runs as another user, who alone can end it` : `was ended: ${late}`;
    throw new ReloadError(`${program} ${fate}.`, output.text());
  }
  if (end.code === null) throw new ReloadError(`${program} was ended by ${end.killedBy}.`, output.text());
  return { code: end.code, output: output.text() };
}

/** As runProgram, but an exit code other than 0 is a ReloadError, too. */
export async function runSuccessfully(run: ProgramRun): Promise<ProgramEnd> {
  const end = await runProgram(run);
  if (end.code !== 0) throw new ReloadError(`${run.command[0]} ended with ${end.code}.`, end.output);
  return end;
}

function start({ command, environment }: ProgramRun, output: BoundedText): ChildProcess {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...environmentOfAll, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what it starts can be ended with it.
    detached: true,
  });
  child.stdout?.on('data', (chunk: Buffer) => output.add(chunk));
  child.stderr?.on('data', (chunk: Buffer) => output.add(chunk));
  return child;
}

type Ending =
  | { readonly error: NodeJS.ErrnoException }
  | {
      readonly code: number | null;
      readonly killedBy: NodeJS.Signals | null;
      readonly stoppedBy: 'time' | 'abort' | undefined;
      /** It was to be stopped, and this user may not. */
      readonly isLeft: boolean;
    };

function ending(child: ChildProcess, { timeoutSeconds, signal }: ProgramRun): Promise<Ending> {
  return new Promise((resolve) => {
    let stoppedBy: 'time' | 'abort' | undefined;
    let kill: NodeJS.Timeout | undefined;
    const stop = (reason: 'time' | 'abort') => {
      stoppedBy ??= reason;
      if (!signalGroup(child, 'SIGTERM')) return leave();
      kill ??= setTimeout(() => {
        if (!signalGroup(child, 'SIGKILL')) leave();
      }, graceMs);
    };
    const onAbort = () => stop('abort');
    const timer = setTimeout(() => stop('time'), timeoutSeconds * 1000);
    signal.addEventListener('abort', onAbort, { once: true });
    let isSettled = false;
    const settle = (end: Ending) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      clearTimeout(kill);
      signal.removeEventListener('abort', onAbort);
      if (stoppedBy) signalGroup(child, 'SIGKILL');
      resolve(end);
    };
    const leave = () => {
      // It may never end, and must not keep the agent from ending.
      child.unref();
      settle({ code: null, killedBy: null, stoppedBy, isLeft: true });
    };
    child.once('error', (error) => settle({ error }));
    child.once('exit', (code, killedBy) => {
      const end = () => settle({ code, killedBy, stoppedBy, isLeft: false });
      const late = setTimeout(end, outputAfterEndMs);
      child.once('close', () => {
        clearTimeout(late);
        end();
      });
    });
  });
}

/**
 * The group outlives its leader while any of its processes runs; when none is left there is nobody to tell. False where this user
 * may signal none of them: kill(2) then says EPERM, and nobody would catch that in a timer.
 */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): boolean {
  if (pid === undefined) return true;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') return false;
    if (code !== 'ESRCH') throw error;
  }
  return true;
}

function cannotStart(program: string, { code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `${program} is not there. Correct the command, or install the program.`;
  if (code === 'EACCES') return `${program} may not be run by this user. Correct its mode, or the command.`;
  return `${program} cannot be started (${code ?? 'no reason given'}).`;
}
