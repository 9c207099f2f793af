/** The verbs of certificates' requests: asking for one, and deciding those that wait for approval. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RequestListQuery } from '../../../api/request.ts';
import { parseRequestId } from '../../../domain/records/request-id.ts';
import type { GeneralName } from '../../../domain/x509/general-name.ts';
import { keyTypeOption, readLength, readLimit, readNames, readOwnedId } from '../arguments.ts';
import type { WithSession } from '../session.ts';
import type { RequestOptions } from './request.ts';
import type { ApproveOptions, ListRequestsOptions } from './requests.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

const statuses = ['pending', 'approved', 'issued', 'denied', 'expired'] as const satisfies readonly NonNullable<
  RequestListQuery['status']
>[];

function readId(text: string): string {
  const id = parseRequestId(text);
  if (id !== undefined) return id;
  throw new InvalidArgumentError('An id is like 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47, as `requests list` shows it.');
}

/** `request`, and `requests` for operators. */
export function addRequestVerbs(program: Command, deps: VerbDeps): void {
  addRequestVerb(program, deps);
  const requests = program.command('requests').description('requests that wait for the approval of operators');
  addLookingVerbs(program, requests, deps);
  addDecidingVerbs(program, requests, deps);
}

function addRequestVerb(program: Command, { withSession }: VerbDeps): void {
  program
    .command('request')
    .description('make a key here, have a certificate issued for it, and write both with chain and trust')
    .argument('[name...]', 'names of the certificate', readNames)
    .option('--out <dir>', 'folder of the files (default: ./ and the first name)')
    .option('--profile <name>', 'profile (default: the first the product may use)')
    .option('--lifetime <length>', 'like 24h or 30d (default: the profile’s)', readLength)
    .addOption(keyTypeOption)
    .option('--wait', 'where the profile needs approval, wait for it')
    .option('--continue <dir>', 'come back for the certificate of a request that waited, in the folder of its files')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal request demo.dev.internal --lifetime 24h --out tls\n  $ privyseal request --continue tls --wait',
    )
    .action((names: readonly GeneralName[], options: RequestOptions) =>
      withSession(program.opts(), async (session) => (await import('./request.ts')).request(session, names, options)),
    );
}

function addLookingVerbs(program: Command, requests: Command, { withSession }: VerbDeps): void {
  requests
    .command('list')
    .description('requests that need or needed approval, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .option('--product <id>', 'only of this product, like dev/demo', readOwnedId)
    .option('--limit <count>', 'at most so many', readLimit, 100)
    .addHelpText('after', '\nExample:\n  $ privyseal requests list --status pending')
    .action((options: ListRequestsOptions) =>
      withSession(program.opts(), async (session) => (await import('./requests.ts')).listRequests(session, options)),
    );
  requests
    .command('show')
    .description('one request, with exactly what would be signed, beside what the product has')
    .argument('<id>', 'as `requests list` shows it', readId)
    .addHelpText('after', '\nExample:\n  $ privyseal requests show 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47')
    .action((id: string) =>
      withSession(program.opts(), async (session) => (await import('./requests.ts')).showRequest(session, id)),
    );
}

function addDecidingVerbs(program: Command, requests: Command, { withSession }: VerbDeps): void {
  requests
    .command('approve')
    .description('say yes; with the last approval that is needed the certificate is issued')
    .argument('<id>', 'as `requests list` shows it', readId)
    .option('--comment <text>', 'kept with the request, and audited')
    .option('--yes', 'do not show and ask')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal requests approve 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47 --comment change-1234',
    )
    .action((id: string, options: ApproveOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./requests.ts')).approveRequest(session, id, options),
      ),
    );
  requests
    .command('deny')
    .description('say no, and why')
    .argument('<id>', 'as `requests list` shows it', readId)
    .requiredOption('--comment <text>', 'why: the requester is shown it')
    .addHelpText(
      'after',
      '\nExample:\n  $ privyseal requests deny 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47 --comment not-in-dev',
    )
    .action((id: string, options: { comment: string }) =>
      withSession(program.opts(), async (session) => (await import('./requests.ts')).denyRequest(session, id, options)),
    );
}
