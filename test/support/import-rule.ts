/** The architecture as a function over a source folder: which floor may import what, what is pure, and how files are kept. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type ImportedModule, scanImports, type Token, tokenize } from './import-scanner.ts';

export type Rule =
  | 'floor' // an import that points up or sideways
  | 'mainOnly' // an adapter imported by anybody but main
  | 'vendor' // a package or Node module that this floor may not know
  | 'impure' // clock, randomness, process, console where there may be none
  | 'computedImport' // import() of a name nobody can check
  | 'cycle'
  | 'drawer' // a name that says nothing about what is inside
  | 'barrel'
  | 'length'
  | 'opening'; // no line that says what the file owns

export interface Violation {
  readonly rule: Rule;
  /** Relative to the root, with slashes. */
  readonly file: string;
  readonly detail: string;
}

interface Floor {
  /** Path prefix; the longest one that fits is the file's floor. */
  readonly path: string;
  readonly floors: readonly string[];
  readonly packages: readonly string[];
  /** Which of Node's modules: any, none, or only the pure functions of node:crypto. */
  readonly node: 'any' | 'none' | 'pureCrypto';
  /** Time comes in as an argument or through a port, and nothing is read from outside. */
  readonly pure: boolean;
}

/** With pino, which is fastify's own logger. */
const fastify = ['fastify', '@fastify/', 'pino'];

/** The design's floors. A folder of `adapters` is its own floor: adapters do not know each other, but share how threads are started. */
const floors: readonly Floor[] = [
  { path: 'main.ts', floors: [''], packages: [], node: 'any', pure: false },
  { path: 'search-thread.ts', floors: ['adapters/', 'faces/'], packages: [], node: 'none', pure: true },
  { path: 'offline.ts', floors: [''], packages: [], node: 'any', pure: false },
  { path: 'offline-vault.ts', floors: [''], packages: [], node: 'any', pure: false },
  { path: 'ceremony.ts', floors: [''], packages: [], node: 'any', pure: false },
  { path: 'doctor.ts', floors: [''], packages: [], node: 'any', pure: false },
  {
    path: 'program.ts',
    floors: [
      'main.ts',
      'offline.ts',
      'offline-vault.ts',
      'ceremony.ts',
      'doctor.ts',
      'agent-process.ts',
      'stop-signal.ts',
      'grow-heap.ts',
      'config.ts',
      'settings-file.ts',
      'faces/cli/',
      'agent/',
      'services/',
      'domain/',
    ],
    packages: [],
    node: 'any',
    pure: false,
  },
  {
    path: 'agent-process.ts',
    floors: ['agent/', 'client/', 'faces/cli/', 'adapters/threads/', 'stop-signal.ts'],
    packages: [],
    node: 'any',
    pure: false,
  },
  { path: 'stop-signal.ts', floors: [], packages: [], node: 'any', pure: false },
  { path: 'grow-heap.ts', floors: [], packages: [], node: 'any', pure: false },
  { path: 'open-vaults.ts', floors: [''], packages: [], node: 'any', pure: false },
  {
    path: 'config.ts',
    floors: ['domain/', 'api/', 'setting-rules.ts', 'settings-file.ts', 'vault-settings.ts'],
    packages: [],
    node: 'any',
    pure: false,
  },
  { path: 'settings-file.ts', floors: ['domain/'], packages: ['yaml'], node: 'any', pure: false },
  { path: 'vault-settings.ts', floors: ['api/', 'setting-rules.ts'], packages: [], node: 'none', pure: true },
  { path: 'setting-rules.ts', floors: [], packages: [], node: 'none', pure: true },
  { path: 'domain/', floors: ['domain/'], packages: [], node: 'pureCrypto', pure: true },
  { path: 'domain/keystore/', floors: ['domain/'], packages: ['node-forge'], node: 'pureCrypto', pure: true },
  { path: 'files/', floors: ['files/'], packages: [], node: 'any', pure: false },
  { path: 'ports/', floors: ['ports/', 'domain/'], packages: [], node: 'none', pure: true },
  { path: 'api/', floors: ['api/'], packages: ['typebox'], node: 'none', pure: true },
  { path: 'services/', floors: ['services/', 'ports/', 'domain/'], packages: [], node: 'pureCrypto', pure: true },
  {
    path: 'adapters/',
    floors: ['adapters/threads/', 'files/', 'ports/', 'domain/'],
    packages: [],
    node: 'any',
    pure: false,
  },
  {
    path: 'adapters/vault-file/',
    floors: ['adapters/vault-file/', 'adapters/threads/', 'files/', 'ports/', 'domain/'],
    packages: ['shamir-secret-sharing'],
    node: 'any',
    pure: false,
  },
  {
    path: 'adapters/inventory-sqlite/',
    floors: ['adapters/inventory-sqlite/', 'adapters/threads/', 'ports/', 'domain/'],
    packages: ['better-sqlite3'],
    node: 'any',
    pure: false,
  },
  {
    path: 'adapters/vault-openbao/',
    floors: ['adapters/vault-openbao/', 'adapters/threads/', 'files/', 'ports/', 'domain/'],
    packages: [],
    node: 'any',
    pure: false,
  },
  {
    path: 'adapters/vault-pkcs11/',
    floors: ['adapters/vault-pkcs11/', 'adapters/threads/', 'files/', 'ports/', 'domain/'],
    packages: ['pkcs11js'],
    node: 'any',
    pure: false,
  },
  {
    path: 'adapters/webhook-https/',
    floors: ['adapters/webhook-https/', 'files/', 'ports/', 'domain/'],
    packages: ['undici'],
    node: 'any',
    pure: false,
  },
  {
    path: 'faces/http/',
    floors: ['faces/http/', 'services/', 'domain/', 'api/'],
    packages: [...fastify, 'typebox', 'yaml'],
    node: 'any',
    pure: false,
  },
  {
    path: 'faces/cli/',
    floors: ['faces/cli/', 'client/', 'files/', 'domain/', 'api/'],
    packages: ['commander', 'yaml'],
    node: 'any',
    pure: false,
  },
  {
    path: 'agent/',
    floors: ['agent/', 'client/', 'files/', 'domain/', 'api/'],
    packages: ['yaml'],
    node: 'any',
    pure: false,
  },
  { path: 'client/', floors: ['client/', 'domain/', 'api/'], packages: [], node: 'any', pure: false },
];

