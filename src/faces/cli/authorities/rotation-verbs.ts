/** The verbs of `privyseal authority` that replace an authority's key: calmly, or because it is in other hands. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { keyTypes } from '../../../domain/x509/key-type.ts';
import { readDeadline } from '../deadline.ts';
import type { WithSession } from '../session.ts';
import type { AdvanceOptions, CompromiseOptions, RotateOptions } from './rotation.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

const example = (line: string): string => `\nExample:\n  $ privyseal authority ${line}`;
const nameHelp = 'like dev-issuing';

export function addRotationVerbs(program: Command, authority: Command, { withSession }: VerbDeps): void {
  const rotate = authority
    .command('rotate')
    .description('replace the key of an authority in steps: prepared, trusted, issuing, retiring, retired');
  const keyed = (verb: Command): Command =>
    verb
      .argument('<name>', nameHelp)
      .option('--vault <name>', 'where the new key is made (default: where the old one is)')
      .option('--vault-key <name>', 'a key that the vault has already, instead of a new one')
      .addOption(new Option('--key-type <type>', 'of the new key (default: that of the old one)').choices(keyTypes));
  keyed(rotate.command('plan').description('what a rotation would come to; changes nothing'))
    .addHelpText('after', example('rotate plan dev-issuing --vault hsm'))
    .action((name: string, options: RotateOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./rotation.ts')).planRotation(session, name, options),
      ),
    );
  keyed(
    rotate.command('start').description('make the new key, its certificate and, for a root, both cross-certificates'),
  )
    .option('--yes', 'do not ask')
    .addHelpText('after', example('rotate start dev-issuing --yes'))
    .action((name: string, options: RotateOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./rotation.ts')).startRotation(session, name, options),
      ),
    );
  rotate
    .command('status')
    .description('where it is, and who stands in the way of the next step')
    .argument('<name>', nameHelp)
    .addHelpText('after', example('rotate status dev-root'))
    .action((name: string) =>
      withSession(program.opts(), async (session) => (await import('./rotation.ts')).showRotation(session, name)),
    );
  rotate
    .command('advance')
    .description('take the next step, if nothing stands in its way')
    .argument('<name>', nameHelp)
    .option('--force <reason>', 'take it all the same; the audit log keeps why, in ten letters or more')
    .option('--rotate-by <time>', 'when all old certificates are to be rotated, for the step to retiring', readDeadline)
    .option('--yes', 'do not ask')
    .addHelpText('after', example('rotate advance dev-issuing --rotate-by 14d --yes'))
    .action((name: string, options: AdvanceOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./rotation.ts')).advanceRotation(session, name, options),
      ),
    );
  rotate
    .command('abandon')
    .description('give it up, before anything was issued by the new key, and destroy that key')
    .argument('<name>', nameHelp)
    .option('--yes', 'do not ask')
    .addHelpText('after', example('rotate abandon dev-issuing --yes'))
    .action((name: string, options: { yes?: boolean }) =>
      withSession(program.opts(), async (session) =>
        (await import('./rotation.ts')).abandonRotation(session, name, options),
      ),
    );
  addCompromise(program, authority, withSession);
}

function addCompromise(program: Command, authority: Command, withSession: WithSession): void {
  authority
    .command('compromise')
    .description('somebody else has its key: stop, revoke, publish, replace, and rotate what it issued')
    .argument('<name>', nameHelp)
    .requiredOption('--reason <text>', 'what is known, in ten letters or more; the audit log keeps it')
    .option('--dry-run', 'only say what would happen')
    .option('--vault <name>', 'where the new keys are made (default: where the lost ones were)')
    .option('--generation <number>', 'which generation, when an earlier one was compromised before', readGeneration)
    .option('--rotate-by <time>', 'when all its certificates are to be rotated (default: in a day)', readDeadline)
    .option('--yes', 'do not ask')
    .addHelpText('after', example('compromise dev-issuing --reason "the key was found in a log" --dry-run'))
    .action((name: string, options: CompromiseOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./rotation.ts')).declareCompromise(session, name, options),
      ),
    );
}

function readGeneration(text: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A generation is a number, like 2.');
}
