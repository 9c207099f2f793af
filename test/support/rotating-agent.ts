/** The agent inside a test, over a file of the test's own, with a clock that the test may turn. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rotateOnce, statusOfTargets } from '#src/agent/rotate.ts';
import type { LogEntry, Surroundings } from '#src/agent/turn/turn-context.ts';
import type { TargetStatus } from '#src/domain/rotation/target-status.ts';
import type { TurnReport } from '#src/domain/rotation/turn-report.ts';
import type { RunningService } from './running-service.ts';

export interface RotatingAgent {
  readonly folder: string;
  readonly file: string;
  /** Of the target `web`. */
  readonly files: string;
  readonly log: LogEntry[];
  /** The target `web` once; what was logged is in `log`. */
  turn(options?: { force?: boolean; dryRun?: boolean }): Promise<TurnReport>;
  status(): Promise<TargetStatus>;
  /** Adds to the time of the agent. */
  passSeconds(seconds: number): void;
  /** A file of the set in use. */
  read(name: string): string;
  sets(): string[];
  inUse(): string;
  rewrite(target: Readonly<Record<string, unknown>>): void;
}

/** A file with the one target `web` for the demo product, overridden by `target`. */
export function rotatingAgent(
  service: Pick<RunningService, 'path' | 'urls'>,
  folder: string,
  target: Readonly<Record<string, unknown>> = {},
): RotatingAgent {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'privyseal-agent.yaml');
  const files = join(folder, 'tls');
  const log: LogEntry[] = [];
  let passed = 0;
  const surroundings: Surroundings = {
    now: () => Date.now() + passed,
    random: () => 0.5,
    signal: new AbortController().signal,
    log: (entry) => void log.push(entry),
  };
  const rewrite = (override: Readonly<Record<string, unknown>>): void => {
    const web = {
      name: 'web',
      names: ['demo.dev.internal'],
      enrol: { tokenFile: service.path('demo/token') },
      files: { folder: files },
      ...override,
    };
    const content = {
      service: {
        url: service.urls.public,
        distributionUrl: service.urls.distribution,
        ca: service.path('trust/system.pem'),
      },
      stateFolder: join(folder, 'state'),
      targets: [web],
    };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(content, null, 2));
  };
  rewrite(target);
  return {
    folder,
    file,
    files,
    log,
    rewrite,
    turn: async ({ force = false, dryRun = false } = {}) =>
      (await rotateOnce({ file, targets: [], force, dryRun }, surroundings))[0]!,
    status: async () => (await statusOfTargets({ file, targets: [] }))[0]!,
    passSeconds: (seconds) => {
      passed += seconds * 1000;
    },
    read: (name) => readFileSync(join(files, 'current', name), 'utf8'),
    sets: () => readdirSync(join(files, 'sets')).toSorted(),
    inUse: () => readlinkSync(join(files, 'current')),
  };
}
