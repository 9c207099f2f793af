/** `rotate --daemon`: each target when its time comes, for as long as the process lives. */
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TargetStatus } from '../domain/rotation/target-status.ts';
import type { TurnReport } from '../domain/rotation/turn-report.ts';
import { type AnonymousAccess, openAnonymousAccess } from './anonymous-access.ts';
import type { AgentFile, TargetConfig } from './config/agent-schema.ts';
import { chosenTargets } from './config/chosen-targets.ts';
import { loadAgentFile } from './config/load-agent-file.ts';
import { giveMemoryBack } from './give-memory-back.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { remaining } from './plan/next-attempt.ts';
import { runTarget } from './run-target.ts';
import { readStatus } from './state/target-state.ts';
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

/** Resolves when the signal has come and what was begun is over. StartError `badConfiguration` or `portInUse`. */
export async function runDaemon(options: DaemonOptions, surroundings: Surroundings): Promise<void> {
  const file = await loadAgentFile(resolve(options.file));
  const targets = chosenTargets(file, options.targets);
  const metrics = createMetrics();
  const port = options.metricsPort ?? file.metricsPort;
  const close =
    port === undefined ? undefined : await (await import('./metrics-server.ts')).serveMetrics(port, metrics);
  // Of one poll of a target; so that fifty of them do not fetch the same lists fifty times.
  const shared = openAnonymousAccess(file, file.pollSeconds * 250);
  surroundings.log({ level: 'info', message: `tends ${targets.map(({ name }) => name).join(', ')}` });
  try {
    await new Schedule(file, targets, { ...surroundings, metrics, shared }).run();
  } finally {
    await shared.close();
    await close?.();
  }
  surroundings.log({ level: 'info', message: 'stopped' });
}

interface World extends Surroundings {
  readonly metrics: Metrics;
  readonly shared: AnonymousAccess;
}

/** Wall and monotonic time when they were last compared. */
interface Clocks {
  readonly wall: number;
  readonly monotonic: number;
}

class Schedule {
  readonly #file: AgentFile;
  readonly #world: World;
  readonly #due: Map<TargetConfig, number>;
  readonly #running = new Map<TargetConfig, Promise<void>>();
  #clocks: Clocks;

  constructor(file: AgentFile, targets: readonly TargetConfig[], world: World) {
    this.#file = file;
    this.#world = world;
    // What is due is found by looking: the state of before may be old, and a first look tells of trouble at once.
    this.#due = new Map(targets.map((target) => [target, world.now()]));
    this.#clocks = this.#readClocks();
  }

  async run(): Promise<void> {
    const { signal, metrics } = this.#world;
    for (const { name } of this.#due.keys()) {
      const status = await readStatus(this.#file.stateFolder, name);
      if (status) metrics.status(status);
    }
    while (!signal.aborted) {
      this.#heedJump();
      this.#startDue();
      await this.#nextEvent();
    }
    await Promise.all(this.#running.values());
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
    await Promise.race([time, ...this.#running.values()]);
    waiting.abort();
  }

  async #tend(target: TargetConfig): Promise<void> {
    const { metrics, signal, now, random } = this.#world;
    try {
      const report = await runTarget({ ...this.#world, file: this.#file, target, force: false });
      metrics.turn(report);
      if (report.act !== 'unchanged') giveMemoryBack();
      this.#tell(report);
      const next = Date.parse(report.status.nextAttemptAt ?? '');
      this.#due.set(target, next > now() ? next : now() + unrememberedMs * (0.5 + random()));
    } catch (error) {
      if (signal.aborted) return;
      // A defect in the turn of one target must not end those of the others.
      this.#world.log({ level: 'error', target: target.name, message: String((error as Error).stack) });
      this.#due.set(target, now() + unrememberedMs * 20);
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
