/** Settings: one schema gives the type, the defaults, `privyseal.yaml` and the `PRIVYSEAL_*` variables; the result is frozen. */
import { isAbsolute, join, resolve } from 'node:path';
import { allowed } from './api/allowed.ts';
import { type Static, Type } from './api/schema.ts';
import { alertKinds } from './domain/alerts/alert.ts';
import { StartError } from './domain/errors.ts';
import { parseGeneralName } from './domain/x509/general-name.ts';
import { fits, type Rules } from './setting-rules.ts';
import { readSettings } from './settings-file.ts';
import { readVaultSettings, type VaultSettings, vaultNamePattern } from './vault-settings.ts';

const Port = (description: string, fallback: number) =>
  Type.Integer({
    minimum: 0,
    maximum: 65535,
    default: fallback,
    unit: 'port',
    description: `${description}; 0 takes a free one, which \`run/ports.json\` in the home tells`,
  });
const Seconds = (description: string, minimum: number, fallback: number) =>
  Type.Integer({ minimum, maximum: 10 * 365 * 86_400, default: fallback, unit: 'seconds', description });

/** Every setting with its default. The environment variable of `crlLifetimeSeconds` is PRIVYSEAL_CRL_LIFETIME_SECONDS. */
export const ConfigSchema = Type.Object(
  {
    home: Type.String({
      minLength: 1,
      default: './data',
      description: 'Folder of the database, vault, admin and trust files',
    }),
    host: Type.String({ minLength: 1, default: '::', description: 'Address the faces listen on; `::` is every one' }),
    publicPort: Port('Port of the public face', 8443),
    adminPort: Port('Port of the admin face', 9443),
    distributionPort: Port('Port of the distribution face', 8080),
    distributionUrl: Type.Optional(
      Type.String({
        pattern: '^http://[A-Za-z0-9.\\-\\[\\]:]+(/[A-Za-z0-9._~\\-/]*)?$',
        description:
          'Base URL of CRL, OCSP and issuer certificates **as certificates carry it**: set it before the first certificate that others must check; `http://localhost:PORT` if absent',
      }),
    ),
    publicUrl: Type.Optional(
      Type.String({
        pattern: '^https://[^\\s/]+$',
        description: 'What the start’s text shows for the public face; `https://localhost:PORT` if absent',
      }),
    ),
    serverNames: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), {
      default: [],
      maxItems: 50,
      description:
        'Further DNS names and IP addresses of the service’s own TLS certificate, beside localhost and the host name',
    }),
    vault: Type.String({
      pattern: vaultNamePattern,
      default: 'file',
      description: 'Vault of the keys of new authorities: `file`, or the name of one of `vaults`',
    }),
    vaults: Type.Array(Type.Object({}), {
      default: [],
      maxItems: 20,
      description: 'Further vaults, each with a name, a kind and what that kind needs: see below; in the file only',
    }),
    hierarchy: Type.Enum(['two-tier', 'root'], {
      default: 'two-tier',
      description: 'Hierarchy of the environment dev that a first run makes',
    }),
    authorityKeyType: Type.Enum(
      ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'rsa-6144', 'rsa-8192', 'ed25519'],
      { default: 'ec-p256', description: 'Key type of new authorities' },
    ),
    rsaPadding: Type.Enum(['pkcs1', 'pss'], {
      default: 'pkcs1',
      description: 'How new RSA authorities sign: PKCS#1 v1.5 or PSS, both with SHA-256',
    }),
    crlLifetimeSeconds: Seconds('nextUpdate - thisUpdate of CRLs; a list is replaced after a third of it', 60, 86_400),
    ocspLifetimeSeconds: Seconds('nextUpdate - thisUpdate of OCSP answers', 60, 3_600),
    archiveAfterDays: Type.Integer({
      minimum: 1,
      maximum: 36_500,
      default: 400,
      unit: 'days',
      description:
        'Days after their expiry at which certificates leave the searches and lists of the inventory for its archive',
    }),
    requestLifetimeSeconds: Seconds('How long a request waits for the approval of operators', 60, 7 * 86_400),
    acceptClock: Type.Boolean({
      default: false,
      description:
        'Believe the clock at this start, whatever the audit log remembers; nothing is archived until a start without it',
    }),
    acceptLostVault: Type.Boolean({
      default: false,
      description: 'Make a new file vault at this start, although authorities had their keys in one that is gone',
    }),
    requestsPerMinute: Type.Integer({
      minimum: 1,
      default: 1_200_000,
      unit: 'requests a minute',
      description: 'Requests one client address may make a minute, to each face',
    }),
    tokenRequestsPerMinute: Type.Integer({
      minimum: 1,
      default: 1_200_000,
      unit: 'requests a minute',
      description: 'Requests that may be made a minute with one enrolment token, from wherever',
    }),
    productRequestsPerMinute: Type.Integer({
      minimum: 1,
      default: 1_200_000,
      unit: 'requests a minute',
      description: 'Requests that one product may make a minute, with whatever tokens and certificates',
    }),
    productCertificatesPerDay: Type.Integer({
      minimum: 0,
      default: 0,
      unit: 'certificates a day',
      description:
        'Certificates that one product may be issued on one day (UTC), rotations not refused; 0 is without limit',
    }),
    metricsProducts: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 100,
      unit: 'products',
      description: 'Products that the metrics show by name, those with the most certificates; the rest is `other`',
    }),
    alertDays: Type.Array(Type.Integer({ minimum: 1, maximum: 366 }), {
      default: [7, 1],
      maxItems: 10,
      unit: 'days',
      description:
        'Days before its end at which a certificate that should have been rotated is an alert (docs/alerts.md)',
    }),
    webhookUrls: Type.Array(Type.String({ maxLength: 2048, pattern: '^https?://[^\\s/@?#]+(/[^\\s#]*)?$' }), {
      default: [],
      maxItems: 10,
      confidential: true,
      description: 'Where alerts are sent, signed; `http://` only to addresses of webhookAllowedRanges',
    }),
    webhookSecretFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'File with the secrets that sign webhooks, one a line, not readable by others: `whsec_` and base64',
      }),
    ),
    webhookKinds: Type.Array(Type.Enum([...alertKinds]), {
      default: [],
      maxItems: alertKinds.length,
      description: 'Kinds of alerts that webhooks are sent; none is all',
    }),
    webhookAllowedRanges: Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
      default: [],
      maxItems: 20,
      description: 'Address ranges, such as 10.1.2.0/24, that webhooks may be sent to although they are not public',
    }),
    webhookTrustFile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'PEM of authorities that the certificates of webhooks may come from, beside the public ones',
      }),
    ),
    logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
      default: 'info',
      description: 'Lines below this level are not written',
    }),
    requestLog: Type.Boolean({
      default: true,
      description:
        'One log line for each request; probes and answered polls of renewal information only at the level `debug`',
    }),
  },
  { additionalProperties: false },
);

