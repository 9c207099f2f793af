/** Node's own figures as the ProcessMeter port. */
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ProcessMeter, ProcessReadings } from '../ports/process-meter.ts';

/** Of the timer that the delay is measured with: 20 wake-ups a second cost an idle service nothing to speak of. */
const resolutionMs = 50;
/** Shown are the worse figures of this window and the one before it, so that no reader misses a stall, and none resets it. */
const windowMs = 60_000;

type LoopDelay = ProcessReadings['loopDelay'];

const noDelay: LoopDelay = { p50Seconds: 0, p99Seconds: 0, maximumSeconds: 0 };

/** `version` is the service's. */
export function createProcessMeter(version: string): ProcessMeter {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let ended = noDelay;
  const turnOver = setInterval(() => {
    ended = delayOf(histogram);
    histogram.reset();
  }, windowMs).unref();

  return {
    read() {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external } = process.memoryUsage();
      const { active, idle } = performance.eventLoopUtilization();
      return {
        version,
        nodeVersion: process.version,
        startedAt: performance.timeOrigin / 1000,
        cpuSeconds: (user + system) / 1e6,
        residentBytes: rss,
        heapUsedBytes: heapUsed,
        externalBytes: external,
        openFiles: countOpenFiles(),
        loopActiveSeconds: active / 1000,
        loopIdleSeconds: idle / 1000,
        loopDelay: worseOf(ended, delayOf(histogram)),
      };
    },
    close() {
      clearInterval(turnOver);
      histogram.disable();
    },
  };
}

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** The histogram holds whole waits, the timer's own interval included. */
function delayOf(histogram: DelayHistogram): LoopDelay {
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs) / 1000;
  if (histogram.count === 0) return noDelay;
  return {
    p50Seconds: seconds(histogram.percentile(50)),
    p99Seconds: seconds(histogram.percentile(99)),
    maximumSeconds: seconds(histogram.max),
  };
}

const worseOf = (a: LoopDelay, b: LoopDelay): LoopDelay => ({
  p50Seconds: Math.max(a.p50Seconds, b.p50Seconds),
  p99Seconds: Math.max(a.p99Seconds, b.p99Seconds),
  maximumSeconds: Math.max(a.maximumSeconds, b.maximumSeconds),
});

/** Linux lists them; reading the list opens one more for a moment. */
function countOpenFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
