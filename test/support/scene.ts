/** A scene: an example's own files on free ports, the running service beside them, and the programs they are for. */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, type BackgroundOptions, startBackground } from './background.ts';
import { freePort } from './free-port.ts';
import { type RunOptions, run } from './judges.ts';
import { projectFolder, type RunningService, startService, temporaryFolder } from './running-service.ts';

export interface SceneOptions {
  /** Folder of `examples`. */
  readonly example: string;
  /** Ports in its files; each becomes a free one. */
  readonly ports: readonly number[];
}

export interface Scene {
  readonly service: RunningService;
  /** Stands for the project folder: `examples/NAME` and the home as `data` are in it. */
  readonly folder: string;
  /** Absolute path of a file of the example. */
  path(name: string): string;
  /** Path of a command of the scene's own; its folder is first in the PATH of everything that is run. */
  command(name: string): string;
  /** The free port that stands where the example's files have `written`. */
  port(written: number): number;
  /** Runs a verb in the project folder, as a reader would; rejects unless it ends well. Resolves with its output. */
  privyseal(...args: string[]): Promise<string>;
  /** Runs a program in the example's folder; rejects unless it ends with 0. Resolves with its output. */
  must(program: string, args?: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a program, by its path, in the example's folder; it ends with the scene. */
  start(program: string, args: readonly string[], options?: BackgroundOptions): Background;
  /** Ends programs and service, removes the files. */
  dispose(): Promise<void>;
}

/** A command of its own, so that scripts of an example find it, too: `npx` here runs the launcher of this checkout. */
function installCommands(folder: string): void {
  const launcher = `'${process.execPath}' '${join(projectFolder, 'bin/privyseal.js')}'`;
  mkdirSync(folder);
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec ${launcher} "$@"\n`);
  writeFileSync(join(folder, 'privyseal'), `#!/bin/sh\nexec ${launcher} "$@"\n`);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o755);
}

/** Every port of the example's files, and those of a service as it is set up by itself, replaced by what is free here. */
function replacePorts(folder: string, ports: ReadonlyMap<string, number>): void {
  const written = new RegExp(`\\b(${[...ports.keys()].join('|')})\\b`, 'g');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    const replaced = text.replace(written, (port) => String(ports.get(port)));
    if (replaced !== text) writeFileSync(file, replaced);
  }
}

export async function openScene({ example, ports }: SceneOptions): Promise<Scene> {
  const service = await startService();
  const folder = temporaryFolder();
  const here = join(folder, 'examples', example);
  cpSync(join(projectFolder, 'examples', example), here, { recursive: true });
  symlinkSync(service.home, join(folder, 'data'));
  installCommands(join(folder, 'bin'));
  const free = new Map<string, number>([
    ['8443', service.ports.public],
    ['9443', service.ports.admin],
    ['8080', service.ports.distribution],
  ]);
  for (const port of ports) free.set(String(port), await freePort());
  replacePorts(here, free);
  const started: Background[] = [];
  const env = {
    PRIVYSEAL_PUBLIC_PORT: String(service.ports.public),
    PRIVYSEAL_ADMIN_PORT: String(service.ports.admin),
    PRIVYSEAL_DISTRIBUTION_PORT: String(service.ports.distribution),
    PRIVYSEAL_DISTRIBUTION_URL: service.urls.distribution,
    PATH: `${join(folder, 'bin')}:${process.env.PATH}:/usr/sbin`,
  };
  const must = async (program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> => {
    const ran = await run(program, args, {
      cwd: here,
      timeoutMs: 120_000,
      ...options,
      env: { ...env, ...options.env },
    });
    if (ran.code === 0) return ran.stdout.toString();
    throw new Error(`${program} ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
  };
  return {
    ...{ service, folder, must },
    path: (name) => join(here, name),
    command: (name) => join(folder, 'bin', name),
    port: (written) => free.get(String(written))!,
    privyseal: (...args) => must(join(folder, 'bin/privyseal'), args, { cwd: folder }),
    start(program, args, options = {}) {
      const background = startBackground(program, args, { cwd: here, ...options, env: { ...env, ...options.env } });
      started.push(background);
      return background;
    },
    async dispose() {
      await Promise.all(started.map((program) => program.stop()));
      await service.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
