/** The verbs of `privyseal vault`. Those that touch the home are brought by the program. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { PassphraseChange } from '../../domain/records/vault-change.ts';
import type { CliIo } from './io.ts';
import { type OpenConsole, openConsole } from './secret-console.ts';
import type { GlobalOptions, WithSession } from './session.ts';
import type { PasswdOptions } from './vault-passphrase.ts';

type Asking = Pick<OpenConsole, 'ask' | 'tell'>;

/** `home` only when it was given on the command line. */
export interface VaultActs {
  readonly changePassphrase: (
    given: { home?: string },
    input: { readonly oldFile?: string; readonly newFile?: string; readonly keepInHome: boolean },
    console: Asking,
  ) => Promise<PassphraseChange>;
}

interface VerbDeps extends VaultActs {
  readonly withSession: WithSession;
}

export function addVaultVerbs(program: Command, io: CliIo, deps: VerbDeps): void {
  const vault = program.command('vault').description('where the keys of authorities are');
  addLookingVerbs(program, vault, deps);
  addPasswdVerb(program, vault, { ...deps, io });
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
    .option('--keep-in-home', 'write the new one to HOME/vault/passphrase, beside the keys: for trials only')
    .addHelpText('after', '\nExample:\n  $ privyseal --home /var/lib/privyseal vault passwd')
    .action(async ({ oldPassphraseFile, newPassphraseFile, keepInHome = false }: PasswdOptions) => {
      const { home, json = false } = program.opts<GlobalOptions>();
      const path = (file: string): string => resolve(io.cwd, file);
      const input = {
        ...(oldPassphraseFile !== undefined && { oldFile: path(oldPassphraseFile) }),
        ...(newPassphraseFile !== undefined && { newFile: path(newPassphraseFile) }),
        keepInHome,
      };
      const change = await withConsole(io, (console) =>
        changePassphrase(home === undefined ? {} : { home }, input, console),
      );
      (await import('./vault-passphrase.ts')).reportPassphraseChange(io, json, change);
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
