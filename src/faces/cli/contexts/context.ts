/** `privyseal context add|list|use|show|remove`: names for the services one works with. */
import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { safeText } from '../../../domain/policy/safe-text.ts';
import { CliError } from '../cli-error.ts';
import { unreadable } from '../named-file.ts';
import { confirm } from '../terminal/confirm.ts';
import { layoutFields } from '../terminal/fields.ts';
import type { CliIo } from '../terminal/io.ts';
import { layoutTable } from '../terminal/table.ts';
import { contextOf } from './chosen-context.ts';
import {
  type Context,
  contextFields,
  contextName,
  contextsFile,
  readContexts,
  writeContexts,
} from './contexts-file.ts';

export interface Terminal {
  readonly io: CliIo;
  readonly json: boolean;
}

/** The global options say what the context holds. The first one made is used at once. */
export async function addContext(
  terminal: Terminal,
  name: string,
  { replace = false, ...given }: Context & { readonly replace?: boolean },
): Promise<void> {
  const { io } = terminal;
  if (!contextName.test(name)) {
    throw new CliError('usage', `\`${name}\` is no name: letters, digits, \`.\`, \`_\` and \`-\`, at most 64.`);
  }
  const context = await contextFrom(io, given);
  const { current = name, contexts } = await readContexts(io.env);
  if (Object.hasOwn(contexts, name) && !replace) {
    throw new CliError('contextExists', `There is a context \`${name}\` already. Give --replace to write it anew.`);
  }
  await writeContexts(io.env, { current, contexts: { ...contexts, [name]: context } });
  print(terminal, { name, current: current === name, ...context }, [
    `Written  ${contextsFile(io.env)}`,
    current === name ? `In use   ${name}` : `Use it   npx privyseal context use ${name}`,
  ]);
}

async function contextFrom({ cwd, stderr }: CliIo, given: Context): Promise<Context> {
  const { url, adminUrl, cert, key, ...files } = given;
  if (url === undefined && adminUrl === undefined) {
    throw new CliError('usage', 'A context says where a service is: give --url, --admin-url, or both.');
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new CliError('usage', 'One of --cert and --key was given without the other. Give both.');
  }
  const paths = Object.entries({ ...files, cert, key }).flatMap(([field, path]) =>
    path === undefined ? [] : [[field, resolve(cwd, path)] as const],
  );
  for (const [field, path] of paths) await refuseMissing(field, path);
  await warnOfOpenKey(stderr, Object.fromEntries(paths).key);
  const all: Partial<Record<keyof Context, string | undefined>> = { url, adminUrl, ...Object.fromEntries(paths) };
  return Object.fromEntries(contextFields.flatMap((field) => (all[field] === undefined ? [] : [[field, all[field]]])));
}

async function refuseMissing(field: string, path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    const option = `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const named = { file: path, what: `named by ${option}`, advice: `Give ${option} something that is there.` };
    throw unreadable({ ...named, isCredential: true }, error);
  }
}

async function warnOfOpenKey(stderr: CliIo['stderr'], key: string | undefined): Promise<void> {
  if (key === undefined) return;
  const { mode } = await stat(key);
  if ((mode & 0o077) !== 0) stderr.write(`${key} is a private key that others may read. Run: chmod 600 '${key}'\n`);
}

export async function listContexts(terminal: Terminal): Promise<void> {
  const { current, contexts } = await readContexts(terminal.io.env);
  const names = Object.keys(contexts).toSorted();
  const items = names.map((name) => ({ name, current: name === current, ...contexts[name] }));
  const rows = items.map((item) => [item.current ? '*' : '', item.name, item.url ?? '-', item.adminUrl ?? '-']);
  const columns = ['', 'NAME', 'PUBLIC', 'ADMIN'].map((title) => ({ title }));
  const width = terminal.io.isTty ? terminal.io.columns : undefined;
  const none = 'There is no context yet. Example: privyseal context add prod --url https://ca.example.org:8443 …';
  const table = layoutTable(columns, rows, { width, givesWay: [], leavesOut: ['ADMIN'] }).lines;
  print(terminal, { items }, items.length === 0 ? [none] : table.map(safeText));
}

export async function useContext(terminal: Terminal, name: string): Promise<void> {
  const stored = await readContexts(terminal.io.env);
  const context = contextOf(stored, name);
  await writeContexts(terminal.io.env, { ...stored, current: name });
  print(terminal, { name, current: true, ...context }, [`In use   ${name}`]);
}

/** The one in use if no name is given. */
export async function showContext(terminal: Terminal, given: string | undefined): Promise<void> {
  const stored = await readContexts(terminal.io.env);
  const name = given ?? stored.current;
  if (name === undefined) throw new CliError('usage', 'No context is in use. Name one, or run `context use NAME`.');
  const context = contextOf(stored, name);
  const current = name === stored.current;
  const lines = layoutFields([
    ['Context', current ? `${name}, in use` : name],
    ...contextFields.flatMap((field) => (context[field] === undefined ? [] : [[field, context[field]] as const])),
  ]);
  print(terminal, { name, current, ...context }, lines.map(safeText));
}

/** The files it names stay where they are. */
export async function removeContext(
  terminal: Terminal,
  name: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const { io } = terminal;
  const { current, contexts } = await readContexts(io.env);
  contextOf({ contexts }, name);
  if (io.mayAsk && !yes && !(await confirm(io, `Remove the context ${name}? [y/N] `))) {
    throw new CliError('declined', 'Nothing was removed.');
  }
  const { [name]: _removed, ...others } = contexts;
  await writeContexts(io.env, { ...(current !== undefined && current !== name && { current }), contexts: others });
  print(terminal, { name, removed: true }, [`Removed  ${name}`]);
}

function print({ io, json }: Terminal, value: object, lines: readonly string[]): void {
  io.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${lines.join('\n')}\n`);
}
