/** Small files with a secret or PEM that others replace while the service runs: read anew each time they are needed. */
import { open } from 'node:fs/promises';
import { StartError } from '../../domain/errors.ts';
import { readAtMost } from '../../files/read-at-most.ts';
import { BaoError } from './bao-trouble.ts';

/** The group may read it: so are secrets mounted. */
const openToOthers = 0o027;
/** All the authorities of a system, the usual bundle, are a quarter of it. */
const mostOctets = 1024 * 1024;

export interface FileRules {
  /** Whether it must be kept from others. Kubernetes mounts service-account tokens for everybody in the container. */
  readonly secret: boolean;
}

/** Its text without blanks at its ends: a line feed in a token is no header any more. BaoError `credentialsRejected` without one. */
export async function readSecret(path: string, rules: FileRules = { secret: true }): Promise<string> {
  const found = await look(path);
  if (found instanceof Error)
    throw new BaoError('credentialsRejected', 'a file of the credentials cannot be read', { cause: found });
  if (rules.secret && (found.mode & openToOthers) !== 0)
    throw new BaoError('credentialsRejected', `a file of the credentials has mode ${octal(found.mode)}`);
  const text = found.text?.trim() ?? '';
  // What cannot be a header, is empty or far too long is a file that is being written, or another one.
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new BaoError('credentialsRejected', 'a file of the credentials holds no token');
  return text;
}

/** What a start wants to know: that the file is there and not open to others. StartError `badConfiguration` names setting and path. */
export async function checkFile(setting: string, path: string, rules: FileRules): Promise<string> {
  const found = await look(path);
  if (found instanceof Error)
    throw new StartError(
      'badConfiguration',
      `${setting} ${path} cannot be read. Check the path, its owner and mode.`,
      found,
    );
  if (rules.secret && (found.mode & openToOthers) !== 0) {
    const advice = 'Replace the secret if others may have read it, and chmod 600.';
    throw new StartError('badConfiguration', `${setting} ${path} has mode ${octal(found.mode)}. ${advice}`);
  }
  if (found.text !== undefined) return found.text;
  const advice = 'Name one with what this vault needs alone.';
  throw new StartError('badConfiguration', `${setting} ${path} has more than ${mostOctets} octets. ${advice}`);
}

const octal = (mode: number): string => (mode & 0o777).toString(8);

/** Without a text it is too long: cut off, it would lack authorities that it names. */
async function look(path: string): Promise<{ readonly mode: number; readonly text: string | undefined } | Error> {
  try {
    await using file = await open(path, 'r');
    const { mode } = await file.stat();
    return { mode, text: (await readAtMost(file, mostOctets))?.toString() };
  } catch (error) {
    return error as Error;
  }
}
