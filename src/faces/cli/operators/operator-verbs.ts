/** The verbs of `privyseal operator`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { OperatorRoleBody } from '../../../api/operator.ts';
import { isOperatorName } from '../../../domain/policy/operator-rules.ts';
import { keyTypeOption, readLength } from '../arguments.ts';
import type { GlobalOptions, WithSession } from '../session.ts';
import type { CliIo } from '../terminal/io.ts';
import type { CredentialOptions } from './operator-credential.ts';
import type { Recovery } from './operator-recover.ts';

/** Break-glass; `home` only when it was given on the command line. */
export interface RecoverAct {
  readonly recover: (given: { home?: string }, name: string) => Promise<Recovery>;
}

interface VerbDeps {
  readonly withSession: WithSession;
}

const roles = ['admin', 'operator', 'auditor'] as const satisfies readonly OperatorRoleBody['role'][];

function readName(text: string): string {
  if (isOperatorName(text)) return text;
  throw new InvalidArgumentError('A name is lower-case letters, digits, dots, - and _, and begins with a letter.');
}

function readRole(text: string): OperatorRoleBody['role'] {
  const role = roles.find((known) => known === text);
  if (role) return role;
  throw new InvalidArgumentError(`A role is one of ${roles.join(', ')}; docs/operating.md says what each may do.`);
}

const examples = (...lines: readonly string[]): string =>
  `\nExample:\n${lines.map((line) => `  $ privyseal ${line}`).join('\n')}`;

export function addOperatorVerbs(program: Command, io: CliIo, deps: VerbDeps & RecoverAct): void {
  const operator = program.command('operator').description('who may use the admin face, and as what');
  addLookingVerbs(program, operator, deps);
  addIssuingVerbs(program, operator, deps);
  addChangingVerbs(program, operator, deps);
  addRecoverVerb(program, operator, { io, ...deps });
}

function addLookingVerbs(program: Command, operator: Command, { withSession }: VerbDeps): void {
  operator
    .command('list')
    .description('all operators')
    .addHelpText('after', examples('operator list'))
    .action(() =>
      withSession(program.opts(), async (session) => (await import('./operator.ts')).listOperators(session)),
    );
  operator
    .command('show')
    .description('one operator, and its certificates that are good now')
    .argument('<name>', 'as `operator list` shows it')
    .addHelpText('after', examples('operator show alice'))
    .action((name: string) =>
      withSession(program.opts(), async (session) => (await import('./operator.ts')).showOperator(session, name)),
    );
}

function addIssuingVerbs(program: Command, operator: Command, { withSession }: VerbDeps): void {
  const withCredentialOptions = (verb: Command): Command =>
    verb
      .option('--csr <file>', 'a CSR made elsewhere, PEM or DER; without it the key is made here')
      .option('--out <dir>', 'folder of the files (default: ./NAME)')
      .option('--lifetime <length>', 'like 90d (default: a year)', readLength)
      .addOption(keyTypeOption);
  withCredentialOptions(
    operator.command('add').description('add an operator, with its first certificate').argument('<name>', '', readName),
  )
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .addHelpText(
      'after',
      examples('operator add alice --role operator', 'operator add bob --role auditor --csr bob.csr'),
    )
    .action((name: string, options: CredentialOptions & OperatorRoleBody) =>
      withSession(program.opts(), async (session) =>
        (await import('./operator-credential.ts')).addOperator(session, name, options),
      ),
    );
  withCredentialOptions(
    operator
      .command('renew')
      .description('a further certificate for a new key; earlier ones stay good until they expire or are revoked')
      .argument('[name]', 'default: the operator that asks; another takes an admin', readName),
  )
    .addHelpText('after', examples('operator renew --out alice-2027'))
    .action((name: string | undefined, options: CredentialOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./operator-credential.ts')).renewOperator(session, name, options),
      ),
    );
}

function addChangingVerbs(program: Command, operator: Command, { withSession }: VerbDeps): void {
  operator
    .command('role')
    .description('give an operator another role')
    .argument('<name>', 'as `operator list` shows it')
    .argument('<role>', roles.join(', '), readRole)
    .addHelpText('after', examples('operator role alice auditor'))
    .action((name: string, role: OperatorRoleBody['role']) =>
      withSession(program.opts(), async (session) =>
        (await import('./operator.ts')).changeRole(session, name, { role }),
      ),
    );
  operator
    .command('remove')
    .description('remove an operator, and revoke all its certificates')
    .argument('<name>', 'as `operator list` shows it')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('operator remove alice'))
    .action((name: string, options: { yes?: boolean }) =>
      withSession(program.opts(), async (session) =>
        (await import('./operator.ts')).removeOperator(session, name, options),
      ),
    );
}

function addRecoverVerb(
  program: Command,
  operator: Command,
  { io, recover }: RecoverAct & { readonly io: CliIo },
): void {
  operator
    .command('recover')
    .description('make an admin when none can get in: on the machine itself, with the service stopped')
    .argument('[name]', 'who becomes admin, and gets a new certificate', readName, 'admin')
    .addHelpText('after', examples('operator recover', '--home /var/lib/privyseal operator recover alice'))
    .action(async (name: string) => {
      const { home, json = false } = program.opts<GlobalOptions>();
      const recovery = await recover(home === undefined ? {} : { home }, name);
      (await import('./operator-recover.ts')).reportRecovery(io, json, recovery);
    });
}
