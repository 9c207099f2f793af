/** The setting `vaults`: what each kind of vault needs, as schemas; checked here, because names and ways hang together. */
import { allowed } from './api/allowed.ts';
import { type Static, Type } from './api/schema.ts';
import { fits, type Rules } from './setting-rules.ts';

/** Of a vault's name, which authorities keep for ever. */
export const vaultNamePattern = '^[a-z][a-z0-9-]{0,31}$';

const Name = () =>
  Type.String({ pattern: vaultNamePattern, description: 'Authorities name their vault by it: never change it' });

/** A path of an HTTP API as OpenBao takes it: segments, no dots alone, nothing to escape. */
const mountPattern = '^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$';

const FilePath = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const OpenBaoSchema = Type.Object(
  {
    name: Name(),
    kind: Type.Enum(['openbao'], { description: 'OpenBao or HashiCorp Vault, the transit engine' }),
    address: Type.String({
      maxLength: 512,
      pattern: '^https://[A-Za-z0-9.\\-\\[\\]:]+$',
      description: 'Base URL of the server; redirects are not followed',
    }),
    caFile: FilePath('PEM of the authorities that its certificate may come from; those of Node if absent'),
    serverName: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 253,
        description: 'Name in its certificate where that is not the address’s',
      }),
    ),
    namespace: Type.Optional(
      Type.String({ maxLength: 256, pattern: mountPattern, description: 'Namespace of mounts and logins' }),
    ),
    mount: Type.String({
      maxLength: 256,
      pattern: mountPattern,
      default: 'transit',
      description: 'Path of the engine',
    }),
    auth: Type.Enum(['token', 'appRole', 'certificate', 'kubernetes'], {
      default: 'token',
      description: 'How the service shows who it is',
    }),
    authMount: Type.Optional(
      Type.String({
        maxLength: 256,
        pattern: mountPattern,
        description: 'Path of the auth method; `approle`, `cert` or `kubernetes` if absent',
      }),
    ),
    tokenFile: FilePath('For `token`: the file of the token; read again when it changes'),
    roleIdFile: FilePath('For `appRole`: the file of the role id'),
    secretIdFile: FilePath('For `appRole`: the file of the secret id; read again at each login'),
    certificateFile: FilePath('PEM of the client certificate with its chain: for `certificate`, or where TLS asks'),
    keyFile: FilePath('PEM of its private key'),
    role: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'For `certificate`, `kubernetes`: the role' }),
    ),
    serviceAccountTokenFile: Type.String({
      minLength: 1,
      default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      description: 'For `kubernetes`: the projected token; read again at each login',
    }),
    keys: Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9.\\-]{0,63}(:[1-9][0-9]{0,5})?$' }), {
      default: [],
      maxItems: 200,
      description: 'Keys made by others that authorities may take, `name` or `name:version`; version 1 if none is said',
    }),
    timeLimitSeconds: Type.Integer({
      minimum: 1,
      maximum: 9,
      default: 5,
      unit: 'seconds',
      description: 'For one signature, repetitions included',
    }),
  },
  { additionalProperties: false },
);

const Pkcs11Schema = Type.Object(
  {
    name: Name(),
    kind: Type.Enum(['pkcs11'], { description: 'An HSM, or whatever has a module for PKCS#11' }),
    module: Type.String({
      maxLength: 4096,
      pattern: '^/[^\\0]*$',
      description: 'The vendor’s library; what it needs of variables (`SOFTHSM2_CONF`) it gets from the service’s',
    }),
    tokenLabel: Type.Optional(
      Type.String({ minLength: 1, maxLength: 32, description: 'Label of the token; this, its serial number, or both' }),
    ),
    tokenSerial: Type.Optional(Type.String({ minLength: 1, maxLength: 16, description: 'Serial number of the token' })),
    pinFile: FilePath('The file of the user’s PIN; read again at each login. Neither this nor `pinVariable`: no login'),
    pinVariable: Type.Optional(
      Type.String({
        maxLength: 128,
        pattern: '^(?!PRIVYSEAL_)[A-Z][A-Z0-9_]*$',
        description: 'The variable of the PIN; it is removed once it is read. A file is seen by fewer',
      }),
    ),
    sessions: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 4,
      unit: 'sessions',
      description: 'Signatures at a time; one session more is for the login, one while a key is made',
    }),
    readWriteSessions: Type.Boolean({ default: false, description: 'For HSMs that have no read-only sessions' }),
    keys: Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9.\\-]{0,63}$' }), {
      default: [],
      maxItems: 200,
      description: 'Labels of keys made by others that authorities may take; when some are named, no others are listed',
    }),
  },
  { additionalProperties: false },
);

export type OpenBaoSettings = Readonly<Static<typeof OpenBaoSchema>>;
export type Pkcs11Settings = Readonly<Static<typeof Pkcs11Schema>>;
export type VaultSettings = OpenBaoSettings | Pkcs11Settings;
export type VaultKind = VaultSettings['kind'];

const schemas = { openbao: OpenBaoSchema, pkcs11: Pkcs11Schema } as const satisfies Record<VaultKind, unknown>;

/** By kind, then by key. */
export const vaultRules = Object.fromEntries(
  Object.entries(schemas).map(([kind, { properties }]) => [kind, properties]),
) as unknown as Readonly<Record<VaultKind, Readonly<Record<string, Rules>>>>;

