/** Reads a pid file and refuses every number that no reload may be sent to. */
import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { readAtMost } from '../../files/read-at-most.ts';
import { ReloadError } from './reload-outcome.ts';

/** Linux numbers processes below 2^22 (PID_MAX_LIMIT). */
const pidLimit = 2 ** 22;
const longestFile = 64;

/** A process that is there. Throws ReloadError for a file or process that cannot be meant. */
export async function readPid(pidFile: string, processName?: string): Promise<number> {
  const text = await readShort(pidFile);
  const pid = /^\s*\d{1,7}\s*$/.test(text) ? Number(text) : Number.NaN;
  // kill(2): 0 and negative numbers mean whole groups of processes, 1 is init.
  if (!(pid > 1 && pid < pidLimit)) {
    throw new ReloadError(`${pidFile} does not hold the number of a process from 2 to ${pidLimit - 1}.`, text);
  }
  if (pid === process.pid) throw new ReloadError(`${pidFile} names this program itself.`);
  if (!isRunning(pid)) throw new ReloadError(`${pidFile} names process ${pid}, which is not running. Is it left over?`);
  const found = processName === undefined ? undefined : nameOf(pid);
  if (found !== undefined && found !== processName) {
    throw new ReloadError(`${pidFile} names process ${pid}, which is another program, not ${processName}.`, found);
  }
  return pid;
}

/** Also true of a process of another user; false of one that has ended and whose parent has not asked how. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !/^[ZX]/.test(stateOf(pid));
}

/** Throws ReloadError when this user may not, or the process has just ended. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EPERM' ? 'it belongs to another user' : 'it has just ended';
    throw new ReloadError(`Process ${pid} cannot be sent ${signal}: ${why}.`, '', cause);
  }
}

async function readShort(pidFile: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(pidFile, 'r');
    const status = await file.stat();
    if (!status.isFile()) throw new ReloadError(`${pidFile} is no file.`);
    if ((status.mode & 0o002) !== 0) {
      throw new ReloadError(
        `${pidFile} can be written by anybody, who could choose what is signalled. Correct its mode.`,
      );
    }
    return (await readAtMost(file, longestFile))?.toString() ?? '';
  } catch (cause) {
    if (cause instanceof ReloadError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const next = code === 'ENOENT' ? 'is not there. Is the program running?' : `cannot be read (${code}).`;
    throw new ReloadError(`${pidFile} ${next}`, '', cause);
  } finally {
    await file?.close();
  }
}

/** proc(5): `pid (comm) state ...`; nothing where there is no /proc. */
function stateOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2);
  } catch {
    return '';
  }
}

/** Undefined where there is no /proc. */
function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}
