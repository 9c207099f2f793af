/** Reload action `nginx`: its own test first, then SIGHUP, then its new workers are waited for: nginx itself reports nothing. */
import { open, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readPid, sendSignal } from './pid-file.ts';
import { canSeeProcesses, childrenOf } from './process-table.ts';
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { NginxReload } from './reload-schema.ts';
import { runProgram } from './run-program.ts';

const pollMs = 50;
const longestReport = 16 * 1024;

export async function reloadNginx(reload: NginxReload, context: ReloadContext): Promise<ReloadDone> {
  const { pidFile = '/run/nginx.pid', errorLog, timeoutSeconds = 30 } = reload;
  // Before the test, which leaves an empty pid file where there was none.
  const master = await readPid(pidFile);
  await testConfiguration(reload, context);
  const before = new Set(await childrenOf(master));
  const logged = errorLog === undefined ? 0 : await sizeOf(errorLog);
  sendSignal(master, 'SIGHUP');
  if (!canSeeProcesses()) return { detail: `process ${master} was sent SIGHUP; its workers cannot be seen here` };
  const until = performance.now() + timeoutSeconds * 1000;
  while (performance.now() < until) {
    context.signal.throwIfAborted();
    const workers = (await childrenOf(master)).filter((pid) => !before.has(pid));
    if (workers.length > 0)
      return { detail: `configuration tested, process ${master} reloaded, new worker ${workers[0]}` };
    const refusal = await refusalIn(errorLog, logged);
    if (refusal !== undefined) throw new ReloadError('nginx kept its old configuration.', refusal);
    await pause(pollMs);
  }
  throw new ReloadError(
    `nginx (process ${master}) has no new worker ${timeoutSeconds} s after SIGHUP: it kept its old configuration. Its error log says why.`,
    await writtenSince(errorLog, logged),
  );
}

async function testConfiguration(reload: NginxReload, { signal }: ReloadContext): Promise<void> {
  const { program = '/usr/sbin/nginx', configFile = '/etc/nginx/nginx.conf', prefix, timeoutSeconds = 30 } = reload;
  const place = prefix === undefined ? [] : ['-p', prefix];
  const command = [program, '-t', '-q', ...place, '-c', configFile];
  const { code, output } = await runProgram({ command, timeoutSeconds, signal });
  if (code !== 0) throw new ReloadError(`nginx refuses ${configFile} and was not reloaded.`, output);
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** A master that cannot load its configuration says so with [emerg] and goes on as before. */
async function refusalIn(errorLog: string | undefined, from: number): Promise<string | undefined> {
  const lines = (await writtenSince(errorLog, from)).split('\n').filter((line) => / \[(emerg|alert)\] /.test(line));
  return lines.length > 0 ? lines.join('\n') : undefined;
}

/** Nothing when there is no log, or it cannot be read: it only helps to explain. */
async function writtenSince(errorLog: string | undefined, from: number): Promise<string> {
  if (errorLog === undefined) return '';
  try {
    await using file = await open(errorLog, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestReport), 0, longestReport, from);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}
