/** One run of a verb: where the service is, which credentials to show it, and where the output goes. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ConnectOptions, PrivysealClient } from '../../client/client.ts';
import { CliError } from './cli-error.ts';
import { withContext } from './contexts/chosen-context.ts';
import type { Ending } from './exit-codes.ts';
import { readNamedText } from './named-file.ts';
import { foldLine } from './terminal/fold.ts';
import type { CliIo } from './terminal/io.ts';
import { pasted } from './terminal/pasted.ts';
import { fitNotes, type Table } from './terminal/table.ts';

/** Options that every verb takes, as commander read them. */
export interface GlobalOptions {
  readonly home?: string;
  readonly url?: string;
  readonly adminUrl?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly tokenFile?: string;
  /** Name of a context that says what the options above do not. */
  readonly context?: string;
  readonly json?: boolean;
}

/** Runs a verb that talks to the service. */
export type WithSession = (options: GlobalOptions, verb: (session: Session) => Promise<Ending>) => Promise<void>;

export interface Session {
  readonly io: CliIo;
  readonly json: boolean;
  /** Folder whose `admin/`, `trust/` and `demo/` are used where no option says otherwise. */
  readonly home: string;
  readonly publicUrl: string;
  /** As it was said, by an option or a context; undefined where it follows from this machine alone. */
  readonly adminUrl: string | undefined;
  /** What is trusted as the service: the certificate of `system`. */
  readonly trustFile: string;
  /** Columns that output must fit; undefined when nobody looks at it as a page. */
  readonly width: number | undefined;
  now(): number;
  /** Relative to the folder the program was started in. */
  path(text: string): string;
  /** For products: a client certificate if one was named, else the token; `anonymous` shows nothing. */
  publicClient(credential: 'product' | 'anonymous'): Promise<PrivysealClient>;
  /** Mutual TLS as the operator of `admin/`, or of --cert and --key. */
  adminClient(): Promise<PrivysealClient>;
  /** What the admin client shows, and what it trusts as the service; PEM. */
  adminCredential(): Promise<{ readonly certPem: string; readonly caPem: string }>;
  /** The verb with its arguments as a command to paste, for the same service and credentials. */
  command(words: string): string;
  print(lines: readonly string[]): void;
  /** Its lines, and on stderr what it cost to make them fit. */
  printTable(table: Table): void;
  printJson(value: unknown): void;
  /** For the person alone, on stderr. */
  note(lines: readonly string[]): void;
  /** Ends the connections of the clients handed out. */
  close(): Promise<void>;
}

export type HomeOfSettings = () => Promise<string | undefined>;

export async function openSession(io: CliIo, given: GlobalOptions, homeOfSettings: HomeOfSettings): Promise<Session> {
  const options = await withContext(io.env, given);
  const path = (text: string): string => resolve(io.cwd, text);
  const home = path(options.home ?? (io.env.PRIVYSEAL_HOME || (await homeOfSettings()) || 'data'));
  const now = io.now ?? Date.now;
  const clients: PrivysealClient[] = [];
  const files = credentialFiles(home, path, options);
  const publicUrl = options.url ?? (await localUrl(io.env, home, 'public'));
  const adminUrl = options.adminUrl ?? (await localUrl(io.env, home, 'admin'));

  const open = async (baseUrl: string, credential: Partial<ConnectOptions>): Promise<PrivysealClient> => {
    const caPem = await readCa(files);
    const { connect } = await import('../../client/client.ts');
    const client = connect({ baseUrl, caPem, ...credential });
    clients.push(client);
    return client;
  };

  const width = io.isTty ? io.columns : undefined;
  const print = (lines: readonly string[]): void => void io.stdout.write(`${lines.join('\n')}\n`);
  const note = (lines: readonly string[]): void => void (lines.length > 0 && io.stderr.write(`${lines.join('\n')}\n`));

  return {
    io,
    json: options.json === true,
    home,
    publicUrl,
    adminUrl: options.adminUrl,
    trustFile: files.ca,
    width,
    now,
    path,
    publicClient: async (credential) => {
      if (credential === 'anonymous') return open(publicUrl, {});
      if (showsCertificate(io.env, given, options)) return open(publicUrl, await readKeyPair(files, now()));
      return open(publicUrl, { token: await readToken(io.env, given, files.token) });
    },
    adminClient: async () => open(adminUrl, await readKeyPair(files, now())),
    adminCredential: async () => ({ certPem: (await readKeyPair(files, now())).certPem, caPem: await readCa(files) }),
    command: (words) => pasted(given, words),
    print,
    note,
    printTable: (table) => {
      print(table.lines);
      note(fitNotes(table).flatMap((line) => foldLine(line, width)));
    },
    printJson: (value) => void io.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** The certificate of a context may well be an operator's: any token goes before it. */
const showsCertificate = (env: NodeJS.ProcessEnv, given: GlobalOptions, options: GlobalOptions): boolean =>
  given.cert !== undefined || (options.cert !== undefined && options.tokenFile === undefined && !env.PRIVYSEAL_TOKEN);

interface CredentialFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly token: string;
}

function credentialFiles(home: string, path: (text: string) => string, options: GlobalOptions): CredentialFiles {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new CliError('usage', 'One of --cert and --key was given without the other. Give both.');
  }
  const from = (option: string | undefined, ...inHome: string[]): string =>
    option === undefined ? join(home, ...inHome) : path(option);
  return {
    ca: from(options.ca, 'trust', 'system.pem'),
    cert: from(options.cert, 'admin', 'admin.crt'),
    key: from(options.key, 'admin', 'admin.key'),
    token: from(options.tokenFile, 'demo', 'token'),
  };
}

