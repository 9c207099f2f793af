/** The command line as a tree of verbs (commander); each verb's code is loaded when it is called. */
import { Command } from 'commander';
import type { EnvironmentBody } from '../../api/service.ts';
import { hierarchyOption, readSerial, readUrl, reasonOption, refuseEmptyPaths } from './arguments.ts';
import { addAuditVerbs } from './audit/audit-verbs.ts';
import type { OpenAuditLog } from './audit/audit-verify.ts';
import { addAuthorityVerbs } from './authorities/authority-verbs.ts';
import { addCeremonyVerbs, type CeremonyDeps } from './authorities/ceremony-verbs.ts';
import { addBackupVerbs, type HomeActs } from './backup/backup-verbs.ts';
import { addCampaignVerbs } from './campaigns/campaign-verbs.ts';
import { addCompletionVerbs } from './completion-verbs.ts';
import { addContextVerbs } from './contexts/context-verbs.ts';
import { addDoctorVerb, type DoctorDeps } from './doctor-verbs.ts';
import { type Ending, endingWords, exitCodes } from './exit-codes.ts';
import { addInventoryVerbs } from './inventory/inventory-verbs.ts';
import type { RevokeOptions } from './inventory/revoke.ts';
import { addOperatorVerbs, type RecoverAct } from './operators/operator-verbs.ts';
import { addRegistryVerbs } from './registry/registry-verbs.ts';
import { addRequestVerbs } from './requests/request-verbs.ts';
import { addRotateVerbs, type RotationActs } from './rotate-verbs.ts';
import type { GlobalOptions, WithSession } from './session.ts';
import type { CliIo } from './terminal/io.ts';
import { addToolVerbs } from './tool-verbs.ts';
import { addVaultVerbs, type VaultActs } from './vaults/vault-verbs.ts';

export interface ProgramDeps extends HomeActs, RecoverAct, DoctorDeps, RotationActs, VaultActs, CeremonyDeps {
  readonly version: string;
  /** Both resolve to an exit code. `home` only when it was given here. */
  readonly serve: (overrides: { home?: string }) => Promise<number>;
  readonly initialize: (overrides: { home?: string }) => Promise<number>;
  /** StartError when the file is neither a database nor a backup. */
  readonly openAuditLog: OpenAuditLog;
  /** Runs a verb that talks to the service. */
  readonly withSession: WithSession;
  /** Takes the exit code of `serve` and `init`. */
  readonly end: (exitCode: number) => void;
}

/** What somebody types first, and what scripts decide by. */
const afterHelp = `
Examples:
  $ privyseal serve                        # the first start makes its home
  $ privyseal request demo.dev.internal    # a key, and a certificate for it
  $ privyseal list --expires-within 30d
  $ privyseal revoke --help                # each verb has examples of its own

Exit codes:
${Object.entries(exitCodes)
  .map(([ending, code]) => `  ${String(code).padEnd(3)} ${endingWords[ending as Ending]}`)
  .join('\n')}`;

export function buildProgram(io: CliIo, deps: ProgramDeps): Command {
  const program = new Command('privyseal')
    .description(
      'An internal certificate authority. Settings of the service: privyseal.yaml and PRIVYSEAL_* variables.',
    )
    .version(deps.version)
    .option(
      '--home <dir>',
      'the service’s home, for credentials and trust files (default: PRIVYSEAL_HOME, home of privyseal.yaml, or ./data)',
    )
    .option('--url <url>', 'public face (default: https://localhost and the port that the home tells)', readUrl)
    .option('--admin-url <url>', 'admin face (default: https://localhost and the port that the home tells)', readUrl)
    .option('--cert <file>', 'client certificate (default: HOME/admin/admin.crt)')
    .option('--key <file>', 'its private key (default: HOME/admin/admin.key)')
    .option('--ca <file>', 'what to trust as the service (default: HOME/trust/system.pem)')
    .option('--token-file <file>', 'enrolment token (default: PRIVYSEAL_TOKEN or HOME/demo/token)')
    .option('--context <name>', 'context that says the above (default: PRIVYSEAL_CONTEXT or the one in use)')
    .option('--json', 'answers on stdout and errors on stderr as JSON')
    .addHelpText('after', afterHelp)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.columns ?? 80,
      getErrHelpWidth: () => io.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // The error is thrown as well, and reported in one place.
      outputError: () => {},
    })
    .exitOverride()
    .hook('preAction', (_program, verb) => refuseEmptyPaths([program, verb]));
  addServiceVerbs(program, deps);
  addBackupVerbs(program, io, deps);
  addRequestVerbs(program, deps);
  addCertificateVerbs(program, deps);
  addRotateVerbs(program, io, deps);
  addInventoryVerbs(program, deps);
  addEnvironmentVerbs(program, deps);
  addAuthorityVerbs(program, deps);
  addVaultVerbs(program, io, deps);
  addRegistryVerbs(program, deps);
  addCampaignVerbs(program, deps);
  addToolVerbs(program, deps);
  addAuditVerbs(program, deps);
  addOperatorVerbs(program, io, deps);
  addCeremonyVerbs(program, io, deps);
  addDoctorVerb(program, io, deps);
  addContextVerbs(program, io);
  addCompletionVerbs(program, io);
  return program;
}

