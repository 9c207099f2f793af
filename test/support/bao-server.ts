/** A real OpenBao with TLS, sealed at its start, on ports and in a folder of its own: started, unsealed, asked as root, ended. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { tokenPolicy } from './vault-policies.ts';

export interface BaoOptions {
  /** The judge's path. */
  readonly program: string;
  /** `raft` survives a restart, and takes two seconds to become active. */
  readonly storage?: 'inmem' | 'raft';
}

export interface BaoServer {
  readonly address: string;
  readonly caFile: string;
  readonly rootToken: string;
  readonly unsealKey: string;
  /** Of the server's own CA, for the DNS name `ca-service.internal`. */
  readonly client: { readonly certificateFile: string; readonly keyFile: string };
  /** In the server's folder; 0600 unless said. */
  write(file: string, text: string, mode?: number): string;
  /** As root, or as `token`; throws unless the status is 2xx. */
  ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<BaoJson>;
  seal(): Promise<void>;
  /** Resolves when it is active. */
  unseal(): Promise<void>;
  /** It keeps its connections and answers nothing until it goes on. */
  hang(): Promise<void>;
  goOn(): void;
  /** kill -9; what is on its disk stays. */
  crash(): Promise<void>;
  /** On the same port; sealed. */
  startAgain(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests read what they know is there.
type BaoJson = any;

/** Unsealed and active, with nothing in it. */
export async function startBao({ program, storage = 'inmem' }: BaoOptions): Promise<BaoServer> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-bao-'));
  const port = await freePort();
  await makeCertificates(folder);
  writeFileSync(join(folder, 'bao.hcl'), configuration(folder, port, storage));
  const address = `https://127.0.0.1:${port}`;
  const ca = readFileSync(join(folder, 'ca.pem'), 'utf8');
  const agent = new Agent({ connect: { ca } });
  let running: ChildProcess;
  let rootToken = '';
  let unsealKey = '';

  const send = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const answer = await agent.request({
      origin: address,
      path: `/v1/${path}`,
      method: method as 'GET',
      headers: { 'x-vault-token': rootToken, ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, json: (text === '' ? {} : JSON.parse(text)) as BaoJson };
  };
  const until = async (states: readonly number[]): Promise<void> => {
    for (const end = performance.now() + 60_000; performance.now() < end; await pause(25)) {
      const answer = await send('GET', 'sys/health').catch(() => undefined);
      if (answer && states.includes(answer.status)) return;
      if (running.exitCode !== null) throw new Error(`OpenBao ended with ${running.exitCode}`);
    }
    throw new Error('OpenBao did not come up');
  };
  const start = async (): Promise<void> => {
    // A home of its own: it would keep a token in the user's.
    const env = { PATH: process.env.PATH, HOME: folder };
    running = spawn(program, ['server', `-config=${join(folder, 'bao.hcl')}`], { env, stdio: 'ignore' });
    await until([501, 503]);
  };
  const server: BaoServer = {
    address,
    caFile: join(folder, 'ca.pem'),
    get rootToken() {
      return rootToken;
    },
    get unsealKey() {
      return unsealKey;
    },
    client: { certificateFile: join(folder, 'client.pem'), keyFile: join(folder, 'client.key') },
    write(file, text, mode = 0o600) {
      writeFileSync(join(folder, file), text, { mode });
      return join(folder, file);
    },
    async ask(method, path, body, headers) {
      const { status, json } = await send(method, path, body, headers);
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
      return json;
    },
    seal: async () => void (await send('POST', 'sys/seal')),
    async unseal() {
      await send('POST', 'sys/unseal', { key: unsealKey });
      await until([200]);
    },
    async hang() {
      running.kill('SIGSTOP');
      // The signal reaches one thread after the other, and one that still runs may answer.
      await eventually(
        () => threadStates(running.pid!),
        (states) => states.every((state) => state === 'T'),
      );
    },
    goOn: () => void running.kill('SIGCONT'),
    async crash() {
      const ended = new Promise((done) => running.once('exit', done));
      running.kill('SIGKILL');
      await ended;
    },
    startAgain: start,
    async stop() {
      if (running.exitCode === null && running.signalCode === null) await server.crash();
      await agent.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await start();
    const { json } = await send('POST', 'sys/init', { secret_shares: 1, secret_threshold: 1 });
    rootToken = json.root_token;
    unsealKey = json.keys_base64[0];
    await server.unseal();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** A token as an agent beside the service would keep it: renewable for ever, with these policies, `token.hcl` and nothing else. */
export async function tokenFor(server: BaoServer, policies: readonly string[], period = '10m'): Promise<string> {
  await server.ask('POST', 'sys/policies/acl/privyseal-token', { policy: tokenPolicy });
  const own = { policies: [...policies, 'privyseal-token'], no_default_policy: true, no_parent: true };
  const made = await server.ask('POST', 'auth/token/create', { ...own, period });
  return made.auth.client_token;
}

function configuration(folder: string, port: number, storage: 'inmem' | 'raft'): string {
  const raft = join(folder, 'raft');
  mkdirSync(raft);
  const stores = {
    inmem: 'storage "inmem" {}',
    raft: `storage "raft" {\n  path = "${raft}"\n  node_id = "n1"\n  performance_multiplier = 1\n}`,
  };
  return `${stores[storage]}
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_cert_file = "${folder}/server.pem"
  tls_key_file = "${folder}/server.key"
  tls_client_ca_file = "${folder}/ca.pem"
  tls_min_version = "tls12"
}
api_addr = "https://127.0.0.1:${port}"
cluster_addr = "https://127.0.0.1:${port + 1}"
ui = false
disable_mlock = true
log_level = "error"
`;
}

/** A CA, the server's certificate and a client's, as an operator would make them. */
async function makeCertificates(folder: string): Promise<void> {
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=bao CA', '-days', '2');
  const leaf = (name: string, names: string, usage: string) =>
    openssl(
      ...['req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`],
      ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2', '-addext', `subjectAltName=${names}`],
      ...['-addext', `extendedKeyUsage=${usage}`, '-addext', 'basicConstraints=critical,CA:FALSE'],
    );
  await leaf('server', 'IP:127.0.0.1,DNS:localhost', 'serverAuth');
  await leaf('client', 'DNS:ca-service.internal', 'clientAuth');
}

/** A letter for each thread, as proc(5) has them: `T` is stopped. The third field follows the name in parentheses. */
const threadStates = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  });
