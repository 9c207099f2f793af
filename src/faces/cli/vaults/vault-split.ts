/** `privyseal vault split`: hands out the shares, on the terminal or as one file each, and tells what they open. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  JudgeShare,
  PassphraseSource,
  PassphraseSplit,
  ShareHandout,
} from '../../../domain/records/vault-change.ts';
import { syncFolder } from '../../../files/sync-folder.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import type { OpenConsole } from '../terminal/secret-console.ts';
import { aboutMissing, describeVaultFiles, fact } from './describe-vault-files.ts';
import { removeVoidShares } from './earlier-shares.ts';

export interface SplitOptions {
  readonly shares: number;
  readonly threshold: number;
  readonly keepPassphrase?: boolean;
  readonly oldPassphraseFile?: string;
  readonly out?: string;
  readonly yes?: boolean;
}

export interface Delivery {
  readonly io: CliIo;
  readonly console: Pick<OpenConsole, 'ask'>;
  readonly json: boolean;
  /** New folder of the files, absolute; without it a person has to be at the terminal. */
  readonly out: string | undefined;
  readonly yes: boolean;
}

/** Before anything is asked: shares are not for a pipe or a log. */
export function refuseWithoutTaker({ io, out, json }: Pick<Delivery, 'io' | 'out' | 'json'>): void {
  if (out !== undefined || (io.isTty && !json)) return;
  throw new CliError('usage', 'Nobody is at the terminal to take the shares. Give --out DIR for a file each.');
}

/** Resolves when the shares are where they belong; CliError `declined` when the person says they are not. */
export async function deliverShares(
  { io, console, out, yes }: Delivery,
  handout: ShareHandout,
  judge: JudgeShare,
): Promise<void> {
  if (out !== undefined) return writeShares(out, handout, judge);
  io.stdout.write(`${handout.shares.flatMap((_share, index) => [...pageOf(handout, index), '']).join('\n')}\n`);
  if (yes) return;
  const answer = await console.ask('Is each share written down, for its holder alone? Nothing has changed yet. [y/N] ');
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
    throw new CliError('declined', 'The shares above are void; the passphrase is as it was.');
  }
}

/** The share is the only line without a blank in it. */
const pageOf = ({ set, threshold, shares }: ShareHandout, index: number): string[] => [
  `Share ${index + 1} of ${shares.length}, set ${set}; any ${threshold} of them open the vault:`,
  `  ${shares[index]}`,
];

/** All of it is on the disk, names too, when it resolves: the vault is sealed anew then, and nothing but shares may open it. */
async function writeShares(folder: string, handout: ShareHandout, judge: JudgeShare): Promise<void> {
  await makeFolder(folder, judge).catch((error: unknown) => {
    throw error instanceof CliError ? error : notWritten(folder, error);
  });
  try {
    for (const [index, share] of handout.shares.entries()) {
      const file = join(folder, `share-${index + 1}.txt`);
      await writeFile(file, `${share}\n`, { mode: 0o600, flag: 'wx', flush: true });
    }
    await syncFolder(folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    // Shares of a passphrase that stays as it was would open the vault.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    throw notWritten(folder, error);
  }
}

async function makeFolder(folder: string, judge: JudgeShare): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await removeVoidShares(folder, judge, error);
    await mkdir(folder, { mode: 0o700 });
  }
}

const notWritten = (folder: string, error: unknown): CliError =>
  new CliError('folderUnwritable', `${folder} cannot be written; nothing has changed.`, error);

export function reportSplit({ io, json, out }: Pick<Delivery, 'io' | 'json' | 'out'>, split: PassphraseSplit): void {
  const text = json
    ? JSON.stringify({ ...split, ...(out !== undefined && { out }) }, null, 2)
    : describe(split, out).join('\n');
  io.stdout.write(`${text}\n`);
}

function describe(split: PassphraseSplit, out: string | undefined): string[] {
  const { vault, set, shares, threshold, fresh, source, removed, notAudited } = split;
  return [
    fact('Vault', vault),
    fact('Shares', `${shares}, set ${set}; any ${threshold} of them open the vault`),
    ...(out === undefined
      ? []
      : [fact('Shares in', `${out}, one file each: give each to its holder, and remove the folder`)]),
    fact('Passphrase', fresh ? 'a fresh one, which nobody knows whole' : 'as it was: whoever knows it needs no share'),
    ...describeVaultFiles(split),
    fact('Audited', notAudited === null ? 'yes, as vault.passphraseSplit' : `no. ${notAudited}`),
    '',
    'Next',
    ...(source === 'home' && removed.length > 0 ? [] : takeAway[source]),
    ...(fresh ? aboutMissing(split) : []),
    '  Start the service at a console; it asks for the shares. Backups made before open with the old passphrase (docs/keys.md).',
  ];
}

const unset = (what: string): string[] => [
  `  Take ${what} away: a start looks there first, and asks for shares only if there is nothing.`,
];

const takeAway: Readonly<Record<PassphraseSource, readonly string[]>> = {
  environment: unset('PRIVYSEAL_VAULT_PASSPHRASE'),
  file: unset('PRIVYSEAL_VAULT_PASSPHRASE_FILE and the file it names'),
  credential: unset('the credential of systemd'),
  home: unset('vault/passphrase'),
  shares: ['  The earlier shares open nothing any more: destroy them.'],
  given: [],
};
