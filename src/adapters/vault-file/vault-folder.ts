/** Reads the vault's folder: who may see its files, and which of them are whole. Nothing is decrypted here. */
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { StartError } from '../../domain/errors.ts';
import { checkFileName, checkHeaderFields, keyFileSuffix, keyHeaderFields } from './formats.ts';
import { pathsOf } from './rewrap-folder.ts';
import { isIntact, parseSealedFile, type SealedFile } from './sealed-file.ts';

export interface StoredFile {
  readonly path: string;
  readonly file: SealedFile;
}

export interface VaultFolder {
  readonly directory: string;
  /** What tells a wrong passphrase from damage; absent in a new vault, and when somebody removed it. */
  readonly check: StoredFile | 'absent' | 'damaged';
  readonly keys: readonly StoredFile[];
}

/** The largest key, RSA-8192, takes 9 KiB. */
const longestFile = 65_536;

/** Throws StartError `keyFileOpenToOthers` and `keyFileDamaged`, naming the file. */
export async function readVaultFolder(directory: string): Promise<VaultFolder> {
  refuseOpenToOthers(directory, await stat(directory), 0o700);
  const paths = await pathsOf(directory);
  const checkPath = paths.get(checkFileName);
  const check = checkPath === undefined ? 'absent' : await readSealed(checkPath, checkHeaderFields);
  const keys: StoredFile[] = [];
  for (const [name, path] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.endsWith(keyFileSuffix)) continue;
    const stored = await readSealed(path, keyHeaderFields);
    if (stored === 'damaged') throw damaged(path, 'it was truncated or altered');
    if (`${stored.file.header.name}${keyFileSuffix}` !== name) throw damaged(path, 'it holds a key of another name');
    keys.push(stored);
  }
  return { directory, check, keys };
}

async function readSealed(path: string, headerFields: readonly string[]): Promise<StoredFile | 'damaged'> {
  const text = await readWhole(path);
  if (text === undefined) return 'damaged';
  const file = parseSealedFile(text, headerFields);
  if (file) return { path, file };
  if (!isIntact(text)) return 'damaged';
  throw damaged(path, 'this version does not know its form or will not spend what its parameters ask for', {
    advice: 'Start the version that wrote it; if there is none, put it back from a backup.',
  });
}

/** The text of a regular file of ours, or undefined. Modes are those of the file that was opened, not of its name. */
async function readWhole(path: string): Promise<string | undefined> {
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    await using file: FileHandle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const facts = await file.stat();
    if (!facts.isFile() || facts.size > longestFile) return undefined;
    refuseOpenToOthers(path, facts, 0o600);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw damaged(path, 'it cannot be read', { cause: error });
  }
}

function refuseOpenToOthers(path: string, { mode, uid }: { mode: number; uid: number }, wanted: 0o600 | 0o700): void {
  if ((mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8);
    const chmod = `chmod ${wanted.toString(8)} ${quoted(path)}`;
    throw new StartError('keyFileOpenToOthers', `Others may access ${path} (mode ${found}). Run: ${chmod}`);
  }
  const self = process.geteuid?.() ?? uid;
  if (uid === self) return;
  throw new StartError(
    'keyFileOpenToOthers',
    `${path} belongs to user ${uid}, and the service runs as user ${self}. Run: chown ${self} ${quoted(path)}`,
  );
}

/** For a shell: paths with blanks or quotes stay one word. */
const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);

const restore = 'Put it back from a backup; if its key is needed no more, move the file away.';

/** `how` says what is wrong with the file, `advice` what the person at the console can do. */
export function damaged(
  path: string,
  how: string,
  { advice = restore, cause }: { advice?: string; cause?: unknown } = {},
): StartError {
  return new StartError('keyFileDamaged', `${path} cannot be used: ${how}. ${advice}`, cause);
}