export type Config = Readonly<Omit<Static<typeof ConfigSchema>, 'vaults'>> & {
  readonly vaults: readonly VaultSettings[];
};

/** Variables that other parts read: they are no settings, but not unknown either. What each is for, as docs/configuration.md tells it. */
export const otherVariables: Readonly<Record<string, string>> = {
  PRIVYSEAL_CONFIG: 'Path of the settings’ file; `privyseal.yaml` in the folder of the start if absent',
  PRIVYSEAL_VAULT_PASSPHRASE_FILE: 'File that holds the passphrase of the vault (docs/keys.md)',
  PRIVYSEAL_VAULT_PASSPHRASE: 'The passphrase itself; a file is seen by fewer',
  PRIVYSEAL_TOKEN: 'Enrolment token that the command line shows (docs/cli.md)',
  PRIVYSEAL_CONTEXT: 'Context that the command line works in (docs/cli.md)',
};

/** Reads `privyseal.yaml` (or PRIVYSEAL_CONFIG) of `cwd`, then the environment. StartError `badConfiguration` names key, value and what is allowed. */
export async function loadConfig(
  env: NodeJS.ProcessEnv,
  cwd: string,
  overrides: Partial<Config> = {},
): Promise<Config> {
  const raw = { ...(await readSettings(env, cwd)), ...readEnvironment(env), ...overrides };
  const config = { ...defaults(), ...raw } as Config;
  const complaints = Object.entries(rulesOf).flatMap(([key, rules]) => complaint(key, rules, config));
  complaints.push(...sharedPorts(config), ...unusableNames(config), ...unusableAddresses(config), ...unknownKeys(raw));
  if (complaints.length > 0) throw bad(complaints.join('\n'));
  const { vaults, complaints: ofVaults } = readVaultSettings(config.vaults, config.vault);
  if (ofVaults.length > 0) throw bad(ofVaults.join('\n'));
  return Object.freeze({ ...config, vaults, home: isAbsolute(config.home) ? config.home : resolve(cwd, config.home) });
}

