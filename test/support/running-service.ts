/** The real service as a child process with a home of its own: started as users start it, stopped politely or killed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type Exchange, type ExchangeOptions, exchange } from './http-exchange.ts';
import { ownEnvironment } from './own-environment.ts';

export const projectFolder = resolve(import.meta.dirname, '../..');

/** What `node` runs for `npm start`. */
const launcher: readonly string[] = [join(projectFolder, 'bin/privyseal.js'), 'serve'];

export interface ServiceOptions {
  /** A home from before; a new temporary one if absent, removed by `dispose`. */
  readonly home?: string;
  /** `PRIVYSEAL_*` and other variables; nothing of this process's own PRIVYSEAL_* gets through. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ports of an earlier run; three that stay free for a later one if absent. */
  readonly ports?: Ports;
  /** Put before node: strace, faketime, sh -c ulimit ... */
  readonly prefix?: readonly string[];
  /** Arguments of node; `launcher` if absent. */
  readonly program?: readonly string[];
  /** What a person types at the console; nobody is there if absent. */
  readonly input?: string;
  readonly readyWithinMs?: number;
  /** `alive` for a service that is expected to run but not to sign; `ready` if absent. */
  readonly until?: 'ready' | 'alive';
}

export interface Ports {
  readonly public: number;
  readonly admin: number;
  readonly distribution: number;
}

export interface Exit {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly ms: number;
}

export interface RunningService {
  readonly home: string;
  readonly ports: Ports;
  readonly urls: { readonly public: string; readonly admin: string; readonly distribution: string };
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** Absolute path of a file of the home. */
  path(name: string): string;
  read(name: string): string;
  /** Asks the public face with the demo token, unless `headers` bring another authorization. */
  public(path: string, options?: ExchangeOptions): Promise<Exchange>;
  /** Asks the admin face as the first admin. */
  admin(path: string, options?: ExchangeOptions): Promise<Exchange>;
  distribution(path: string, options?: ExchangeOptions): Promise<Exchange>;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>;
  /** kill -9 of the whole process group. */
  kill9(): Promise<Exit>;
  /** Kills it if it still runs and removes its temporary home. */
  dispose(): Promise<void>;
}

/** A new folder for homes and files; the caller removes it. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'privyseal-test-'));

async function freePorts(): Promise<Ports> {
  return { public: await freePort(), admin: await freePort(), distribution: await freePort() };
}

function environment(options: ServiceOptions, home: string, ports: Ports): NodeJS.ProcessEnv {
  return {
    ...ownEnvironment(),
    PRIVYSEAL_HOME: home,
    PRIVYSEAL_PUBLIC_PORT: String(ports.public),
    PRIVYSEAL_ADMIN_PORT: String(ports.admin),
    PRIVYSEAL_DISTRIBUTION_PORT: String(ports.distribution),
    ...options.env,
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly home: string;
  readonly exited: Promise<Exit>;
  output(): string;
}

function spawnService(options: ServiceOptions, home: string, ports: Ports): Started {
  const startedAt = performance.now();
  const [command = '', ...args] = [...(options.prefix ?? []), process.execPath, ...(options.program ?? launcher)];
  // Its own group, so that a signal also reaches what a prefix such as strace started.
  const child = spawn(command, args, {
    env: environment(options, home, ports),
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(options.input);
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exited = new Promise<Exit>((done) => {
    child.on('error', (error) => keep(Buffer.from(String(error))));
    child.on('close', (code) => done({ code: code ?? -1, ms: performance.now() - startedAt }));
  });
  return { child, home, exited, output: () => output };
}

/** Starts and waits until `/readyz` (or `/livez`) says 200; rejects with the output when it ends or stays unready. */
export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const folder = options.home === undefined ? temporaryFolder() : undefined;
  const home = options.home ?? join(folder!, 'data');
  rmSync(join(home, 'run/ports.json'), { force: true });
  const started = spawnService(options, home, options.ports ?? (await freePorts()));
  let ended = false;
  void started.exited.then(() => {
    ended = true;
  });
  const deadline = performance.now() + (options.readyWithinMs ?? 30_000);
  for (;;) {
    const ports = options.ports ?? readPorts(home);
    if (ports && (await answers(ports, options.until === 'alive' ? '/livez' : '/readyz')))
      return running(started, ports, folder);
    if (ended || performance.now() > deadline) {
      kill(started.child, 'SIGKILL');
      if (folder) rmSync(folder, { recursive: true, force: true });
      throw new Error(`the service ${ended ? 'ended' : 'did not become ready'}:\n${started.output()}`);
    }
    await pause(10);
  }
}

/** Starts a service that is expected to end by itself, and waits for that. Killed, with code -1, after `withinMs`. */
export async function serviceExit(
  options: ServiceOptions & { readonly home: string },
  withinMs = 15_000,
): Promise<Exit & { readonly output: string }> {
  const started = spawnService(options, options.home, options.ports ?? (await freePorts()));
  const timer = setTimeout(() => kill(started.child, 'SIGKILL'), withinMs);
  const exit = await started.exited;
  clearTimeout(timer);
  return { ...exit, output: started.output() };
}

/** Starts a service and kills it `afterMs` later, ready or not. */
export async function killedStart(options: ServiceOptions & { readonly home: string }, afterMs: number): Promise<void> {
  const started = spawnService(options, options.home, options.ports ?? (await freePorts()));
  await pause(afterMs);
  kill(started.child, 'SIGKILL');
  await started.exited;
}

function readPorts(home: string): Ports | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'run/ports.json'), 'utf8')) as Ports;
  } catch {
    return undefined;
  }
}

async function answers(ports: Ports, path: string): Promise<boolean> {
  try {
    const { status } = await exchange(`http://localhost:${ports.distribution}${path}`, { timeoutMs: 2_000 });
    return status === 200;
  } catch {
    return false;
  }
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // It is gone already.
  }
}

function running(started: Started, ports: Ports, folder: string | undefined): RunningService {
  const { child, home, exited, output } = started;
  const urls = {
    public: `https://localhost:${ports.public}`,
    admin: `https://localhost:${ports.admin}`,
    distribution: `http://localhost:${ports.distribution}`,
  };
  const read = (name: string): string => readFileSync(join(home, name), 'utf8');
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    const askedAt = performance.now();
    kill(child, signal);
    const { code } = await exited;
    return { code, ms: performance.now() - askedAt };
  };
  return {
    ...{ home, ports, urls, child, output, read },
    path: (name) => join(home, name),
    public: (path, options = {}) =>
      exchange(`${urls.public}${path}`, {
        ca: read('trust/system.pem'),
        ...options,
        headers: { authorization: `Bearer ${read('demo/token').trim()}`, ...options.headers },
      }),
    admin: (path, options = {}) =>
      exchange(`${urls.admin}${path}`, {
        ca: read('trust/system.pem'),
        cert: read('admin/admin.crt'),
        key: read('admin/admin.key'),
        ...options,
      }),
    distribution: (path, options) => exchange(`${urls.distribution}${path}`, options),
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    async dispose() {
      kill(child, 'SIGKILL');
      await exited;
      if (folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}
