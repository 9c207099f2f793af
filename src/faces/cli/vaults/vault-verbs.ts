/** The verbs of `privyseal vault`. Those that touch the home are brought by the program. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { DeliverShares, PassphraseChange, PassphraseSplit } from '../../../domain/records/vault-change.ts';
import { CliError } from '../cli-error.ts';
import type { GlobalOptions, WithSession } from '../session.ts';
import type { CliIo } from '../terminal/io.ts';
import { type OpenConsole, openConsole } from '../terminal/secret-console.ts';
import type { PasswdOptions } from './vault-passphrase.ts';
import type { SplitOptions } from './vault-split.ts';

type Asking = Pick<OpenConsole, 'ask' | 'tell'>;

/** `home` only when it was given on the command line. */
export interface VaultActs {
  readonly changePassphrase: (
    given: { home?: string },
    input: Partial<Record<'oldFile' | 'newFile' | 'earlierFile', string>> & { readonly keepInHome: boolean },
    console: Asking,
  ) => Promise<PassphraseChange>;
  /** Nothing changes before `deliver` has resolved. */
  readonly splitVault: (
    given: { home?: string },
    input: Pick<SplitOptions, 'shares' | 'threshold'> & { readonly keepPassphrase: boolean; readonly oldFile?: string },
    console: Asking,
    deliver: DeliverShares,
  ) => Promise<PassphraseSplit>;
}

interface VerbDeps extends VaultActs {
  readonly withSession: WithSession;
}

export function addVaultVerbs(program: Command, io: CliIo, deps: VerbDeps): void {
  const vault = program.command('vault').description('where the keys of authorities are');
  addLookingVerbs(program, vault, deps);
  addPasswdVerb(program, vault, { ...deps, io });
  addSplitVerb(program, vault, { ...deps, io });
}

function addLookingVerbs(program: Command, vault: Command, { withSession }: VerbDeps): void {
  vault
    .command('list')
    .description('all vaults, with the authorities whose keys they hold')
    .addHelpText('after', '\nExample:\n  $ privyseal vault list')
    .action(() => withSession(program.opts(), async (session) => (await import('./vault.ts')).listVaults(session)));
  vault
    .command('check')
    .description('sign a probe with each of its authorities’ keys, verify it, and say how long that takes')
    .argument('<name>', 'as `vault list` shows it')
    .addHelpText('after', '\nExample:\n  $ privyseal vault check file')
    .action((name: string) =>
      withSession(program.opts(), async (session) => (await import('./vault.ts')).checkVault(session, name)),
    );
}

function addPasswdVerb(program: Command, vault: Command, { io, changePassphrase }: VerbDeps & { io: CliIo }): void {
  vault
    .command('passwd')
    .description('change the passphrase of the file vault, for all its keys at once; with the service stopped')
    .option('--old-passphrase-file <file>', 'default: where a start finds it, else the console asks')
    .option('--new-passphrase-file <file>', 'default: the console asks, twice')
    .option('--earlier-passphrase-file <file>', 'of keys put back from a backup that is older than the last change')
    .option('--keep-in-home', 'write the new one to HOME/vault/passphrase, beside the keys: for trials only')
    .addHelpText('after', '\nHOME/vault/passphrase and HOME/vault/shares.json go with the old passphrase.')
    .addHelpText('after', '\nExample:\n  $ privyseal --home /var/lib/privyseal vault passwd')
    .action(async ({ keepInHome = false, ...files }: PasswdOptions) => {
      const { oldPassphraseFile, newPassphraseFile, earlierPassphraseFile } = files;
      const { home, json = false } = program.opts<GlobalOptions>();
      const path = (file: string): string => resolve(io.cwd, file);
      const input = {
        ...(oldPassphraseFile !== undefined && { oldFile: path(oldPassphraseFile) }),
        ...(newPassphraseFile !== undefined && { newFile: path(newPassphraseFile) }),
        ...(earlierPassphraseFile !== undefined && { earlierFile: path(earlierPassphraseFile) }),
        keepInHome,
      };
      const change = await withConsole(io, (console) =>
        changePassphrase(home === undefined ? {} : { home }, input, console),
      );
      (await import('./vault-passphrase.ts')).reportPassphraseChange(io, json, change);
    });
}

/** The scheme counts places in one octet; one share that does alone would be the passphrase itself. */
function readCount(text: string): number {
  if (/^[0-9]{1,3}$/.test(text) && Number(text) >= 2 && Number(text) <= 255) return Number(text);
  throw new InvalidArgumentError('It is a number from 2 to 255.');
}

function addSplitVerb(program: Command, vault: Command, { io, splitVault }: VerbDeps & { io: CliIo }): void {
  vault
    .command('split')
    .description('split the passphrase of the file vault into shares for several people; with the service stopped')
    .requiredOption('--shares <count>', 'how many there are', readCount)
    .requiredOption('--threshold <count>', 'how many of them open the vault', readCount)
    .option(
      '--keep-passphrase',
      'split the passphrase as it is; without this a fresh one that nobody knows replaces it',
    )
    .option('--old-passphrase-file <file>', 'default: where a start finds it, else the console asks')
    .option('--out <dir>', 'new folder for one file a share; without it they are shown on the terminal')
    .option('--yes', 'do not ask whether the shares were written down')
    .addHelpText('after', '\nExample:\n  $ privyseal --home /var/lib/privyseal vault split --shares 5 --threshold 3')
    .action(async (options: SplitOptions) => {
      const { home, json = false } = program.opts<GlobalOptions>();
      const { deliverShares, refuseWithoutTaker, reportSplit } = await import('./vault-split.ts');
      const { shares, threshold, keepPassphrase = false, oldPassphraseFile, yes = false } = options;
      if (threshold > shares) throw new CliError('usage', `--threshold ${threshold} is more than --shares ${shares}.`);
      const out = options.out === undefined ? undefined : resolve(io.cwd, options.out);
      refuseWithoutTaker({ io, json, out });
      const oldFile = oldPassphraseFile === undefined ? {} : { oldFile: resolve(io.cwd, oldPassphraseFile) };
      const input = { shares, threshold, keepPassphrase, ...oldFile };
      const split = await withConsole(io, (console) =>
        splitVault(home === undefined ? {} : { home }, input, console, (handout, judge) =>
          deliverShares({ io, console, json, out, yes }, handout, judge),
        ),
      );
      reportSplit({ io, json, out }, split);
    });
}

async function withConsole<T>(io: CliIo, act: (console: Asking) => Promise<T>): Promise<T> {
  const console = openConsole(io);
  try {
    return await act(console);
  } finally {
    console.close();
  }
}