const ports = ['publicPort', 'adminPort', 'distributionPort'] as const;

/** Each face has a port of its own; 0 is never the same twice. */
const sharedPorts = (config: Config): string[] =>
  ports
    .filter((key, index) => config[key] !== 0 && ports.findIndex((other) => config[other] === config[key]) < index)
    .map(
      (key) => `${key} is ${config[key]}, but another face has this port already (environment: ${variableOf(key)}).`,
    );

/** Into the service’s own certificate go DNS names and addresses. */
function unusableNames({ serverNames }: Config): string[] {
  const names = Array.isArray(serverNames) ? serverNames.filter((name) => typeof name === 'string') : [];
  const wrong = names.filter((name) => !['dns', 'ip'].includes(parseGeneralName(name)?.type ?? ''));
  return wrong.map(
    (name) =>
      `serverNames has ${JSON.stringify(name)}, which is neither a DNS name nor an IP address (environment: ${variableOf('serverNames')}).`,
  );
}

const addresses = ['distributionUrl', 'publicUrl'] as const;

/** Certificates carry the one for good, and the start's text shows the other. */
const unusableAddresses = (config: Config): string[] =>
  addresses
    .filter((key) => typeof config[key] === 'string' && fits(rulesOf[key]!, config[key]) && !isReachable(config[key]))
    .map((key) => {
      const demand = 'must have a DNS name or an IP address, no port above 65535, and no `.` or `..` in its path';
      return `${key} is ${JSON.stringify(config[key])}, but ${demand} (environment: ${variableOf(key)}).`;
    });

/** Whether whoever fetches it asks for the host, the port and the path that are written there. */
function isReachable(address: string): boolean {
  const [, bracketed, plain, path = '/'] = /^https?:\/\/(?:\[(.*)\]|([^/:]*))(?::\d+)?(\/.*)?$/.exec(address) ?? [];
  const host = parseGeneralName(bracketed ?? plain ?? '')?.type;
  return (host === 'dns' || host === 'ip') && URL.parse(address)?.pathname === path;
}

function unknownKeys(raw: object): string[] {
  const known = Object.keys(ConfigSchema.properties);
  const unknown = Object.keys(raw).filter((key) => !known.includes(key));
  return unknown.length === 0 ? [] : [`${unknown.join(', ')}: no such setting. Settings are: ${known.join(', ')}.`];
}

const bad = (message: string): StartError => new StartError('badConfiguration', message);

/** By setting. */
export const rulesOf = ConfigSchema.properties as unknown as Readonly<Record<string, Rules>>;

const defaults = (): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(rulesOf).flatMap(([key, rules]) => (rules.default === undefined ? [] : [[key, rules.default]])),
  );

function complaint(key: string, schema: Rules, config: Readonly<Record<string, unknown>>): string[] {
  const value = config[key];
  if (value === undefined || fits(schema, value)) return [];
  const shown = schema.confidential ? 'something else' : JSON.stringify(value);
  return [`${key} is ${shown}, but must be ${allowed(schema)} (environment: ${variableOf(key)}).`];
}

/** The environment variable of a setting. */
export const variableOf = (key: string): string =>
  `PRIVYSEAL_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

function readEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  const keys = new Map(Object.keys(ConfigSchema.properties).map((key) => [variableOf(key), key]));
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('PRIVYSEAL_') || text === undefined || text === '') continue;
    const key = keys.get(name);
    if (key) raw[key] = typed(text, rulesOf[key]!);
    else if (!Object.hasOwn(otherVariables, name) && !name.startsWith('PRIVYSEAL_TEST_')) raw[name] = text;
  }
  return raw;
}

/** Environment variables are text: numbers, booleans and lists are read from it; what is neither stays text and is refused. */
function typed(text: string, { type, items }: Rules): unknown {
  if (type === 'integer') return /^\d+$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return type === 'array' ? text.split(',').map((item) => typed(item.trim(), items ?? {})) : text;
}

/** Where a file of the home lies. */
export const inHome = (config: Config, ...parts: string[]): string => join(config.home, ...parts);
