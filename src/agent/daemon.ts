/** `rotate --daemon`: each target when its time comes, for as long as the process lives. */
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TargetStatus } from '../domain/rotation/target-status.ts';
import type { TurnReport } from '../domain/rotation/turn-report.ts';
import { type AnonymousAccess, openAnonymousAccess } from './anonymous-access.ts';
import type { AgentFile, TargetConfig } from './config/agent-schema.ts';
import { chosenTargets } from './config/chosen-targets.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { remaining } from './plan/next-attempt.ts';
import { runTarget } from './run-target.ts';
import { statusIfReadable } from './state/target-state.ts';
import type { Surroundings } from './turn/turn-context.ts';

export interface DaemonOptions {
  readonly file: string;
  readonly targets: readonly string[];
  /** Instead of the file's. */
  readonly metricsPort?: number;
}

/** The wall clock is looked at so often, in case it jumps or the machine slept. */
const longestPauseMs = 5_000;
const jumpMs = 10_000;
/** A turn that could not even remember itself is tried again after about this time. */
const unrememberedMs = 15_000;
/** Targets that are tended at the same time. */
const atOnce = 4;

export interface DaemonSurroundings extends Surroundings {
  /** Reads the agent's file, as `loadAgentFile` does. */
  readonly load: (path: string) => Promise<AgentFile>;
  /** Has `reload` called whenever the file is to be read again. */
  readonly onReload: (reload: () => void) => void;
  /** What OpenSSL holds for a connection hangs on an object so little that V8 is in no hurry to collect it. */
  readonly collectGarbage: () => void;
}

/** Resolves when the signal has come and what was begun is over. StartError `badConfiguration` or `portInUse`. */
export async function runDaemon(options: DaemonOptions, surroundings: DaemonSurroundings): Promise<void> {
  const { log, load, onReload } = surroundings;
  const read = async (): Promise<Work> => {
    const file = await load(resolve(options.file));
    return { file, targets: chosenTargets(file, options.targets) };
  };
  const work = await read();
  const metrics = createMetrics();
  const port = options.metricsPort ?? work.file.metricsPort;
  const close =
    port === undefined ? undefined : await (await import('./metrics-server.ts')).serveMetrics(port, metrics);
  const schedule = new Schedule(work, { ...surroundings, metrics });
  let reloaded = Promise.resolve();
  let isAsked = false;
  onReload(() => {
    // One after the other, so that the file counts as it was at the last signal; one that has not begun answers for all until then.
    if (isAsked) return;
    isAsked = true;
    reloaded = reloaded.then(() => {
      isAsked = false;
      return reload(schedule, read, log);
    });
  });
  log({ level: 'info', message: tends(work) });
  try {
    await schedule.run();
  } finally {
    await close?.();
  }
  log({ level: 'info', message: 'stopped' });
}

/** A file that cannot be used changes nothing. */
async function reload(schedule: Schedule, read: () => Promise<Work>, log: Surroundings['log']): Promise<void> {
  try {
    const work = await read();
    schedule.replace(work);
    log({ level: 'info', message: `read its file again: ${tends(work)}` });
  } catch (error) {
    const why = (error as Error).message.replace(':\n', ': ').replaceAll('\n', '; ');
    log({ level: 'error', message: `goes on as before: ${why}` });
  }
}

/** What the agent's file says, and the targets that were chosen of it. */
interface Work {
  readonly file: AgentFile;
  readonly targets: readonly TargetConfig[];
}

const tends = ({ targets }: Work): string => `tends ${targets.map(({ name }) => name).join(', ')}`;

/** Of one poll of a target; so that fifty of them do not fetch the same lists fifty times. */
const openShared = (file: AgentFile): AnonymousAccess => openAnonymousAccess(file, file.pollSeconds * 250);

interface World extends Surroundings, Pick<DaemonSurroundings, 'collectGarbage'> {
  readonly metrics: Metrics;
}

/** Wall and monotonic time when they were last compared. */
interface Clocks {
  readonly wall: number;
  readonly monotonic: number;
}

class Schedule {
  readonly #world: World;
  readonly #due = new Map<TargetConfig, number>();
  readonly #running = new Map<TargetConfig, Promise<void>>();
  #file: AgentFile;
  #shared: AnonymousAccess;
  #clocks: Clocks;
  /** Ends the pause before the next event. */
  #wake = (): void => {};

  constructor({ file, targets }: Work, world: World) {
    this.#file = file;
    this.#shared = openShared(file);
    this.#world = world;
    // What is due is found by looking: the state of before may be old, and a first look tells of trouble at once.
    for (const target of targets) this.#due.set(target, world.now());
    this.#clocks = this.#readClocks();
  }

