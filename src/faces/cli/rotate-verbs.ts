/** The verb `rotate`: its options. The agent is a program of its own, so the program brings its acts. */
import { type Command, InvalidArgumentError } from 'commander';
import type { TargetStatus } from '../../domain/rotation/target-status.ts';
import type { RotateOptions, TurnReport } from '../../domain/rotation/turn-report.ts';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import type { GlobalOptions } from './session.ts';
import type { CliIo } from './terminal/io.ts';

/** All throw StartError `badConfiguration` for a file that cannot be used. */
export interface RotationActs {
  readonly rotateOnce: (options: RotateOptions) => Promise<readonly TurnReport[]>;
  /** Until the process is told to stop; resolves to the exit code. */
  readonly rotateForever: (options: {
    readonly file: string;
    readonly targets: readonly string[];
    readonly metricsPort?: number;
  }) => Promise<number>;
  readonly rotationStatus: (options: Pick<RotateOptions, 'file' | 'targets'>) => Promise<readonly TargetStatus[]>;
}

interface VerbDeps extends RotationActs {
  readonly end: (exitCode: number) => void;
}

interface GivenOptions {
  readonly file: string;
  readonly daemon?: boolean;
  readonly metricsPort?: number;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

const usualFile = 'privyseal-agent.yaml';

export function addRotateVerbs(program: Command, io: CliIo, acts: VerbDeps): void {
  const { rotationStatus, end } = acts;
  const json = (): boolean => program.opts<GlobalOptions>().json === true;
  const rotate = program
    .command('rotate')
    .description('tend the certificates of programs on this machine: enrol, rotate, reload, prove (docs/agent.md)')
    .argument('[target...]', 'names of targets (default: all of the file)')
    .option('-f, --file <file>', 'the agent’s file', usualFile)
    .option('--daemon', 'keep running, and tend each target when its time comes, until SIGTERM')
    .option('--metrics-port <port>', 'with --daemon: metrics on the loopback address', readPort)
    .option('--force', 'rotate now, whether it is time or not')
    .option('--dry-run', 'say what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  $ privyseal rotate -f /etc/privyseal/agent.yaml nginx')
    .action(async (targets: readonly string[], options: GivenOptions) => {
      if (options.daemon) await rotateForever(acts, targets, options);
      else await rotateOnce({ io, json: json(), acts }, targets, options);
    });
  rotate
    .command('status')
    .description('each target: certificate, expiry, next attempt, last proof, last error')
    .argument('[target...]', 'names of targets (default: all of the file)')
    .option('-f, --file <file>', 'the agent’s file', usualFile)
    .addHelpText('after', '\nExample:\n  $ privyseal rotate status -f /etc/privyseal/agent.yaml')
    .action(async (targets: readonly string[], _options: unknown, command: Command) => {
      const { tellStatus } = await import('./rotate.ts');
      // An option of both stands with whichever of the two words it came after.
      const { file } = command.optsWithGlobals<GivenOptions>();
      end(exitCodes[tellStatus(io, json(), await rotationStatus({ file, targets }))]);
    });
}

async function rotateForever(
  { rotateForever, end }: VerbDeps,
  targets: readonly string[],
  { file, metricsPort, force, dryRun }: GivenOptions,
): Promise<void> {
  if (force || dryRun) {
    throw new CliError(
      'usage',
      '--force and --dry-run are for once: run `privyseal rotate --force` beside the daemon.',
    );
  }
  end(await rotateForever({ file, targets, ...(metricsPort !== undefined && { metricsPort }) }));
}

async function rotateOnce(
  { io, json, acts }: { readonly io: CliIo; readonly json: boolean; readonly acts: VerbDeps },
  targets: readonly string[],
  { file, metricsPort, force = false, dryRun = false }: GivenOptions,
): Promise<void> {
  if (metricsPort !== undefined) throw new CliError('usage', '--metrics-port goes with --daemon.');
  const { tellTurns } = await import('./rotate.ts');
  acts.end(exitCodes[tellTurns(io, json, await acts.rotateOnce({ file, targets, force, dryRun }))]);
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('A port is a number from 1 to 65535.');
}
