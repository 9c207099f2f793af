/** Where a token's PIN comes from: a file, read again at each login so that it can be changed, or an environment variable. */
import { type FileHandle, open } from 'node:fs/promises';
import { StartError } from '../../domain/errors.ts';
import { readAtMost } from '../../files/read-at-most.ts';

export interface PinSettings {
  readonly pinFile?: string;
  readonly pinVariable?: string;
}

/** Undefined when the settings name no source: there are tokens without a login. */
export type ReadPin = () => Promise<string | undefined>;

/** A variable is removed from `env`, so that no child inherits it. Rejects with StartError `pinMissing`, `keyFileOpenToOthers`. */
export async function openPin({ pinFile, pinVariable }: PinSettings, env: NodeJS.ProcessEnv): Promise<ReadPin> {
  if (pinFile !== undefined) {
    await readPinFile(pinFile);
    return () => readPinFile(pinFile);
  }
  if (pinVariable === undefined) return async () => undefined;
  const pin = env[pinVariable];
  delete env[pinVariable];
  if (pin === undefined || pin === '') throw missing(`${pinVariable} is not set, or empty.`);
  return async () => pin;
}

/** PKCS#11 counts PINs in octets, and no HSM takes that many. */
const longest = 1024;

/** As with the passphrase of the file vault, an orchestrator may mount it for a group of ours, never for everybody. */
const forbidden = 0o027;

async function readPinFile(path: string): Promise<string> {
  try {
    // Not O_NOFOLLOW: mounted secrets are links. What was opened is what is checked.
    await using file: FileHandle = await open(path, 'r');
    const { mode } = await file.stat();
    if ((mode & forbidden) !== 0) throw openToOthers(path, mode);
    const octets = await readAtMost(file, longest);
    if (!octets) throw missing(`${path} is too long for a PIN (more than ${longest} octets).`);
    const pin = octets.toString('utf8').replace(/\r?\n$/, '');
    octets.fill(0);
    // As an editor's for Windows leaves it, and each wrong PIN is one try less.
    if (pin.startsWith('\uFEFF')) throw missing(`${path} starts with a byte order mark.`);
    if (pin === '' || pin.includes('\0') || pin.includes('\uFFFD')) throw missing(`${path} holds no PIN.`);
    return pin;
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError('pinMissing', `The PIN cannot be read from ${path}.`, error);
  }
}

const missing = (what: string): StartError =>
  new StartError('pinMissing', `${what} Give the token’s PIN with pinFile (docs/keys.md).`);

const openToOthers = (path: string, mode: number): StartError =>
  new StartError(
    'keyFileOpenToOthers',
    `Others may access ${path} (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 '${path}'`,
  );
