import { describe, expect, it, onTestFinished } from 'vitest';
import { createProcessMeter } from '../../src/adapters/process-meter.ts';

describe('the process meter', () => {
  it('reads what the process has used, which only grows', () => {
    const meter = createProcessMeter('1.2.3');
    onTestFinished(() => meter.close());
    const before = meter.read();
    for (const end = performance.now() + 20; performance.now() < end; );
    const after = meter.read();
    expect(before).toMatchObject({ version: '1.2.3', nodeVersion: process.version });
    expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds);
    expect(after.loopActiveSeconds).toBeGreaterThanOrEqual(before.loopActiveSeconds);
    expect(after.startedAt).toBe(before.startedAt);
    expect(Math.min(after.residentBytes, after.heapUsedBytes, after.openFiles ?? 1)).toBeGreaterThan(0);
  });

  it('shows a stall of the event loop to every reader', async () => {
    const meter = createProcessMeter('1.2.3');
    onTestFinished(() => meter.close());
    // The delay is measured from one tick of its timer to the next.
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const end = performance.now() + 300; performance.now() < end; );
    await new Promise((resolve) => setTimeout(resolve, 150));
    const seen = [meter.read(), meter.read()].map(({ loopDelay }) => loopDelay.maximumSeconds);
    expect(Math.min(...seen)).toBeGreaterThan(0.1);
  });
});
