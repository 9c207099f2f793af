/** The filters of the inventory as options of a verb, and as the query they make. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CertificateListQuery } from '../../../api/certificate-list.ts';
import {
  collect,
  collectOwnedIds,
  collectProfileNames,
  readActor,
  readLength,
  readSerial,
  readTime,
} from '../arguments.ts';

/** As commander reads them; lengths of time in seconds. */
export interface FilterOptions {
  readonly environment?: string[];
  readonly product?: string[];
  readonly profile?: string[];
  readonly authority?: string[];
  readonly status?: Exclude<NonNullable<CertificateListQuery['status']>, string>;
  readonly purpose?: NonNullable<CertificateListQuery['purpose']>;
  readonly serial?: string;
  readonly issuer?: string;
  readonly name?: string;
  readonly search?: string;
  readonly keySha256?: string;
  readonly requestedBy?: string;
  readonly successor?: 'none' | 'some';
  readonly deployment?: Exclude<NonNullable<CertificateListQuery['deployment']>, string>;
  readonly rotation?: 'overdue';
  readonly expiresWithin?: number;
  readonly expiresAfter?: string;
  readonly expiresBefore?: string;
  readonly issuedAfter?: string;
  readonly issuedBefore?: string;
  readonly sort?: NonNullable<CertificateListQuery['sort']>;
}

const statuses = ['pending', 'valid', 'expired', 'revoked', 'held'];

const purposes: Record<NonNullable<FilterOptions['purpose']>, true> = {
  product: true,
  authority: true,
  operator: true,
  server: true,
  ocspResponder: true,
  auditLog: true,
};

const deployments = ['none', 'proved', 'deployed', 'failed', 'predecessor'];

/** Several values of an option: any of them will do. */
export function repeatedChoice(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, `${description}; may be repeated`).choices(choices);
  // `choices` reads one value; help and completion still know them.
  return option.argParser((text: string, before: readonly string[] | undefined) => {
    if (choices.includes(text)) return [...(before ?? []), text];
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  });
}

export const addFilterOptions = (command: Command): Command =>
  addDescriptiveOptions(command)
    .addOption(repeatedChoice('--status <status>', 'only these', statuses))
    .addOption(new Option('--purpose <purpose>', 'only these').choices(Object.keys(purposes)))
    .option('--serial <serial>', 'only this serial', readSerial)
    .addOption(
      new Option('--successor <which>', 'none: nothing has taken its place; some: something has').choices([
        'none',
        'some',
      ]),
    )
    .addOption(
      repeatedChoice(
        '--deployment <state>',
        'only by what targets report; predecessor: still served instead',
        deployments,
      ),
    )
    .addOption(
      new Option('--rotation <state>', 'overdue: valid, without a successor, late in its life').choices(['overdue']),
    )
    .addOption(
      new Option('--sort <order>', 'order, - downwards (default: what the filters suggest, else newest first)').choices(
        ['requestedAt', '-requestedAt', 'notAfter', '-notAfter', 'name', '-name'],
      ),
    );

/** Those that say what a certificate is, not what has become of it: a campaign has no others. */
export const addDescriptiveOptions = (command: Command): Command =>
  command
    .option('--environment <name>', 'only of this environment; may be repeated', collect)
    .option('--product <id>', 'only of this product, like dev/demo; may be repeated', collectOwnedIds)
    .option('--profile <name>', 'only of this profile; may be repeated', collectProfileNames)
    .option('--authority <name>', 'only issued by this authority; may be repeated', collect)
    .option('--issuer <serial>', 'only signed by the authority’s certificate with this serial', readSerial)
    .option('--name <name>', 'only for this name, or *.suffix for every name below it')
    .option('--search <text>', 'only with this text in a name or the subject; three characters or more', readSearch)
    .option('--key-sha256 <hash>', 'only of this public key, by the SHA-256 of its SPKI, hexadecimal', readKey)
    .option('--requested-by <actor>', 'only requested by this actor, like token:… or operator:admin', readActor)
    .option('--expires-within <length>', 'only those that expire soon, like 30d; soonest first', readLength)
    .option('--expires-after <time>', 'only those that expire after this time or date', readTime)
    .option('--expires-before <time>', 'only those that expire before this time or date', readTime)
    .option('--issued-after <time>', 'only those issued after this time or date', readTime)
    .option('--issued-before <time>', 'only those issued before this time or date', readTime);

function readSearch(text: string): string {
  if ([...text].length >= 3) return text;
  throw new InvalidArgumentError('A text to search for has three characters or more.');
}

function readKey(text: string): string {
  const key = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(key)) return key;
  throw new InvalidArgumentError('The SHA-256 of a public key is 64 hexadecimal digits.');
}

/** The query of these options, without its page. `now` in milliseconds; throws nothing. */
export function filterQuery(options: FilterOptions, now: number): CertificateListQuery {
  const { search, keySha256, expiresWithin, expiresAfter, expiresBefore, issuedAfter, issuedBefore, sort, ...same } =
    options;
  const within = expiresWithin === undefined ? [] : [timeText(now), timeText(now + expiresWithin * 1000)];
  const after = byTime([within[0], expiresAfter]).at(-1);
  const before = byTime([within[1], expiresBefore])[0];
  const order = sort ?? (expiresWithin === undefined ? undefined : 'notAfter');
  return {
    ...same,
    ...(search !== undefined && { q: search }),
    ...(keySha256 !== undefined && { key: keySha256 }),
    ...(after !== undefined && { 'notAfter.after': after }),
    ...(before !== undefined && { 'notAfter.before': before }),
    ...(issuedAfter !== undefined && { 'issued.after': issuedAfter }),
    ...(issuedBefore !== undefined && { 'issued.before': issuedBefore }),
    ...(order !== undefined && { sort: order }),
  };
}

/** Of two bounds the narrower one counts, as of all filters: a campaign must not become larger by another. */
const byTime = (times: readonly (string | undefined)[]): string[] =>
  times.filter((time) => time !== undefined).sort((a, b) => Date.parse(a) - Date.parse(b));

const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