/** What domain and services may take from node:crypto: functions of their arguments alone. */
const pureCrypto = new Set([
  ...[
    'createHash',
    'hash',
    'createPublicKey',
    'createSecretKey',
    'verify',
    'timingSafeEqual',
    'KeyObject',
    'X509Certificate',
    'constants',
  ],
  ...['createCipheriv', 'pbkdf2Sync', 'createHmac', 'BinaryLike', 'JsonWebKey', 'VerifyKeyObjectInput'],
]);

const impureWords = new Set([
  ...['process', 'console', 'performance', 'fetch', 'globalThis', 'crypto', 'navigator', 'localStorage'],
  'eval',
]);

const drawers = new Set([
  ...['util', 'utils', 'helper', 'helpers', 'common', 'base', 'manager', 'impl', 'lib', 'core', 'misc', 'shared'],
]);

const longestFile = 400;

interface SourceFile {
  readonly file: string;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly modules: readonly ImportedModule[];
  readonly ownCode: boolean;
}

/** Everything wrong with the tree under `root`, ordered by file. An unknown folder is a floor that may import nothing. */
export function checkArchitecture(root: string): Violation[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[cm]?[jt]s$/.test(file))
    .sort()
    .map((file) => readSource(root, file));
  return [...files.flatMap((file) => checkFile(root, file)), ...checkCycles(root, files)];
}

function readSource(root: string, file: string): SourceFile {
  const text = readFileSync(join(root, file), 'utf8');
  const tokens = tokenize(text);
  return { file, text, tokens, ...scanImports(tokens) };
}

function floorOf(file: string): Floor {
  const [, adapter] = /^(adapters\/[^/]+\/)/.exec(file) ?? [];
  const known = floors.filter(({ path }) => file === path || (path.endsWith('/') && file.startsWith(path)));
  const floor = known.reduce<Floor | undefined>((a, b) => (a && a.path.length > b.path.length ? a : b), undefined);
  if (!floor) return { path: file, floors: [], packages: [], node: 'none', pure: true };
  return adapter ? { ...floor, floors: [...floor.floors, adapter] } : floor;
}

/** A relative or `#src/` specifier as a path below the root; undefined for packages. `..` leads out of the root. */
function targetOf(root: string, from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#src/')) return specifier.slice('#src/'.length);
  if (!specifier.startsWith('.')) return undefined;
  return relative(root, join(root, dirname(from), specifier)).replaceAll('\\', '/');
}

