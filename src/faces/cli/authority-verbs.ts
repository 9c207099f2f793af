/** The verbs of `privyseal authority`; each one's code is loaded when it is called. */
import type { Command } from 'commander';
import type { WithSession } from './session.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

/** Adds the noun, and gives it to those who have verbs of their own for it. */
export function addAuthorityVerbs(program: Command, deps: VerbDeps): Command {
  const authority = program.command('authority').description('authorities: who signs, and with which key');
  addLookingVerbs(program, authority, deps);
  return authority;
}

function addLookingVerbs(program: Command, authority: Command, { withSession }: VerbDeps): void {
  authority
    .command('list')
    .description('all authorities, with the fingerprints of their certificates')
    .addHelpText('after', '\nExample:\n  $ privyseal authority list')
    .action(() =>
      withSession(program.opts(), async (session) => (await import('./authority.ts')).listAuthorities(session)),
    );
  authority
    .command('show')
    .description('one authority: its key, its vault, and its certificate')
    .argument('<name>', 'like dev-issuing')
    .option('--pem', 'with the certificate itself')
    .addHelpText('after', '\nExample:\n  $ privyseal authority show dev-issuing --pem')
    .action((name: string, options: { pem?: boolean }) =>
      withSession(program.opts(), async (session) =>
        (await import('./authority.ts')).showAuthority(session, name, options),
      ),
    );
}
