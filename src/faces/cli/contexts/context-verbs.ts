/** The verbs of contexts, which work on the user's own file and never on a service. */
import type { Command } from 'commander';
import type { GlobalOptions } from '../session.ts';
import type { CliIo } from '../terminal/io.ts';
import type { Terminal } from './context.ts';

export function addContextVerbs(program: Command, io: CliIo): void {
  const terminal = (): Terminal => ({ io, json: program.opts<GlobalOptions>().json === true });
  const context = program.command('context').description('contexts: names for the services you work with');
  context
    .command('add')
    .description('remember where a service is and which files to show it: --url, --admin-url, --cert, --key, --ca …')
    .argument('<name>', 'like prod')
    .option('--replace', 'write it anew if there is one of this name')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal context add prod --url https://ca.example.org:8443 --admin-url https://ca.example.org:9443 --cert me.crt --key me.key --ca system.pem',
    )
    .action(async (name: string, { replace = false }: { replace?: boolean }) => {
      const { json: _json, context: _context, ...given } = program.opts<GlobalOptions>();
      await (await import('./context.ts')).addContext(terminal(), name, { ...given, replace });
    });
  context
    .command('list')
    .description('all contexts; * is the one in use')
    .addHelpText('after', '\nExample:\n  $ privyseal context list')
    .action(async () => (await import('./context.ts')).listContexts(terminal()));
  context
    .command('use')
    .description('work in this context from now on')
    .argument('<name>', 'as `context list` shows it')
    .addHelpText('after', '\nExample:\n  $ privyseal context use prod')
    .action(async (name: string) => (await import('./context.ts')).useContext(terminal(), name));
  context
    .command('show')
    .description('where a context points to')
    .argument('[name]', 'the one in use if absent')
    .addHelpText('after', '\nExample:\n  $ privyseal context show prod')
    .action(async (name: string | undefined) => (await import('./context.ts')).showContext(terminal(), name));
  context
    .command('remove')
    .description('forget a context; the files it names stay')
    .argument('<name>', 'as `context list` shows it')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ privyseal context remove prod --yes')
    .action(async (name: string, options: { yes?: boolean }) =>
      (await import('./context.ts')).removeContext(terminal(), name, options),
    );
}
