/** The verb `rotate`: its options. The agent is a program of its own, so the program brings its acts. */
import type { Command } from 'commander';
import type { TargetStatus } from '../../domain/rotation/target-status.ts';
import type { RotateOptions, TurnReport } from '../../domain/rotation/turn-report.ts';
import { exitCodes } from './exit-codes.ts';
import type { CliIo } from './io.ts';
import type { GlobalOptions } from './session.ts';

/** All throw StartError `badConfiguration` for a file that cannot be used. */
export interface RotationActs {
  readonly rotateOnce: (options: RotateOptions) => Promise<readonly TurnReport[]>;
  readonly rotationStatus: (options: Pick<RotateOptions, 'file' | 'targets'>) => Promise<readonly TargetStatus[]>;
}

interface VerbDeps extends RotationActs {
  readonly end: (exitCode: number) => void;
}

interface GivenOptions {
  readonly file: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

const usualFile = 'privyseal-agent.yaml';

export function addRotateVerbs(program: Command, io: CliIo, { rotateOnce, rotationStatus, end }: VerbDeps): void {
  const json = (): boolean => program.opts<GlobalOptions>().json === true;
  const rotate = program
    .command('rotate')
    .description('tend the certificates of programs on this machine: enrol, rotate, reload, prove (docs/agent.md)')
    .argument('[target...]', 'names of targets (default: all of the file)')
    .option('-f, --file <file>', 'the agent’s file', usualFile)
    .option('--force', 'rotate now, whether it is time or not')
    .option('--dry-run', 'say what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  $ privyseal rotate -f /etc/privyseal/agent.yaml nginx')
    .action(async (targets: readonly string[], { file, force = false, dryRun = false }: GivenOptions) => {
      const { tellTurns } = await import('./rotate.ts');
      end(exitCodes[tellTurns(io, json(), await rotateOnce({ file, targets, force, dryRun }))]);
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
