/** Reload action `signal`: to the process of a pid file, which must survive it. */
import { setTimeout as pause } from 'node:timers/promises';
import { isRunning, readPid, sendSignal } from './pid-file.ts';
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { SignalReload } from './reload-schema.ts';

/** A program without a handler for the signal is ended by it at once. */
const settleMs = 300;

export async function reloadBySignal(reload: SignalReload, { signal: abort }: ReloadContext): Promise<ReloadDone> {
  abort.throwIfAborted();
  const { pidFile, signal = 'SIGHUP', processName } = reload;
  const pid = await readPid(pidFile, processName);
  sendSignal(pid, signal);
  await pause(settleMs);
  if (!isRunning(pid)) {
    throw new ReloadError(`Process ${pid} ended when it was sent ${signal}. Does it take that as an order to reload?`);
  }
  return { detail: `process ${pid} was sent ${signal}` };
}
