/** `shares.json`: which shares open a vault whose passphrase was split. Nothing of it is secret. */
import { readFile } from 'node:fs/promises';
import { StartError } from '../../domain/errors.ts';
import { pathsOf } from './rewrap-folder.ts';

export interface ShareSet {
  /** As in each share. */
  readonly set: string;
  readonly shares: number;
  readonly threshold: number;
}

const format = 'privyseal-shares/1';
export const shareSetName = 'shares.json';

/** The content of `shares.json`. */
export const formatShareSet = ({ set, shares, threshold }: ShareSet): string =>
  `${JSON.stringify({ format, set, shares, threshold }, null, 2)}\n`;

/** The set that the vault's passphrase was split into; undefined if it was not. StartError `keyFileDamaged`. */
export async function readShareSet(directory: string): Promise<ShareSet | undefined> {
  const path = (await pathsOf(directory)).get(shareSetName);
  if (path === undefined) return undefined;
  try {
    const text = await readFile(path, 'utf8');
    const { set, shares, threshold } = JSON.parse(text);
    if (formatShareSet({ set, shares, threshold }) === text && isPlausible({ set, shares, threshold })) {
      return { set, shares, threshold };
    }
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

const isPlausible = ({ set, shares, threshold }: ShareSet): boolean =>
  /^[0-9a-f]{8}$/.test(set) && [shares, threshold].every(Number.isInteger) && threshold >= 2 && shares >= threshold;

const damaged = (path: string, cause?: unknown): StartError =>
  new StartError(
    'keyFileDamaged',
    `${path} cannot be used: it was truncated or altered. Put it back from a backup.`,
    cause,
  );

/** Of shares whose checksums fit, when what they give does not open the vault. */
export const forgedShares =
  'The shares are whole and of this set, but what they give opens nothing: at least one was forged, or is of an earlier passphrase. Try others.';
