/** The service's login at OpenBao: one token, renewed at two thirds of its life, replaced when it ends or when its files change. */
import type { Log } from '../../ports/log.ts';
import {
  type BaoAnswer,
  type BaoCall,
  type BaoConnection,
  type ConnectionOptions,
  openConnection,
} from './bao-calls.ts';
import { BaoError } from './bao-trouble.ts';
import { ChangedFiles } from './changed-files.ts';
import { accept } from './judge-answer.ts';
import { type AuthOptions, type Lease, logIn, renew, type SendPlainly } from './log-in.ts';
import { checkFile } from './secret-file.ts';

export interface SessionOptions extends AuthOptions {
  readonly name: string;
  readonly address: string;
  readonly caFile?: string;
  readonly serverName?: string;
  readonly namespace?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

export interface BaoSession {
  /** Sends the call with the token, and once more with a new one if that is refused. Rejects with BaoError when no answer comes. */
  send(call: BaoCall): Promise<BaoAnswer>;
  /** Resolves when the backend is there, unsealed and active, and there is a token. */
  standing(timeLimitMs: number): Promise<void>;
  /** Policies of the token in use; undefined before the first login. */
  policies(): readonly string[] | undefined;
  /** Calls it whenever a file of TLS or of the credentials is another one than before, or has another mode: what was refused may do now. */
  onNewFiles(listener: () => void): void;
  close(): Promise<void>;
}

/** One login, renewal or look at a token, connection included. */
const loginLimitMs = 3000;
/** Requests that are refused one after the other do not log in more often than this. */
const betweenLoginsMs = 3000;
/** How soon a changed file is noticed: whoever mends one is to be let through within 2 s, a probe included. */
const lookAtFilesMs = 1000;
const longestCallMs = 10_000;
const longestTimerMs = 24 * 3_600_000;

/** Reads the files of TLS, so that what is wrong with them stops the start: StartError `badConfiguration`. */
export async function openSession(options: SessionOptions, log: Log): Promise<BaoSession> {
  // First: a file that changes meanwhile is a changed one.
  const changed = await ChangedFiles.watch(filesOf(options));
  return new Session(options, log, { tls: await readTls(options), changed });
}

const filesOf = (options: SessionOptions): readonly string[] =>
  fileSettings.map((setting) => options[setting]).filter((path) => path !== undefined);

const fileSettings = [
  ...(['caFile', 'certificateFile', 'keyFile'] as const),
  ...(['tokenFile', 'roleIdFile', 'secretIdFile', 'serviceAccountTokenFile'] as const),
];

type TlsFiles = Omit<ConnectionOptions, 'address' | 'serverName'>;

async function readTls({ caFile, certificateFile, keyFile }: SessionOptions): Promise<TlsFiles> {
  return {
    ...(caFile !== undefined && { caPem: await checkFile('caFile', caFile, { secret: false }) }),
    ...(certificateFile !== undefined && {
      certificatePem: await checkFile('certificateFile', certificateFile, { secret: false }),
    }),
    ...(keyFile !== undefined && { keyPem: await checkFile('keyFile', keyFile, { secret: true }) }),
  };
}

class Session implements BaoSession {
  readonly #options: SessionOptions;
  readonly #log: Log;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #watch: NodeJS.Timeout;
  readonly #changed: ChangedFiles;
  #onNewFiles: () => void = () => undefined;
  #tls: TlsFiles;
  #connection: BaoConnection;
  #lease: Lease | undefined;
  #loggingIn: Promise<Lease> | undefined;
  #loggedInAt = Number.NEGATIVE_INFINITY;
  #renewal: NodeJS.Timeout | undefined;
  #filesComplained = false;
  #closed = false;

  constructor(options: SessionOptions, log: Log, files: { readonly tls: TlsFiles; readonly changed: ChangedFiles }) {
    this.#options = options;
    this.#log = log;
    this.#tls = files.tls;
    this.#changed = files.changed;
    this.#connection = this.#connect();
    this.#headers = options.namespace === undefined ? {} : { 'x-vault-namespace': options.namespace };
    this.#watch = setInterval(() => void this.#lookAtFiles(), lookAtFilesMs).unref();
  }

  async send(call: BaoCall): Promise<BaoAnswer> {
    const { token } = this.#lease ?? (await this.#logIn());
    const answer = await this.#sendWith(token, call);
    if (answer.status !== 403) return answer;
    // A dead token and a missing policy look the same: one new token, one more try, and then it is the policy.
    const other = await this.#replace(token);
    return other === undefined ? answer : this.#sendWith(other, call);
  }

