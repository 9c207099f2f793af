/** What somebody may have meant who typed a verb or an option that there is not, or asked for help in another way. */
import type { Command, CommanderError } from 'commander';

/** Words of other programs, and ours for the same; of several the first that is a verb there. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  ls: ['list'],
  certs: ['list'],
  certificates: ['list'],
  search: ['list'],
  find: ['list'],
  get: ['show', 'list'],
  info: ['show', 'status'],
  describe: ['show'],
  view: ['show'],
  cat: ['show'],
  rm: ['remove'],
  del: ['remove'],
  delete: ['remove', 'revoke'],
  create: ['add', 'request'],
  new: ['add', 'request'],
  make: ['add', 'request'],
  issue: ['request'],
  enrol: ['request'],
  enroll: ['request'],
  sign: ['request'],
  csr: ['request'],
  edit: ['update', 'role'],
  set: ['update', 'role', 'use'],
  change: ['update', 'role'],
  modify: ['update', 'role'],
  start: ['serve'],
  run: ['serve'],
  server: ['serve'],
  setup: ['init'],
  renew: ['rotate'],
  expire: ['expiring'],
  expired: ['expiring'],
  expires: ['expiring'],
  health: ['status', 'doctor'],
  ping: ['status'],
  ready: ['status'],
  diagnose: ['doctor'],
  stats: ['summary'],
  count: ['summary'],
  log: ['audit', 'events'],
  logs: ['audit', 'events'],
  user: ['operator'],
  users: ['operator'],
  login: ['context'],
  p12: ['keystore'],
  pkcs12: ['keystore'],
  connect: ['handshake'],
  s_client: ['handshake'],
  stop: ['pause', 'abandon'],
  cancel: ['abandon', 'deny'],
  reject: ['deny'],
  accept: ['approve'],
};

const versionWords: ReadonlySet<string> = new Set(['version', '-v', '-version']);

/** A sentence, or nothing: `Did you mean \`privyseal list\`?`. `verb` is where the word was typed. */
export function meantInstead(program: Command, verb: Command, { code, message }: CommanderError): string | undefined {
  const [, typed] = /^error: unknown (?:command|option) '([^']*)'/.exec(message) ?? [];
  if (typed === undefined) return undefined;
  if (verb === program && versionWords.has(typed)) return ask([`${program.name()} --version`]);
  if (code === 'commander.unknownOption') return ask(alike(message));
  const known = verb.commands.map((command) => command.name());
  const word = typed.toLowerCase();
  const [same] = (Object.hasOwn(synonyms, word) ? synonyms[word]! : []).filter((verbName) => known.includes(verbName));
  if (same !== undefined) return ask([pathOf(verb, same)]);
  const deeper = verb === program ? verbsNamed(program, typed) : [];
  return ask(deeper.length > 0 ? deeper : alike(message).map((word) => pathOf(verb, word)));
}

const mostAsked = 3;

const ask = (ways: readonly string[]): string | undefined =>
  ways.length === 0 || ways.length > mostAsked
    ? undefined
    : `Did you mean ${ways.map((way) => `\`${way}\``).join(' or ')}?`;

/** Commander has them at the end of its message, one or `one of a, b`. */
const alike = (message: string): string[] =>
  /\n\(Did you mean (?:one of )?(.+)\?\)$/.exec(message)?.[1]?.split(', ') ?? [];

function pathOf(verb: Command, word: string): string {
  const above = verb.parent ? pathOf(verb.parent, verb.name()) : verb.name();
  return `${above} ${word}`;
}

/** `verify` for `audit verify`. */
const verbsNamed = (command: Command, name: string): string[] =>
  command.commands.flatMap((verb) => [
    ...(verb.name() === name ? [pathOf(command, name)] : []),
    ...verbsNamed(verb, name),
  ]);

/** `help audit verify` as `audit verify --help`, of any depth. What is no verb is left to be refused, and nothing is ever done. */
export function helpAsOption(program: Command, argv: readonly string[]): readonly string[] {
  const [first, ...words] = argv;
  if (first !== 'help') return argv;
  let verb = program;
  const path: string[] = [];
  for (const word of words) {
    const next = verb.commands.find((command) => command.name() === word);
    if (!next) break;
    [verb, path[path.length]] = [next, word];
  }
  const [unknown] = words;
  return path.length === 0 && unknown !== undefined && !unknown.startsWith('-') ? [unknown] : [...path, '--help'];
}
