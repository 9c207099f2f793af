/** Reads arguments and option values, each into its type or an error that names the value and what is allowed. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nameFault } from '../../domain/policy/name-fault.ts';
import { printable } from '../../domain/policy/printable.ts';
import { type RevocationReason, revocationReasons } from '../../domain/policy/revocation-reason.ts';
import { type GeneralName, readGeneralName } from '../../domain/x509/general-name.ts';
import { keyTypes } from '../../domain/x509/key-type.ts';
import { parseSerial } from '../../domain/x509/serial.ts';
import { CliError } from './cli-error.ts';
import { parseLength } from './terminal/words.ts';

/** For a variadic argument: commander hands each value with what was read before. */
export function readNames(text: string, before: readonly GeneralName[] | undefined): readonly GeneralName[] {
  const name = readGeneralName(text);
  if (name.type === 'other') throw new InvalidArgumentError(nameFault(name.code, text));
  return [...(before ?? []), name];
}

/** Also as `openssl x509 -noout -serial` prints it. */
export function readSerial(text: string): string {
  const serial = parseSerial(text.replace(/^serial=/, ''));
  if (serial === undefined)
    throw new InvalidArgumentError(`A serial is up to 40 hexadecimal digits: ${whereItIs(text)}`);
  return serial;
}

/** Whoever comes from another program names a file or a host here. */
function whereItIs(text: string): string {
  if (/\.(?:pem|crt|cer)$/i.test(text))
    return `\`openssl x509 -noout -serial -in ${printable(text)}\` prints that of the file.`;
  return readGeneralName(text).type === 'dns'
    ? `\`privyseal list --name ${printable(text)}\` shows those of that name.`
    : '`list` shows them.';
}

/** Seconds. */
export function readLength(text: string): number {
  const seconds = parseLength(text);
  if (seconds === undefined) throw new InvalidArgumentError('A length of time is like 90s, 15m, 24h, 30d or 2w.');
  return seconds;
}

/** Seconds that this program lets pass itself: of more than 24 days a timer of Node makes a millisecond. */
export function readPause(text: string): number {
  const seconds = readLength(text);
  if (seconds > 86_400) throw new InvalidArgumentError('It is 24h at most.');
  return seconds;
}

/** With a default that `--help` shows as it would be typed. */
export const lengthOption = (flags: string, description: string, length: string, read = readLength): Option =>
  new Option(flags, description).argParser(read).default(read(length), length);

export function readLimit(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('A limit is a number from 1 to 9999999.');
  return Number(text);
}

/** An id of two parts, like a product's or a profile's. */
export function readOwnedId(text: string): string {
  if (/^[^/\s]+\/[^/\s]+$/.test(text)) return text;
  throw new InvalidArgumentError('It is an environment and a name, like dev/demo.');
}

/** For an option that may be given several times. */
export const collectOwnedIds = (text: string, before: readonly string[] | undefined): readonly string[] =>
  collect(readOwnedId(text), before);

/** Of a filter beside `--environment`, of which each has profiles of these names. */
export function collectProfileNames(text: string, before: readonly string[] | undefined): readonly string[] {
  const [environment, name] = text.split('/');
  if (name === undefined) return collect(text, before);
  throw new InvalidArgumentError(`A profile goes by its name alone: --environment ${environment} --profile ${name}.`);
}

const actorPattern = /^(?:(?:operator|token|product):.+|service|anonymous)$/;

export function readActor(text: string): string {
  if (actorPattern.test(text)) return text;
  throw new InvalidArgumentError('An actor is operator:NAME, token:ID, product:ID, service or anonymous.');
}

/** Never the token itself, which would be seen in addresses and logs from here on. */
export function readTokenId(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw new InvalidArgumentError('The id of a token is 16 hexadecimal digits, as `token list` shows it.');
}

export function readVersion(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A version is 1, 2, 3, ...');
  return Number(text);
}

export function readUses(text: string): number | 'unlimited' {
  if (text === 'unlimited') return text;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Uses are a number from 1, or `unlimited`.');
  return Number(text);
}

/** For an option that may be given several times. */
export const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** The number of an audit event; 0 is before the first. */
export function readSeq(text: string): number {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text)) throw new InvalidArgumentError('The number of an event is like 1234.');
  return Number(text);
}

/** RFC 3339, or a date, which is its first moment in UTC. */
export function readTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(time) && Number.isFinite(Date.parse(time))) return time;
  throw new InvalidArgumentError('A time is like 2026-11-21 or 2026-11-21T07:00:00Z.');
}

/** A time, or a length of time before now. */
export function readPastTime(text: string): string {
  const ago = parseLength(text);
  if (ago !== undefined) return new Date(Date.now() - ago * 1000).toISOString();
  try {
    return readTime(text);
  } catch {
    throw new InvalidArgumentError('A time is like 2026-11-21, 2026-11-21T07:00:00Z, or 24h for a day ago.');
  }
}

/** An origin, without a trailing slash. */
export function readUrl(text: string): string {
  const origin = originOf(text);
  if (origin === undefined) throw new InvalidArgumentError('An address is like https://localhost:8443.');
  return origin;
}

/** Of an address of https that is nothing but an origin; undefined for any other text. */
export function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.href === `${url.origin}/` ? url.origin : undefined;
}

export const keyTypeOption = new Option('--key-type <type>', 'kind of key to make')
  .choices(keyTypes)
  .default('ec-p256');

export const reasonOption = new Option('--reason <reason>', 'why (RFC 5280): certificateHold can be released again')
  .choices(Object.keys(revocationReasons) as RevocationReason[])
  .makeOptionMandatory();

export const hierarchyOption = new Option(
  '--hierarchy <kind>',
  'two-tier: the root signs an issuing authority; root: it signs products’ certificates itself; external: the issuing authority is signed elsewhere',
)
  .choices(['two-tier', 'root', 'external'])
  .default('two-tier');

/** `--out "$DIR"` without a DIR would be the folder that somebody happens to be in, and a private key would lie there. */
export function refuseEmptyPaths(commands: readonly Command[]): void {
  for (const command of commands) {
    const empty = command.options.find(
      (option) => /<(?:file|dir)>/.test(option.flags) && command.getOptionValue(option.attributeName()) === '',
    );
    if (empty) throw new CliError('usage', `${empty.long} names nothing. Is a variable of the shell not set?`);
  }
}

/** Where a server listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** `host:port`; an IPv6 address in brackets. */
export function readTarget(text: string): Target {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw new InvalidArgumentError('A server is like localhost:8443 or [::1]:8443.');
}
