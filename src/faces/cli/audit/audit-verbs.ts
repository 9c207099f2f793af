/** The verbs below `audit`. */
import type { Command } from 'commander';
import { readActor, readLimit, readPastTime, readSeq } from '../arguments.ts';
import type { Ending } from '../exit-codes.ts';
import type { GlobalOptions, Session } from '../session.ts';
import type { AuditEventsOptions } from './audit-events.ts';
import type { AuditExportOptions } from './audit-export.ts';
import type { AuditVerifyOptions, OpenAuditLog } from './audit-verify.ts';

interface AuditDeps {
  readonly withSession: (options: GlobalOptions, verb: (session: Session) => Promise<Ending>) => Promise<void>;
  readonly openAuditLog: OpenAuditLog;
}

export function addAuditVerbs(program: Command, deps: AuditDeps): void {
  const audit = program.command('audit').description('the audit log: who did what, and whether the log is still whole');
  addEvents(program, audit, deps);
  addExport(program, audit, deps);
  addCheckpoint(program, audit, deps);
  addVerify(program, audit, deps);
}

function addEvents(program: Command, audit: Command, { withSession }: AuditDeps): void {
  audit
    .command('events')
    .description('audit events, the newest first')
    .option('--actor <actor>', 'only by operator:NAME, token:ID, product:ID, service or anonymous', readActor)
    .option('--object <object>', 'only about certificate:SERIAL, product:ID, …')
    .option('--kind <kind>', 'only of this kind, like certificate.revoked')
    .option('--code <code>', 'only refusals with this code, like policyRefused')
    .option('--after <time>', 'only later than 2026-11-21T07:00:00Z, or than 24h ago', readPastTime)
    .option('--before <time>', 'only earlier', readPastTime)
    .option('--after-seq <number>', 'only with a greater number', readSeq)
    .option('--oldest-first', 'in the order in which they happened')
    .option('--limit <count>', 'at most so many', readLimit, 100)
    .addHelpText('after', '\nExample:\n  $ privyseal audit events --kind request.refused --after 24h')
    .action((options: AuditEventsOptions) =>
      withSession(program.opts(), async (session) => (await import('./audit-events.ts')).auditEvents(session, options)),
    );
}

function addExport(program: Command, audit: Command, { withSession }: AuditDeps): void {
  audit
    .command('export')
    .description('the whole log as lines of JSON that `audit verify` takes, as it is read')
    .option('--out <file>', 'a new file (default: stdout)')
    .option('--checkpoint <file>', 'with the newest signed checkpoint, in another new file')
    .addHelpText('after', '\nExample:\n  $ privyseal audit export --out events.ndjson --checkpoint checkpoint')
    .action((options: AuditExportOptions) =>
      withSession(program.opts(), async (session) => (await import('./audit-export.ts')).auditExport(session, options)),
    );
}

function addCheckpoint(program: Command, audit: Command, { withSession }: AuditDeps): void {
  audit
    .command('checkpoint')
    .description('the newest signed checkpoint, to keep where nobody who can write the log can write')
    .addHelpText('after', '\nExample:\n  $ privyseal audit checkpoint > /mnt/elsewhere/checkpoint')
    .action(() =>
      withSession(program.opts(), async (session) => (await import('./audit-export.ts')).auditCheckpoint(session)),
    );
}

function addVerify(program: Command, audit: Command, { withSession, openAuditLog }: AuditDeps): void {
  audit
    .command('verify')
    .description('verify a log without the service: a database, a backup, or an export')
    .argument('[file]', 'database, backup or export (default: HOME/privyseal.db)')
    .option(
      '--checkpoint <file>',
      'a checkpoint that was kept (default for the home’s database: HOME/audit/checkpoint)',
    )
    .option('--public-key <file>', 'the key that signs checkpoints, PEM (default: what --ca has certified)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ privyseal audit verify\n  $ privyseal audit verify events.ndjson --checkpoint /mnt/elsewhere/checkpoint' +
        '\n\nEnds with 0 when every event is right and signed as far as the newest checkpoint, with 10 when the log is not whole.',
    )
    .action((file: string | undefined, options: Omit<AuditVerifyOptions, 'file'>) =>
      withSession(program.opts(), async (session) =>
        (await import('./audit-verify.ts')).auditVerify(session, { ...options, ...(file && { file }) }, openAuditLog),
      ),
    );
}
