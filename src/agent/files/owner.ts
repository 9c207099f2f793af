/** `user:group` as numbers, by /etc/passwd and /etc/group: Node knows no other way, and a number always works. */
import { readFile } from 'node:fs/promises';
import type { FileOwner } from '../../files/whole-file.ts';
import { AgentError } from '../agent-error.ts';

/** Without a group the user's own. AgentError `ownerUnknown`. */
export async function resolveOwner(owner: string): Promise<FileOwner> {
  const [user = '', group] = owner.split(':');
  const users = await readRows('/etc/passwd');
  const row = isNumber(user) ? users.find(([, , id]) => id === user) : users.find(([name]) => name === user);
  if (!row && !isNumber(user)) throw unknown('user', user);
  const uid = isNumber(user) ? Number(user) : Number(row![2]);
  if (group === undefined) {
    if (!row) throw unknown('group of the user', user);
    return { uid, gid: Number(row[3]) };
  }
  return { uid, gid: isNumber(group) ? Number(group) : await groupId(group) };
}

async function groupId(group: string): Promise<number> {
  const row = (await readRows('/etc/group')).find(([name]) => name === group);
  if (!row) throw unknown('group', group);
  return Number(row[2]);
}

const isNumber = (text: string): boolean => /^\d{1,10}$/.test(text);

const unknown = (what: string, name: string): AgentError =>
  new AgentError(
    'ownerUnknown',
    `There is no ${what} ${name} in this machine’s files. Correct the owner, or give numbers.`,
  );

/** name:password:id:... */
async function readRows(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').map((line) => line.split(':'));
}