  async run(): Promise<void> {
    const { signal, metrics } = this.#world;
    for (const { name } of this.#due.keys()) {
      const status = await statusIfReadable(this.#file.stateFolder, name);
      if (status) metrics.status(status);
    }
    while (!signal.aborted) {
      this.#heedJump();
      this.#startDue();
      await this.#nextEvent();
    }
    await Promise.all(this.#running.values());
    await this.#shared.close();
  }

  /** All targets are looked at, as after a start. Turns under way end as they began; the lock of a folder keeps the next one waiting. */
  replace({ file, targets }: Work): void {
    const before = this.#shared;
    void Promise.all(this.#running.values()).then(() => before.close());
    this.#file = file;
    this.#shared = openShared(file);
    const gone = [...this.#due.keys()].filter(({ name }) => !targets.some((target) => target.name === name));
    for (const { name } of gone) this.#world.metrics.forget(name);
    this.#due.clear();
    for (const target of targets) this.#due.set(target, this.#world.now());
    this.#wake();
  }

  #readClocks(): Clocks {
    return { wall: this.#world.now(), monotonic: performance.now() };
  }

  /** Times that were planned by another clock mean nothing: everything is looked at anew. */
  #heedJump(): void {
    const before = this.#clocks;
    this.#clocks = this.#readClocks();
    const jumped = this.#clocks.wall - before.wall - (this.#clocks.monotonic - before.monotonic);
    if (Math.abs(jumped) < jumpMs) return;
    const message = `the clock jumped by ${Math.round(jumped / 1000)} s, or the machine slept: all targets are looked at`;
    this.#world.log({ level: 'warn', message });
    for (const target of this.#due.keys()) this.#due.set(target, this.#clocks.wall);
  }

  #startDue(): void {
    const now = this.#world.now();
    const waiting = [...this.#due].filter(([target, at]) => at <= now && !this.#running.has(target));
    waiting.sort(([, a], [, b]) => a - b);
    for (const [target] of waiting.slice(0, Math.max(0, atOnce - this.#running.size))) {
      this.#running.set(
        target,
        this.#tend(target).finally(() => this.#running.delete(target)),
      );
    }
  }

  /** The next turn that ends, the next one that is due, or time to look at the clock. */
  async #nextEvent(): Promise<void> {
    const idle = [...this.#due].filter(([target]) => !this.#running.has(target)).map(([, at]) => at);
    const isFull = this.#running.size >= atOnce;
    const until = isFull ? longestPauseMs : Math.min(...idle, Number.MAX_SAFE_INTEGER) - this.#world.now();
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, this.#world.signal]);
    const time = pause(Math.min(Math.max(until, 20), longestPauseMs), undefined, { signal }).catch(() => {});
    this.#wake = () => waiting.abort();
    await Promise.race([time, ...this.#running.values()]);
    waiting.abort();
  }

  async #tend(target: TargetConfig): Promise<void> {
    const { metrics, signal, now, random, collectGarbage } = this.#world;
    try {
      const report = await runTarget({
        ...this.#world,
        ...{ file: this.#file, shared: this.#shared, target, force: false, patient: true },
      });
      // The file may have been read again meanwhile.
      if (!this.#due.has(target)) return this.#tell(report);
      metrics.turn(report);
      // It opened connections of its own, which is rare.
      if (report.act !== 'unchanged') collectGarbage();
      this.#tell(report);
      const next = Date.parse(report.status.nextAttemptAt ?? '');
      this.#due.set(target, next > now() ? next : now() + unrememberedMs * (0.5 + random()));
    } catch (error) {
      if (signal.aborted) return;
      // A defect in the turn of one target must not end those of the others.
      this.#world.log({ level: 'error', target: target.name, message: String((error as Error).stack) });
      if (this.#due.has(target)) this.#due.set(target, now() + unrememberedMs * 20);
    }
  }

  #tell({ target, act, code, detail, status }: TurnReport): void {
    if (act === 'unchanged') return;
    const isStuck = act === 'failed' || act === 'waiting';
    const share = remaining(status, this.#world.now());
    const ending =
      isStuck && status.notAfter !== null && share < 1 / 4 ? ` Its certificate ${endsIn(status, share)}.` : '';
    const level = !isStuck ? 'info' : share < 1 / 8 ? 'error' : 'warn';
    this.#world.log({ level, target, message: `${act}: ${code === undefined ? '' : `${code}: `}${detail}${ending}` });
  }
}

const endsIn = ({ notAfter }: TargetStatus, share: number): string =>
  share > 0 ? `ends at ${notAfter}` : `ended at ${notAfter}`;
