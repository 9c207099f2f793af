/** Reload action `nginx`: its own test first, then SIGHUP, then its new workers are waited for: nginx itself reports nothing. */
import { setTimeout as pause } from 'node:timers/promises';
import { followLog, type LogTail } from './log-tail.ts';
import { readPid, sendSignal } from './pid-file.ts';
import { canSeeProcesses, childrenOf } from './process-table.ts';
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { NginxReload } from './reload-schema.ts';
import { runProgram } from './run-program.ts';

const pollMs = 50;

export async function reloadNginx(reload: NginxReload, context: ReloadContext): Promise<ReloadDone> {
  const { pidFile = '/run/nginx.pid', errorLog, timeoutSeconds = 30 } = reload;
  // Before the test, which leaves an empty pid file where there was none.
  const master = await readPid(pidFile);
  await testConfiguration(reload, context);
  const before = new Set(await childrenOf(master));
  const log = await followLog(errorLog);
  sendSignal(master, 'SIGHUP');
  if (!canSeeProcesses()) return { detail: `process ${master} was sent SIGHUP; its workers cannot be seen here` };
  const until = performance.now() + timeoutSeconds * 1000;
  while (performance.now() < until) {
    context.signal.throwIfAborted();
    const workers = (await childrenOf(master)).filter((pid) => !before.has(pid));
    if (workers.length > 0)
      return { detail: `configuration tested, process ${master} reloaded, new worker ${workers[0]}` };
    const refusal = await refusalIn(log);
    if (refusal !== undefined) throw new ReloadError('nginx kept its old configuration.', refusal);
    await pause(pollMs);
  }
  throw new ReloadError(
    `nginx (process ${master}) has no new worker ${timeoutSeconds} s after SIGHUP: it kept its old configuration. Its error log says why.`,
    await log.written(),
  );
}

async function testConfiguration(reload: NginxReload, { signal }: ReloadContext): Promise<void> {
  const { program = '/usr/sbin/nginx', configFile = '/etc/nginx/nginx.conf', prefix, timeoutSeconds = 30 } = reload;
  const place = prefix === undefined ? [] : ['-p', prefix];
  const command = [program, '-t', '-q', ...place, '-c', configFile];
  const { code, output } = await runProgram({ command, timeoutSeconds, signal });
  if (code !== 0) throw new ReloadError(`nginx refuses ${configFile} and was not reloaded.`, output);
}

/** A master that cannot load its configuration says so with [emerg] and goes on as before. */
async function refusalIn(log: LogTail): Promise<string | undefined> {
  const lines = (await log.written()).split('\n').filter((line) => / \[(emerg|alert)\] /.test(line));
  return lines.length > 0 ? lines.join('\n') : undefined;
}
