/** The whole service as users run it, plus a meter of its event loop that the bench reads over IPC. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadConfig } from '../src/config.ts';
import { letHeapGrow } from '../src/grow-heap.ts';
import { startService } from '../src/main.ts';

/** What the bench gets for each stretch between two `measure` messages. */
export interface ServerFigures {
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
  /** Share of the time that the main thread was busy, 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Processor time of all its threads, for each second of the stretch. */
  readonly cores: number;
  readonly cpuSeconds: number;
  readonly rssMib: number;
}

/** The meter's own timer, in ms: a delay is what comes on top of it. */
const resolution = 1;

if (import.meta.main) {
  const service = await startService(await loadConfig(process.env, process.cwd()));
  letHeapGrow();
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  let cpu = process.cpuUsage();
  let since = performance.now();
  let utilization = performance.eventLoopUtilization();
  const beyondTimer = (ns: number): number => Math.max(0, ns / 1e6 - resolution);
  // The bench has failed, or was stopped: nobody else would end this.
  process.on('disconnect', () => process.exit());
  process.on('message', (message) => {
    if (message === 'stop') {
      void service.stop().then(() => process.disconnect());
      return;
    }
    const used = process.cpuUsage(cpu);
    const cpuSeconds = (used.user + used.system) / 1e6;
    const figures: ServerFigures = {
      eventLoopDelayP99Ms: beyondTimer(delay.percentile(99)),
      eventLoopDelayMaxMs: beyondTimer(delay.max),
      eventLoopUtilization: performance.eventLoopUtilization(utilization).utilization,
      cores: (cpuSeconds * 1000) / (performance.now() - since),
      cpuSeconds,
      rssMib: process.memoryUsage.rss() / 2 ** 20,
    };
    delay.reset();
    cpu = process.cpuUsage();
    since = performance.now();
    utilization = performance.eventLoopUtilization();
    process.send!(figures);
  });
  process.send!(service.ports);
}
