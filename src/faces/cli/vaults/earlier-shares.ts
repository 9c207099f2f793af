/** Shares that lie where new ones are to be written: removed when a split that was cut short left them, else told what they are. */
import { readdir, readFile, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { EarlierShare, JudgeShare } from '../../../domain/records/vault-change.ts';
import { CliError } from '../cli-error.ts';

/** Resolves when `folder` is gone; CliError `fileExists` when it stays. */
export async function removeVoidShares(folder: string, judge: JudgeShare, cause: unknown): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(names.map((name) => readShare(join(folder, name), judge)));
  const isVoid = found.every((share) => share === 'empty' || share?.standing === 'cutShort');
  if (!isVoid || !found.some(isShare)) throw exists(folder, found.find(isShare), cause);
  for (const name of names) await unlink(join(folder, name));
  await rmdir(folder);
}

/** `empty`: the name of a share whose octets did not reach the disk. */
type Found = EarlierShare | 'empty' | undefined;

const isShare = (found: Found): found is EarlierShare => found !== undefined && found !== 'empty';

async function readShare(file: string, judge: JudgeShare): Promise<Found> {
  if (!/\/share-\d{1,3}\.txt$/.test(file)) return undefined;
  const text = await readFile(file, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  return text === '' ? 'empty' : judge(text.trim());
}

function exists(folder: string, share: EarlierShare | undefined, cause: unknown): CliError {
  const what = share ? `${folder} exists already, with shares of set ${share.set}` : `${folder} exists already`;
  return new CliError(
    'fileExists',
    `${what}${share ? meaning[share.standing] : '.'} Name a new folder with --out.`,
    cause,
  );
}

const meaning: Readonly<Record<EarlierShare['standing'], string>> = {
  inForce: ', which open this vault as it is. Give each to its holder.',
  cutShort: ', of a split that was cut short and never in force, and something else. Destroy those shares.',
  other:
    ', which do not open this vault as it is: of a split that was cut short, or of an earlier passphrase. Destroy them unless a backup needs them.',
};
