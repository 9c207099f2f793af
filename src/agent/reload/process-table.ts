/** Which processes are whose children, as Linux shows in /proc. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

export const canSeeProcesses = (): boolean => existsSync('/proc/self/stat');

/** Empty where there is no /proc. */
export async function childrenOf(parent: number): Promise<number[]> {
  if (!canSeeProcesses()) return [];
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(numbers.map(parentOf));
  return numbers.flatMap((number, at) => (parents[at] === parent ? [Number(number)] : []));
}

/** proc(5): `pid (comm) state ppid ...`, where comm may hold anything, also `)`. Undefined once the process is gone. */
async function parentOf(pid: string): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return parent === undefined ? undefined : Number(parent);
}
