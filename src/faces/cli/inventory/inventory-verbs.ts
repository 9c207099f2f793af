/** The verbs that ask the inventory: `list`, `export`, `expiring`, `summary`, `alerts`; each one's code is loaded when it is called. */
import { type Command, Option } from 'commander';
import { readLength, readLimit, readOwnedId } from '../arguments.ts';
import type { WithSession } from '../session.ts';
import type { ExpiringOptions } from './expiring.ts';
import type { ExportOptions } from './export.ts';
import { addFilterOptions } from './filter-options.ts';
import type { ListOptions } from './list.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

export function addInventoryVerbs(program: Command, { withSession }: VerbDeps): void {
  addFilterOptions(program.command('list').description('certificates in the inventory'))
    .option('--limit <count>', 'at most so many', readLimit, 100)
    .option('--count', 'with the number of all that match')
    .option('--wide', 'with more columns, nothing shortened')
    .option('--csv', 'as CSV for a spreadsheet')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal list --product dev/demo --expires-within 30d --successor none\n  $ privyseal list --deployment predecessor --deployment failed',
    )
    .action((options: ListOptions) =>
      withSession(program.opts(), async (session) => (await import('./list.ts')).list(session, options)),
    );
  addFilterOptions(program.command('export').description('write out everything that matches, however much'))
    .addOption(new Option('--format <format>', 'lines of JSON, or CSV').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--out <file>', 'a new file (default: stdout)')
    .addHelpText('after', '\nExample:\n  $ privyseal export --environment prod --format csv --out prod.csv')
    .action((options: ExportOptions) =>
      withSession(program.opts(), async (session) => (await import('./export.ts')).exportAll(session, options)),
    );
  program
    .command('expiring')
    .description('when products’ certificates expire, by day or week, and whose they are')
    .addOption(
      new Option('--within <length>', 'how far to look ahead, up to 366d')
        .argParser(readLength)
        .default(90 * 86_400, '90d'),
    )
    .option('--environment <name>', 'only of this environment')
    .option('--product <id>', 'only of this product, like dev/demo', readOwnedId)
    .addHelpText('after', '\nExample:\n  $ privyseal expiring --within 30d --environment prod')
    .action((options: ExpiringOptions) =>
      withSession(program.opts(), async (session) => (await import('./expiring.ts')).expiring(session, options)),
    );
  program
    .command('summary')
    .description('how many certificates there are, by product, profile, key type and week of expiry')
    .option('--environment <name>', 'only of this environment')
    .addHelpText('after', '\nExample:\n  $ privyseal summary --environment prod')
    .action((options: { environment?: string }) =>
      withSession(program.opts(), async (session) => (await import('./summary.ts')).summary(session, options)),
    );
  program
    .command('alerts')
    .description('what needs attention: overdue rotations and campaigns, failed deployments, late CRLs')
    .addHelpText('after', '\nExample:\n  $ privyseal alerts --json')
    .action(() => withSession(program.opts(), async (session) => (await import('../alerts.ts')).alerts(session)));
}
