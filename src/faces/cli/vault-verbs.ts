/** The verbs of `privyseal vault`. */
import type { Command } from 'commander';
import type { WithSession } from './session.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

export function addVaultVerbs(program: Command, { withSession }: VerbDeps): void {
  const vault = program.command('vault').description('where the keys of authorities are');
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
