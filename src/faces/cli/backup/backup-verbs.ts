/** The verbs `backup` and `restore`: their options, and what they print. They touch the home, so the program brings their acts. */
import type { Command } from 'commander';
import type { BackupReport, OnProgress, RestoreReport } from '../../../domain/backup/report.ts';
import { collect } from '../arguments.ts';
import type { GlobalOptions } from '../session.ts';
import type { CliIo } from '../terminal/io.ts';

export interface RestoreOptions {
  readonly crl?: readonly string[];
  readonly withoutCrl?: readonly string[];
  readonly keepTokens?: boolean;
}

/** `home` only when it was given on the command line. */
export interface HomeActs {
  readonly backUp: (given: { home?: string }, file: string, onProgress: OnProgress) => Promise<BackupReport>;
  readonly restore: (
    given: { home?: string },
    restore: { readonly file: string; readonly crls: readonly string[] } & Pick<RestoreReport, 'withoutCrl'> & {
        readonly keepTokens: boolean;
      },
    onProgress: OnProgress,
  ) => Promise<RestoreReport>;
}

export function addBackupVerbs(program: Command, io: CliIo, acts: HomeActs): void {
  const given = (): { home?: string } => {
    const { home } = program.opts<GlobalOptions>();
    return home === undefined ? {} : { home };
  };
  program
    .command('backup')
    .description('write the home to one file, whether the service runs or not; on its machine')
    .argument('<file>', 'a new file')
    .action(async (file: string) => {
      const { backup } = await import('./backup.ts');
      await backup({ io, json: program.opts<GlobalOptions>().json === true }, (onProgress) =>
        acts.backUp(given(), file, onProgress),
      );
    })
    .addHelpText('after', '\nExample:\n  $ privyseal backup /var/backups/privyseal-monday.tar');
  program
    .command('restore')
    .description('fill an empty home from a backup; what was revoked since stays revoked')
    .argument('<file>', 'what `backup` wrote')
    .option(
      '--crl <file>',
      'newest list of an authority, DER or PEM; once for each, or one PEM file with several',
      collect,
    )
    .option('--without-crl <authority>', 'admit that its newest list is lost: what it revoked comes back', collect)
    .option('--keep-tokens', 'keep the enrolment tokens of the backup valid; without this they end')
    .action(async (file: string, { crl = [], withoutCrl = [], keepTokens = false }: RestoreOptions) => {
      const { restore } = await import('./backup.ts');
      await restore({ io, json: program.opts<GlobalOptions>().json === true }, (onProgress) =>
        acts.restore(given(), { file, crls: crl, withoutCrl, keepTokens }, onProgress),
      );
    })
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal --home ./restored restore privyseal-monday.tar --crl system.crl --crl dev-root.crl --crl dev-issuing.crl',
    );
}
