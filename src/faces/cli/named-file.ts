/** Files that a person named for a verb to read: of one that cannot be read, what it is for, why not, and what to do. */
import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

export interface NamedFile {
  readonly file: string;
  /** `the CSR`. */
  readonly what: string;
  /** A sentence: what to give instead, where nothing is there or something else. */
  readonly advice: string;
  readonly isCredential?: boolean;
}

/** CliError `fileMissing`, of a credential `credentialMissing`, or `fileUnreadable`. */
export const readNamedFile = (named: NamedFile): Promise<Buffer> =>
  readFile(named.file).catch((error: unknown) => {
    throw unreadable(named, error);
  });

export const readNamedText = async (named: NamedFile): Promise<string> => (await readNamedFile(named)).toString('utf8');

export const isMissing = (error: unknown): boolean =>
  error instanceof CliError && (error.code === 'fileMissing' || error.code === 'credentialMissing');

/** `error` is what the file system says. */
export function unreadable({ file, what, advice, isCredential = false }: NamedFile, error: unknown): CliError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new CliError(
      isCredential ? 'credentialMissing' : 'fileMissing',
      `There is no ${file}, ${what}. ${advice}`,
      error,
    );
  }
  const said = (why: string): CliError => new CliError('fileUnreadable', `${file}, ${what}, ${why}`, error);
  if (code === 'EISDIR') return said(`is a folder. ${advice}`);
  if (code === 'EACCES' || code === 'EPERM') return said('may not be read by this user. Check its owner and mode.');
  return said(`cannot be read (${code}). Check its disk, or name another file.`);
}
