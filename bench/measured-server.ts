/** Starts bench/server.ts with a home of its own and reads its meter. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerFigures } from './server.ts';

export interface MeasuredServer {
  readonly publicPort: number;
  /** PEM to trust. */
  readonly ca: string;
  readonly token: string;
  /** Figures since the last call. */
  measure(): Promise<ServerFigures>;
  /** Stops it and removes its home. */
  stop(): Promise<void>;
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

/** The home is made in `parent`, which decides on what disk the inventory lies. */
export async function startMeasuredServer(parent = tmpdir()): Promise<MeasuredServer> {
  const folder = mkdtempSync(join(parent, 'privyseal-bench-'));
  const home = join(folder, 'data');
  const child = fork(join(import.meta.dirname, 'server.ts'), {
    env: {
      ...withoutSettings(process.env),
      PRIVYSEAL_HOME: home,
      PRIVYSEAL_PUBLIC_PORT: '0',
      PRIVYSEAL_ADMIN_PORT: '0',
      PRIVYSEAL_DISTRIBUTION_PORT: '0',
    },
    // Everything as users have it, the log included; it goes where a service's log costs nothing.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ports = await answerOf<{ public: number }>(child);
  return {
    publicPort: ports.public,
    ca: readFileSync(join(home, 'trust/system.pem'), 'utf8'),
    token: readFileSync(join(home, 'demo/token'), 'utf8').trim(),
    measure() {
      const figures = answerOf<ServerFigures>(child);
      child.send('measure');
      return figures;
    },
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.send('stop');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
