/** The command line's entry: parses, runs one verb, reports its error, and answers the exit code. */
import { type Command, CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { type Ending, exitCodes } from './exit-codes.ts';
import { helpAsOption, meantInstead } from './meant.ts';
import { buildProgram, type ProgramDeps } from './program.ts';
import { type HomeOfSettings, openSession, type Session } from './session.ts';
import type { CliIo } from './terminal/io.ts';

export interface CliDeps extends Omit<ProgramDeps, 'withSession' | 'end'> {
  /** Where the settings have the home; undefined if they do not say. */
  readonly homeOfSettings: HomeOfSettings;
}

/** `argv` without node and script. Rejects only for defects of this program; every expected end is an exit code. */
export async function runCli(argv: readonly string[], io: CliIo, deps: CliDeps): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = buildProgram(io, {
    ...deps,
    end: (code) => {
      exitCode = code;
    },
    withSession: async (options, verb) => {
      exitCode = exitCodes[await runVerb(() => openSession(io, options, deps.homeOfSettings), verb)];
    },
  });
  try {
    await program.parseAsync([...helpAsOption(program, argv)], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    const { reportError } = await import('./report-error.ts');
    return reportError(asUsage(error, program, argv), io, argv.includes('--json'));
  }
}

async function runVerb(open: () => Promise<Session>, verb: (session: Session) => Promise<Ending>): Promise<Ending> {
  const session = await open();
  try {
    return await verb(session);
  } finally {
    await session.close();
  }
}

/** Commander's own errors say `error: …`; a verb without its subcommand has shown its help instead. */
function asUsage(error: unknown, program: Command, argv: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === 'commander.help') return new CliError('usage', 'A verb is missing; the verbs are listed above.');
  const { verb, asked } = verbOf(program, argv);
  const [message = ''] = error.message.replace(/^error: /, '').split('\n(Did you mean');
  const meant = meantInstead(program, verb, error);
  const sentence = /[.!?)]$/.test(message) ? message : `${message}.`;
  return new CliError('usage', `${sentence} ${meant === undefined ? '' : `${meant} `}See \`${asked} --help\`.`, error);
}

/** What was asked as far as it is a verb: `privyseal audit verify`. Values of options are rarely verbs, and then only a hint is wrong. */
function verbOf(program: Command, argv: readonly string[]): { readonly verb: Command; readonly asked: string } {
  let [verb, asked] = [program, program.name()];
  for (const word of argv) {
    const next = verb.commands.find((command) => command.name() === word);
    if (next) [verb, asked] = [next, `${asked} ${word}`];
  }
  return { verb, asked };
}
