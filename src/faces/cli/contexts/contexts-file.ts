/** The user's own file of contexts: where services are and which files to show them; paths of credentials, never credentials. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { makeFolder } from '../../../files/make-folder.ts';
import { replaceFile } from '../../../files/whole-file.ts';
import { originOf } from '../arguments.ts';
import { CliError } from '../cli-error.ts';

/** One service; what is absent is as without a context. Paths are absolute. */
export interface Context {
  readonly url?: string;
  readonly adminUrl?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly tokenFile?: string;
  readonly home?: string;
}

export interface Contexts {
  /** Name of the one in use. */
  readonly current?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** In the order they are shown. */
export const contextFields = ['url', 'adminUrl', 'ca', 'cert', 'key', 'tokenFile', 'home'] as const;

/** A name is a key of YAML and a word of the shell. */
export const contextName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** XDG Base Directory: a relative XDG_CONFIG_HOME counts as none. Undefined for a user without a home. */
export function contextsFile(env: NodeJS.ProcessEnv): string | undefined {
  const { XDG_CONFIG_HOME: given, HOME: home } = env;
  if (given && isAbsolute(given)) return join(given, 'privyseal', 'contexts.yaml');
  return home && isAbsolute(home) ? join(home, '.config', 'privyseal', 'contexts.yaml') : undefined;
}

/** No file is no contexts. Throws CliError `fileOpenToOthers` for a file that others may read or change, `fileUnreadable`. */
export async function readContexts(env: NodeJS.ProcessEnv): Promise<Contexts> {
  const path = contextsFile(env);
  if (path === undefined) return { contexts: {} };
  const text = await readOwn(path);
  return text === undefined ? { contexts: {} } : checked(path, await fromYaml(path, text));
}

async function readOwn(path: string): Promise<string | undefined> {
  try {
    await using file: FileHandle = await open(path, 'r');
    refuseOpen(path, await file.stat(), 0o077, 'chmod 600');
    refuseOpen(dirname(path), await stat(dirname(path)), 0o022, 'chmod 700');
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CliError('fileUnreadable', `${path}, your contexts, cannot be read (${code}). Check its owner.`, error);
  }
}

/** Whoever could change it could send this user's credentials elsewhere. */
function refuseOpen(path: string, { mode, uid }: { mode: number; uid: number }, open: number, remedy: string): void {
  const self = process.geteuid?.() ?? uid;
  if (uid !== self) {
    throw new CliError('fileOpenToOthers', `${path} belongs to user ${uid}, and you are user ${self}. Make it yours.`);
  }
  if ((mode & open) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  throw new CliError('fileOpenToOthers', `${path} is open to others (mode ${shown}). Run: ${remedy} '${path}'`);
}

async function fromYaml(path: string, text: string): Promise<unknown> {
  // Not with this module: most verbs, and the start of the service, meet no file.
  const { parse } = await import('yaml');
  try {
    return parse(text);
  } catch (error) {
    const [what = ''] = (error as Error).message.split('\n', 1);
    const advice = 'Mend it, or remove it and add the contexts again.';
    throw new CliError('fileUnreadable', `${path} is not YAML: ${what.replace(/[:.]$/, '')}. ${advice}`, error);
  }
}

function checked(path: string, value: unknown): Contexts {
  const { current, contexts = {}, ...unknown } = asObject(path, 'it', value ?? {});
  refuseUnknown(path, 'it', unknown);
  if (current !== undefined && typeof current !== 'string') throw unlike(path, '`current` must be a name');
  const named = Object.entries(asObject(path, '`contexts`', contexts ?? {})).map(([name, context]) => {
    if (!contextName.test(name)) throw unlike(path, `\`${name}\` is no name of a context`);
    return [name, checkedContext(path, name, context)] as const;
  });
  return { ...(current !== undefined && { current }), contexts: Object.fromEntries(named) };
}

function checkedContext(path: string, name: string, value: unknown): Context {
  const fields = asObject(path, `\`${name}\``, value);
  const unknown = Object.entries(fields).filter(([key]) => !(contextFields as readonly string[]).includes(key));
  refuseUnknown(path, `\`${name}\``, Object.fromEntries(unknown));
  const wrong = Object.entries(fields).find(([, field]) => typeof field !== 'string');
  if (wrong) throw unlike(path, `\`${name}.${wrong[0]}\` must be a text`);
  for (const [field, text] of Object.entries(fields as Context)) {
    const isAddress = field === 'url' || field === 'adminUrl';
    if (isAddress ? originOf(text) !== undefined : isAbsolute(text)) continue;
    const rule = isAddress ? 'an address like https://localhost:8443' : 'an absolute path';
    throw unlike(path, `\`${name}.${field}\` is \`${text}\`, but must be ${rule}`);
  }
  return fields as Context;
}

function asObject(path: string, what: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unlike(path, `${what} must hold fields as key: value`);
}

function refuseUnknown(path: string, what: string, fields: Record<string, unknown>): void {
  const [field] = Object.keys(fields);
  if (field !== undefined) throw unlike(path, `${what} has a field \`${field}\`, which this version does not know`);
}

const unlike = (path: string, what: string): CliError =>
  new CliError('fileUnreadable', `${path} is not a file of contexts: ${what}. Correct it, or move it away.`);

/** Replaces the file whole: a reader, or a crash, sees the old one or the new one. Folder 0700, file 0600. */
export async function writeContexts(env: NodeJS.ProcessEnv, contexts: Contexts): Promise<void> {
  const path = contextsFile(env);
  if (path === undefined) {
    throw new CliError('usage', 'There is no place for contexts: set HOME, or XDG_CONFIG_HOME to an absolute path.');
  }
  try {
    const { stringify } = await import('yaml');
    await makeFolder(dirname(path), 0o700);
    await replaceFile(path, { content: stringify(contexts), mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError('folderUnwritable', `${path} cannot be written (${code}). Check its folder.`, error);
  }
}