const localFaces = {
  public: { variable: 'PRIVYSEAL_PUBLIC_PORT', usual: 8443 },
  admin: { variable: 'PRIVYSEAL_ADMIN_PORT', usual: 9443 },
} as const;

/** The service reads its ports from the same variables, and its home tells which it has: both meet without options. */
async function localUrl(env: NodeJS.ProcessEnv, home: string, face: keyof typeof localFaces): Promise<string> {
  const { variable, usual } = localFaces[face];
  const given = env[variable] ?? '';
  if (!/^\d{0,5}$/.test(given) || Number(given) > 65_535) {
    throw new CliError('usage', `${variable} is \`${given}\`, but must be a port from 1 to 65535.`);
  }
  // A service that is given 0 takes a free one.
  return `https://localhost:${Number(given) || (await portsOfHome(home))[face] || usual}`;
}

/** As the service wrote them when it was last ready; nothing where that cannot be read. */
async function portsOfHome(home: string): Promise<Partial<Record<string, number>>> {
  try {
    const ports = JSON.parse(await readFile(join(home, 'run', 'ports.json'), 'utf8')) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(ports).filter(isPort));
  } catch {
    return {};
  }
}

const isPort = (entry: [string, unknown]): entry is [string, number] =>
  Number.isInteger(entry[1]) && Number(entry[1]) > 0 && Number(entry[1]) < 65_536;

async function readCa({ ca: file }: CredentialFiles): Promise<string> {
  const pem = await readCredential(file, 'the CA of the service', '--ca FILE');
  const { assertCertificates } = await import('./pem-files.ts');
  assertCertificates({ file, pem });
  return pem;
}

async function readKeyPair(
  { cert, key }: CredentialFiles,
  nowMs: number,
): Promise<{ certPem: string; keyPem: string }> {
  const certPem = await readCredential(cert, 'the client certificate', '--cert FILE and --key FILE');
  const keyPem = await readCredential(key, 'the client certificate’s key', '--cert FILE and --key FILE');
  const { assertLive, assertPair } = await import('./pem-files.ts');
  assertPair({ file: cert, pem: certPem }, { file: key, pem: keyPem });
  assertLive({ file: cert, pem: certPem }, nowMs);
  return { certPem, keyPem };
}

/** Visible ASCII only, as a header takes it. */
const tokenText = /^[\x21-\x7e]+$/;

async function readToken(env: NodeJS.ProcessEnv, options: GlobalOptions, file: string): Promise<string> {
  const fromEnvironment = options.tokenFile === undefined && env.PRIVYSEAL_TOKEN;
  const text =
    fromEnvironment || (await readCredential(file, 'the enrolment token', '--token-file FILE or PRIVYSEAL_TOKEN'));
  const token = text.trim();
  if (tokenText.test(token)) return token;
  const source = fromEnvironment ? 'PRIVYSEAL_TOKEN' : file;
  throw new CliError('usage', `${source} does not hold an enrolment token: it must be one word, \`pst_…\`.`);
}

async function readCredential(file: string, what: string, option: string): Promise<string> {
  const advice = `Give ${option}, or the service’s home with --home DIR.`;
  return readNamedText({ file, what, advice, isCredential: true });
}