/** What a way of one kind cannot do without, beyond the schema. */
const neededByAuth: Readonly<Record<OpenBaoSettings['auth'], readonly (keyof OpenBaoSettings)[]>> = {
  token: ['tokenFile'],
  appRole: ['roleIdFile', 'secretIdFile'],
  certificate: ['certificateFile', 'keyFile'],
  kubernetes: ['role'],
};

const neededByOpenBao = ({ auth, certificateFile, keyFile }: OpenBaoSettings): readonly string[] => [
  ...neededByAuth[auth],
  ...(certificateFile !== undefined || keyFile !== undefined ? ['certificateFile', 'keyFile'] : []),
];

const neededByPkcs11 = ({ tokenSerial }: Pkcs11Settings): readonly string[] =>
  tokenSerial === undefined ? ['tokenLabel'] : [];

const neededBy = (settings: VaultSettings): readonly string[] =>
  settings.kind === 'openbao' ? neededByOpenBao(settings) : neededByPkcs11(settings);

export interface ReadVaultSettings {
  readonly vaults: readonly VaultSettings[];
  /** Each a sentence that names vault, key and what is allowed. */
  readonly complaints: readonly string[];
}

/** `used` is the setting `vault`, which must name one of them or `file`. */
export function readVaultSettings(given: readonly unknown[], used: string): ReadVaultSettings {
  const read = given.map((entry, index) => readOne(entry as Readonly<Record<string, unknown>>, index));
  const names = read.map(({ settings }) => settings.name);
  const twice = names.filter((name, index) => name === 'file' || names.indexOf(name) !== index);
  const variables = read.flatMap(({ settings }) => ('pinVariable' in settings ? [settings.pinVariable] : []));
  const readTwice = new Set(variables.filter((variable, index) => variables.indexOf(variable) !== index));
  const complaints = [
    ...read.flatMap((each) => each.complaints),
    ...twice.map((name) => `vaults has ${JSON.stringify(name)} twice; \`file\` is always there. Choose another name.`),
    ...[...readTwice].map(
      (variable) =>
        `vaults has pinVariable ${JSON.stringify(variable)} twice; it is removed once it is read. Give each vault its own, or pinFile.`,
    ),
  ];
  if (complaints.length === 0 && used !== 'file' && !names.includes(used)) {
    complaints.push(`vault is ${JSON.stringify(used)}, but must be one of ${['file', ...names].join(', ')}.`);
  }
  return { vaults: read.map(({ settings }) => settings), complaints };
}

function readOne(entry: Readonly<Record<string, unknown>>, index: number) {
  const where = `vaults[${index}]`;
  const kind = entry.kind as VaultKind;
  const rules = Object.hasOwn(vaultRules, String(kind)) ? vaultRules[kind] : undefined;
  if (!rules) {
    const complaint = `${where}.kind is ${JSON.stringify(entry.kind)}, but must be one of ${Object.keys(schemas).join(', ')}.`;
    return { settings: entry as unknown as VaultSettings, complaints: [complaint] };
  }
  const withDefaults: Record<string, unknown> = { ...defaultsOf(rules), ...entry };
  const complaints = complaintsOf(where, rules, withDefaults, schemas[kind].required ?? []);
  const settings = withDefaults as unknown as VaultSettings;
  if (complaints.length > 0) return { settings, complaints };
  return { settings, complaints: contradictionsIn(where, settings) };
}

/** Of values that are right each by itself. */
function contradictionsIn(where: string, settings: VaultSettings): string[] {
  const given: Readonly<Record<string, unknown>> = settings;
  const missing = [...new Set(neededBy(settings))].filter((key) => given[key] === undefined);
  const keys = settings.keys.map((key) => key.split(':')[0]!);
  const twice = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  const noUrl = settings.kind === 'openbao' && !URL.canParse(settings.address);
  return [
    ...missing.map((key) => `${where}.${key} is missing; this way needs it.`),
    ...[...twice].map((key) => `${where}.keys has ${JSON.stringify(key)} twice. Keep one.`),
    ...(noUrl ? [`${where}.address is ${JSON.stringify(settings.address)}, which is no URL.`] : []),
    ...('pinFile' in settings && 'pinVariable' in settings ? [`${where} has pinFile and pinVariable. Keep one.`] : []),
  ];
}

const defaultsOf = (rules: Readonly<Record<string, Rules>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(rules).flatMap(([key, { default: value }]) => (value === undefined ? [] : [[key, value]])),
  );

function complaintsOf(
  where: string,
  rules: Readonly<Record<string, Rules>>,
  entry: Readonly<Record<string, unknown>>,
  required: readonly string[],
): string[] {
  const unknown = Object.keys(entry).filter((key) => !Object.hasOwn(rules, key));
  const missing = required.filter((key) => entry[key] === undefined);
  const wrong = Object.entries(rules).filter(([key, rule]) => entry[key] !== undefined && !fits(rule, entry[key]));
  return [
    ...unknown.map((key) => `${where}.${key}: no such key. Keys are: ${Object.keys(rules).join(', ')}.`),
    ...missing.map((key) => `${where}.${key} is missing.`),
    ...wrong.map(([key, rule]) => `${where}.${key} is ${JSON.stringify(entry[key])}, but must be ${allowed(rule)}.`),
  ];
}