function addServiceVerbs(program: Command, { serve, initialize, withSession, end }: ProgramDeps): void {
  const overrides = (): { home?: string } => {
    const { home } = program.opts<GlobalOptions>();
    return home === undefined ? {} : { home };
  };
  program
    .command('serve')
    .description('start the service; a first start makes its home')
    .addHelpText('after', '\nExample:\n  $ PRIVYSEAL_HOME=/var/lib/privyseal privyseal serve')
    .action(async () => end(await serve(overrides())));
  program
    .command('init')
    .description('make the home without starting the service')
    .addHelpText('after', '\nExample:\n  $ privyseal init --home /var/lib/privyseal')
    .action(async () => end(await initialize(overrides())));
  program
    .command('status')
    .description('whether the service is ready, its authorities, CRLs and counts')
    .addHelpText('after', '\nExample:\n  $ until privyseal status; do sleep 1; done')
    .action(() => withSession(program.opts(), async (session) => (await import('./status.ts')).status(session)));
}

function addCertificateVerbs(program: Command, { withSession }: ProgramDeps): void {
  program
    .command('show')
    .description('everything about one certificate')
    .addHelpText('after', '\nExample:\n  $ privyseal show 01c88df8b2f0a94d0f1d6a1f36c0a7f6b6a8a5d3 --pem')
    .argument('<serial>', 'as `list` shows it', readSerial)
    .option('--pem', 'with the certificate itself')
    .action((serial: string, options: { pem?: boolean }) =>
      withSession(program.opts(), async (session) =>
        (await import('./inventory/show.ts')).show(session, serial, options),
      ),
    );
  program
    .command('revoke')
    .description('revoke a certificate')
    .addHelpText(
      'after',
      '\nExamples:\n  $ privyseal revoke 01c88df8b2f0a94d0f1d6a1f36c0a7f6b6a8a5d3 --reason keyCompromise --yes' +
        '\n  $ privyseal revoke --file cert.pem --reason superseded     # also one that a restore left the inventory without',
    )
    .argument('[serial]', 'as `list` shows it', readSerial)
    .option('--file <file>', 'the certificate itself, PEM or DER, instead of its serial')
    .addOption(reasonOption)
    .option('--yes', 'do not ask')
    .action((serial: string | undefined, options: RevokeOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./inventory/revoke.ts')).revoke(session, serial, options),
      ),
    );
  program
    .command('release')
    .description('make a certificate that was revoked with certificateHold good again')
    .addHelpText('after', '\nExample:\n  $ privyseal release 01c88df8b2f0a94d0f1d6a1f36c0a7f6b6a8a5d3')
    .argument('<serial>', 'as `list` shows it', readSerial)
    .action((serial: string) =>
      withSession(program.opts(), async (session) => (await import('./inventory/revoke.ts')).release(session, serial)),
    );
}

function addEnvironmentVerbs(program: Command, { withSession }: ProgramDeps): void {
  const environment = program.command('environment').description('environments, each with roots of its own');
  environment
    .command('add')
    .description('make an environment with its authorities and profiles')
    .addHelpText('after', '\nExample:\n  $ privyseal environment add staging --hierarchy two-tier')
    .argument('<name>', 'lower-case letters, digits and -')
    .addOption(hierarchyOption)
    .option('--vault <name>', 'vault of its authorities’ keys (default: that of the setting `vault`)')
    .action((name: string, options: Pick<EnvironmentBody, 'hierarchy' | 'vault'>) =>
      withSession(program.opts(), async (session) =>
        (await import('./authorities/environment.ts')).addEnvironment(session, { name, ...options }),
      ),
    );
  environment
    .command('list')
    .description('all environments')
    .addHelpText('after', '\nExample:\n  $ privyseal environment list --json')
    .action(() =>
      withSession(program.opts(), async (session) =>
        (await import('./authorities/environment.ts')).listEnvironments(session),
      ),
    );
  environment
    .command('show')
    .description('one environment with its authorities and profiles')
    .argument('<name>', 'as `environment list` shows it')
    .addHelpText('after', '\nExample:\n  $ privyseal environment show dev')
    .action((name: string) =>
      withSession(program.opts(), async (session) =>
        (await import('./authorities/environment.ts')).showEnvironment(session, name),
      ),
    );
}