function checkFile(root: string, source: SourceFile): Violation[] {
  const floor = floorOf(source.file);
  return [
    ...source.modules.flatMap((module) => checkImport(root, source.file, floor, module)),
    ...(floor.pure ? checkPurity(source) : []),
    ...checkForm(source),
  ];
}

function checkImport(root: string, file: string, floor: Floor, module: ImportedModule): Violation[] {
  const { specifier } = module;
  if (specifier === '') return [{ rule: 'computedImport', file, detail: 'import() of a computed name' }];
  const target = targetOf(root, file, specifier);
  if (target === undefined) return checkPackage(file, floor, module);
  // package.json is where the version is written, once.
  if (target === '../package.json') return [];
  if (floor.floors.some((allowed) => target.startsWith(allowed)) && !target.startsWith('..')) return [];
  const rule = target.startsWith('adapters/') && !file.startsWith('adapters/') ? 'mainOnly' : 'floor';
  return [{ rule, file, detail: `imports ${target}` }];
}

function checkPackage(file: string, floor: Floor, { specifier, names }: ImportedModule): Violation[] {
  if (floor.path === 'main.ts') return [];
  const violation: Violation = { rule: 'vendor', file, detail: `imports ${specifier} (${names.join(', ')})` };
  if (specifier.startsWith('node:')) {
    const pure = specifier === 'node:crypto' && names.length > 0 && names.every((name) => pureCrypto.has(name));
    return floor.node === 'any' || (floor.node === 'pureCrypto' && pure) ? [] : [violation];
  }
  const allowed = floor.packages.some(
    (name) => specifier === name || specifier.startsWith(name.endsWith('/') ? name : `${name}/`),
  );
  return allowed ? [] : [violation];
}

function checkPurity({ file, tokens }: SourceFile): Violation[] {
  return tokens.flatMap(({ kind, text }, at): Violation[] => {
    if (kind !== 'word' || tokens[at - 1]?.text === '.') return [];
    const [next, afterNext] = [tokens[at + 1]?.text, tokens[at + 2]?.text];
    const isKey = next === ':' || next === '?' || tokens[at - 1]?.text === '#';
    const impure =
      (text === 'Date' && next === '.' && afterNext === 'now') ||
      (text === 'Date' && next === '(' && afterNext === ')') ||
      (text === 'Math' && next === '.' && afterNext === 'random') ||
      (impureWords.has(text) && !isKey);
    return impure ? [{ rule: 'impure', file, detail: `${text}${next ?? ''}${afterNext ?? ''}` }] : [];
  });
}

function checkForm({ file, text, modules, ownCode }: SourceFile): Violation[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const words = file.replace(/\.\w+$/, '').split(/[/.-]/);
  const drawer = words.find((name) => drawers.has(name.toLowerCase()));
  const reexports = modules.filter((module) => module.reexport);
  const isBarrel =
    words.at(-1) === 'index' ||
    (!ownCode && reexports.length > 0) ||
    reexports.some(({ names }) => names.includes('*'));
  return [
    ...(drawer ? [{ rule: 'drawer' as const, file, detail: drawer }] : []),
    ...(isBarrel ? [{ rule: 'barrel' as const, file, detail: `${reexports.length} re-exports` }] : []),
    ...(lines.length > longestFile ? [{ rule: 'length' as const, file, detail: `${lines.length} lines` }] : []),
    ...(/^\/\*\* ?\S/.test(text) || /^\/\*\*\n \* \S/.test(text)
      ? []
      : [{ rule: 'opening' as const, file, detail: lines[0] ?? '' }]),
  ];
}

/** Each file that can reach itself, once for each cycle found from it; a type import closes a cycle as well. */
function checkCycles(root: string, files: readonly SourceFile[]): Violation[] {
  const edges = new Map(
    files.map(({ file, modules }) => [file, modules.flatMap(({ specifier }) => targetOf(root, file, specifier) ?? [])]),
  );
  const violations: Violation[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'open') {
      const cycle = [...path.slice(path.indexOf(file)), file];
      violations.push({ rule: 'cycle', file, detail: cycle.join(' -> ') });
    }
    if (state.has(file)) return;
    state.set(file, 'open');
    for (const target of edges.get(file) ?? []) visit(target, [...path, file]);
    state.set(file, 'done');
  };
  for (const { file } of files) visit(file, []);
  return violations;
}
