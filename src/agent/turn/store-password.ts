/** The password of a target's stores: of a file, or made once and kept from set to set, because programs keep it. */
import { readFile, stat } from 'node:fs/promises';
import { isStorePassword } from '../../domain/keystore/pkcs12.ts';
import { AgentError } from '../agent-error.ts';
import { type FilesConfig, outputsOf } from '../config/agent-schema.ts';
import { newStorePassword } from '../files/credential-set.ts';

const needsPassword = ['keystore.p12', 'truststore.p12', 'store-password'] as const;

/** Empty for a target without stores. AgentError `fileUnreadable` or `fileOpenToOthers`. */
export async function storePassword(files: FilesConfig, known: string | undefined): Promise<string> {
  if (!outputsOf(files).some((output) => needsPassword.some((name) => name === output))) return '';
  return files.passwordFile === undefined ? known || newStorePassword() : readPassword(files.passwordFile);
}

async function readPassword(file: string): Promise<string> {
  const { mode } = await stat(file).catch((error: unknown) => unreadable(file, error));
  if ((mode & 0o077) !== 0) {
    throw new AgentError('fileOpenToOthers', `${file}, the password of the stores, is open to others; chmod 600 it.`);
  }
  const text = await readFile(file, 'utf8').catch((error: unknown) => unreadable(file, error));
  const password = text.replace(/\r?\n$/, '');
  if (isStorePassword(password)) return password;
  const rule = '6 to 128 printable ASCII characters, one line';
  throw new AgentError('fileUnreadable', `${file} does not hold a store password: ${rule}.`);
}

function unreadable(file: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  throw new AgentError('fileUnreadable', `${file}, the password of the stores, cannot be read (${code}).`, error);
}
