/** Starts bench/server.ts with a home of its own and reads its meter. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServerFigures } from './server.ts';

export interface MeasuredServer {
  readonly home: string;
  readonly publicPort: number;
  readonly adminPort: number;
  readonly distributionPort: number;
  /** PEM to trust. */
  readonly ca: string;
  readonly token: string;
  /** PEM of the first admin. */
  readonly admin: { readonly cert: string; readonly key: string };
  /** Figures since the last call. */
  measure(): Promise<ServerFigures>;
  /** Stops it and removes its home. */
  stop(options?: { readonly keepHome?: boolean }): Promise<void>;
}

const answerOf = <T>(child: ChildProcess): Promise<T> =>
  new Promise((done, failed) => {
    const onExit = (code: number | null): void => failed(new Error(`the server ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      done(message as T);
    });
  });

/** The defaults are what is measured. */
export const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PRIVYSEAL_')));

/** A folder of its own in `parent`, which decides on what disk the inventory lies; `stop` of its last server removes it. */
const newHome = (parent: string): string => join(mkdtempSync(join(parent, 'privyseal-bench-')), 'data');

type Settings = Readonly<Record<string, string>>;

/** Serves a new home made in `parent`; `settings` are variables, such as PRIVYSEAL_CONFIG. */
export const startMeasuredServer = (parent = tmpdir(), settings: Settings = {}): Promise<MeasuredServer> =>
  serveHome(newHome(parent), settings);

/** Makes a home in `parent` and leaves it without a server: something is to be done to it before. */
export async function makeBenchHome(parent = tmpdir()): Promise<string> {
  const { home, stop } = await startMeasuredServer(parent);
  await stop({ keepHome: true });
  return home;
}

/** Serves a home that is there. */
export async function serveHome(home: string, settings: Settings = {}): Promise<MeasuredServer> {
  const child = fork(join(import.meta.dirname, 'server.ts'), {
    env: {
      ...withoutSettings(process.env),
      // As bin/privyseal.js has it: without it, threads load what strips types, which takes memory that no user misses.
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      PRIVYSEAL_HOME: home,
      PRIVYSEAL_PUBLIC_PORT: '0',
      PRIVYSEAL_ADMIN_PORT: '0',
      PRIVYSEAL_DISTRIBUTION_PORT: '0',
      ...settings,
    },
    // As bin/privyseal.js sets it.
    execArgv: ['--semi-space-growth-factor=1'],
    // Everything as users have it, the log included; it goes where a service's log costs nothing.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ports = await answerOf<{ public: number; admin: number; distribution: number }>(child);
  const read = (name: string): string => readFileSync(join(home, name), 'utf8');
  return {
    home,
    publicPort: ports.public,
    adminPort: ports.admin,
    distributionPort: ports.distribution,
    ca: read('trust/system.pem'),
    token: read('demo/token').trim(),
    admin: { cert: read('admin/admin.crt'), key: read('admin/admin.key') },
    measure() {
      const figures = answerOf<ServerFigures>(child);
      child.send('measure');
      return figures;
    },
    async stop({ keepHome = false } = {}) {
      const ended = new Promise((done) => child.once('exit', done));
      child.send('stop');
      await ended;
      if (!keepHome) rmSync(dirname(home), { recursive: true, force: true });
    },
  };
}
