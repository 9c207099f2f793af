/**
 * The process of `rotate --daemon`: one that has loaded nothing but the daemon, because it stays for years beside other
 * programs. The command line, which reads arguments and file, would take as much memory as the daemon itself.
 */
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { garbageCollector } from './adapters/threads/collect-garbage.ts';
import { collectNowAndThen } from './agent/collect-now-and-then.ts';
import { readApart } from './agent/config/read-apart.ts';
import type { DaemonOptions, DaemonSurroundings } from './agent/daemon.ts';
import type { LogEntry, Surroundings } from './agent/turn/turn-context.ts';
import { nextStopSignal, outliveReaders } from './stop-signal.ts';

/**
 * The process goes on as the daemon's; where a process cannot begin anew, resolves to the exit code. StartError
 * `badConfiguration` before that.
 */
export async function becomeDaemon(options: DaemonOptions): Promise<number> {
  // Before the file is read: the daemon reads it again.
  process.on('SIGHUP', () => {});
  // Code is kept for the settings it was compiled with.
  leaveCodeUnoptimized();
  const { checkAgentFile } = await import('./agent/rotate.ts');
  await checkAgentFile(options);
  const args = argumentsOf(options);
  if (process.execve === undefined) return main(args);
  // What is compiled and kept need not be compiled in the new process: the compiler of types alone takes 20 MB.
  await loadEverything();
  flushCompileCache();
  // One heap for all threads: each of its own keeps what only one thread can use again.
  const env = { MALLOC_ARENA_MAX: '1', ...process.env } as NodeJS.ProcessEnv;
  return process.execve(process.execPath, [process.execPath, ...process.execArgv, launcher, ...args], env);
}

const launcher = join(import.meta.dirname, '../bin/privyseal-agent.js');

/** With what the daemon loads when it needs it. */
const loadEverything = () =>
  Promise.all([
    import('./agent/daemon.ts'),
    import('./agent/metrics-server.ts'),
    import('./client/java-stores.ts'),
    import('./agent/reload/run-reload.ts'),
    import('./agent/proof/prove.ts'),
    import('./client/client.ts'),
  ]);

function argumentsOf({ file, targets, metricsPort }: DaemonOptions): string[] {
  const port = metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)];
  return ['--file', file, ...port, '--', ...targets];
}

const text = { type: 'string' } as const;
const known = { file: text, 'metrics-port': text, 'tell-file': text };

/** Resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
  const port = values['metrics-port'];
  leaveCodeUnoptimized();
  if (values['tell-file'] !== undefined) {
    const { tellFile } = await import('./agent/config/read-apart.ts');
    process.stdout.write(await tellFile(values['tell-file']));
    return 0;
  }
  const onReload = reloadSignals();
  const { runDaemon } = await import('./agent/daemon.ts');
  const surroundings = daemonSurroundings(onReload);
  collectNowAndThen(surroundings.collectGarbage);
  try {
    const metricsPort = port === undefined ? {} : { metricsPort: Number(port) };
    await runDaemon({ file: values.file!, targets: positionals, ...metricsPort }, surroundings);
    return 0;
  } catch (error) {
    const { reportError } = await import('./faces/cli/report-error.ts');
    return reportError(error, process, false);
  }
}

/** V8's compilers and what they make, and room for much garbage, take 15 MB; a daemon that mostly waits is none the faster for them. */
function leaveCodeUnoptimized(): void {
  for (const compiler of ['opt', 'maglev', 'sparkplug']) setFlagsFromString(`--no-${compiler}`);
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * The agent's surroundings. It goes on when the reader of its log is gone. The first signal lets it finish what it has begun;
 * the second ends it at once.
 */
export function agentSurroundings(): Surroundings {
  outliveReaders();
  const stop = new AbortController();
  void nextStopSignal().then(() => stop.abort());
  const log = ({ level, target, message }: LogEntry): void => {
    process.stderr.write(`privyseal: ${level}: ${target === undefined ? '' : `${target}: `}${message}\n`);
  };
  return { now: Date.now, random: Math.random, signal: stop.signal, log };
}

/** SIGHUP has the file read again, as systemd's ExecReload does. One that comes while the daemon starts must not end it, and counts. */
function reloadSignals(): DaemonSurroundings['onReload'] {
  let reload: (() => void) | undefined;
  let cameBefore = false;
  process.on('SIGHUP', () => {
    if (reload) reload();
    else cameBefore = true;
  });
  return (listener) => {
    reload = listener;
    if (cameBefore) reload();
  };
}

function daemonSurroundings(onReload: DaemonSurroundings['onReload']): DaemonSurroundings {
  return {
    ...agentSurroundings(),
    load: (path) => readApart([launcher, '--tell-file', path]),
    onReload,
    collectGarbage: garbageCollector(),
  };
}
