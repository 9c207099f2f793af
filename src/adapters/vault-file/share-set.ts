/** `shares.json`: which shares open a vault whose passphrase was split. Nothing of it is secret. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import type { JudgeShare } from '../../domain/records/vault-change.ts';
import { pathsOf, stagedName } from './rewrap-folder.ts';
import { parseShare } from './share-text.ts';

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
  return path === undefined ? undefined : parseShareSet(path);
}

/** The set of a split that ended before it was decided: it never opened anything. Until the next start, or change of the passphrase. */
export async function readCutShortSet(directory: string): Promise<string | undefined> {
  const shareSet = await parseShareSet(join(directory, stagedName, shareSetName)).catch(() => undefined);
  return shareSet?.set;
}

export function judgeShares(inForce: string | undefined, cutShort: string | undefined): JudgeShare {
  return (line) => {
    const share = parseShare(line);
    if (typeof share === 'string') return undefined;
    const { set } = share;
    return { set, standing: set === inForce ? 'inForce' : set === cutShort ? 'cutShort' : 'other' };
  };
}

async function parseShareSet(path: string): Promise<ShareSet> {
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