  /** The state is asked for without a token and outside of every namespace, as OpenBao wants it. */
  async standing(timeLimitMs: number): Promise<void> {
    if (this.#closed) throw new BaoError('unavailable', 'closed');
    const answer = await this.#connection.send({ method: 'GET', path: 'sys/health?standbyok=true', timeLimitMs }, {});
    // What is in front of the server may not let this through; then the next request tells.
    if (answer.status !== 403 && answer.status !== 404) accept(answer, 'key');
    if (!this.#lease) await this.#logIn();
  }

  policies(): readonly string[] | undefined {
    return this.#lease?.policies;
  }

  onNewFiles(listener: () => void): void {
    this.#onNewFiles = listener;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#renewal);
    this.#lease = undefined;
    await this.#connection.close();
  }

  #connect(): BaoConnection {
    const { address, serverName } = this.#options;
    return openConnection({ address, ...(serverName !== undefined && { serverName }), ...this.#tls });
  }

  #sendWith(token: string | undefined, call: BaoCall): Promise<BaoAnswer> {
    if (this.#closed) throw new BaoError('unavailable', 'closed');
    return this.#connection.send(call, { ...this.#headers, ...(token !== undefined && { 'x-vault-token': token }) });
  }

  readonly #plainly: SendPlainly = (call, token) => this.#sendWith(token, { ...call, timeLimitMs: loginLimitMs });

  async #replace(refused: string): Promise<string | undefined> {
    if (this.#lease && this.#lease.token !== refused) return this.#lease.token;
    if (performance.now() - this.#loggedInAt < betweenLoginsMs && !this.#loggingIn) return undefined;
    const { token } = await this.#logIn();
    return token === refused ? undefined : token;
  }

  /** Many may ask at once; one login serves them all. */
  #logIn(): Promise<Lease> {
    this.#loggingIn ??= this.#obtain().finally(() => {
      this.#loggingIn = undefined;
    });
    return this.#loggingIn;
  }

  async #obtain(): Promise<Lease> {
    this.#loggedInAt = performance.now();
    const lease = await logIn[this.#options.auth](this.#options, this.#plainly);
    this.#keep(lease);
    return lease;
  }

  #keep(lease: Lease): void {
    if (this.#closed) return;
    this.#lease = lease;
    clearTimeout(this.#renewal);
    if (lease.seconds === undefined) return;
    // At two thirds, and not all replicas at once.
    this.#renewAfter(lease.seconds * 1000 * (2 / 3) * (1 - Math.random() / 10));
  }

  #renewAfter(ms: number): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.#renew(), Math.min(Math.max(ms, 1000), longestTimerMs)).unref();
  }

  /** The old token stays in use until there is another: a backend without a leader still signs for it. */
  async #renew(): Promise<void> {
    const lease = this.#lease;
    if (!lease || this.#closed) return;
    try {
      if (!lease.renewable) return await this.#followUp(lease);
      const renewed = await renew(lease, this.#plainly);
      // Shorter than before: its longest life is near, and only another token goes on.
      if (renewed.seconds !== undefined && renewed.seconds < (lease.seconds ?? 0) - 1) await this.#followUp(renewed);
      else this.#keep(renewed);
    } catch (error) {
      await this.#logInInstead(lease, error);
    }
  }

  /** Logging in gives another token, unless that comes from a file which still holds the one that ends. */
  async #followUp({ token, seconds }: Lease): Promise<void> {
    const next = await this.#logIn();
    if (next.token !== token) return;
    this.#log.warn(
      { vault: this.#options.name, seconds },
      'the token of a vault ends and cannot be renewed; replace its file',
    );
  }

  async #logInInstead(lease: Lease, error: unknown): Promise<void> {
    try {
      await this.#logIn();
    } catch {
      if (this.#closed) return;
      this.#log.error({ err: error, vault: this.#options.name }, 'the token of a vault was not renewed; trying again');
      this.#renewAfter(Math.max(1000, Math.min(30_000, (lease.seconds ?? 60) * 100)));
    }
  }

  /** Kubernetes, agents and people replace the files; a new token or certificate is taken without a refusal first. */
  async #lookAtFiles(): Promise<void> {
    const areNew = await this.#changed.look();
    try {
      await this.#takeNewFiles();
      this.#filesComplained = false;
    } catch (error) {
      this.#complain(error);
    }
    if (areNew && !this.#closed) this.#onNewFiles();
  }

  /** Once. The token in use goes on; a refusal of it is what counts. */
  #complain(error: unknown): void {
    if (this.#filesComplained || this.#closed) return;
    this.#filesComplained = true;
    this.#log.warn({ err: error, vault: this.#options.name }, 'a file of a vault’s credentials cannot be used');
  }

  async #takeNewFiles(): Promise<void> {
    const { auth, tokenFile } = this.#options;
    if (await this.#tlsChanged()) {
      const old = this.#connection;
      this.#connection = this.#connect();
      // What is under way ends on the old one.
      setTimeout(() => void old.close(), longestCallMs).unref();
      // A token may be bound to the certificate that it was given for.
      if (auth === 'certificate') await this.#logIn();
    }
    if (auth !== 'token' || !this.#lease) return;
    const text = (await checkFile('tokenFile', tokenFile!, { secret: true })).trim();
    if (text !== '' && text !== this.#lease.token) await this.#logIn();
  }

  async #tlsChanged(): Promise<boolean> {
    const tls = await readTls(this.#options);
    if (JSON.stringify(tls) === JSON.stringify(this.#tls)) return false;
    this.#tls = tls;
    return true;
  }
}
