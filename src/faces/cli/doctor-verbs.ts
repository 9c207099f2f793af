/** The verb `doctor`. It looks at the home itself, so the program brings what it finds. */
import type { Command } from 'commander';
import type { Finding } from '../../domain/diagnosis/finding.ts';
import { exitCodes } from './exit-codes.ts';
import type { GlobalOptions } from './session.ts';
import type { CliIo } from './terminal/io.ts';

export interface DoctorDeps {
  /** `home` only when it was given on the command line. Settings that are wrong are a finding, too. */
  readonly examine: (given: { home?: string }) => Promise<readonly Finding[]>;
  readonly end: (exitCode: number) => void;
}

export function addDoctorVerb(program: Command, io: CliIo, { examine, end }: DoctorDeps): void {
  program
    .command('doctor')
    .description('check everything the service needs, whether it runs or not; changes nothing')
    .addHelpText('after', '\nExample:\n  $ privyseal doctor --home /var/lib/privyseal')
    .action(async () => {
      const { home, json = false } = program.opts<GlobalOptions>();
      const { tellFindings } = await import('./doctor.ts');
      const findings = await examine(home === undefined ? {} : { home });
      end(exitCodes[tellFindings(io, json, findings)]);
    });
}
