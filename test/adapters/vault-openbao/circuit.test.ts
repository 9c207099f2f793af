/** The circuit breaker of a vault: ever rarer probes while people have something to mend, and one at once when they did. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BaoError } from '#src/adapters/vault-openbao/bao-trouble.ts';
import { Circuit } from '#src/adapters/vault-openbao/circuit.ts';

const untrusted = (): BaoError => new BaoError('untrusted', 'its certificate');

describe('a circuit that is open for what people mend', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Open for so long that it probes every half minute. */
  async function longOpen(probe: () => Promise<void>) {
    let outcome = (): Promise<void> => Promise.reject(untrusted());
    const probes = vi.fn(() => outcome());
    const circuit = new Circuit({ probe: probes, onChange: () => undefined });
    circuit.failed(untrusted());
    while (probes.mock.calls.length < 6) await vi.advanceTimersToNextTimerAsync();
    probes.mockClear();
    outcome = probe;
    return { circuit, probes };
  }

  it('is closed at once by a probe that is asked for', async () => {
    const { circuit, probes } = await longOpen(() => Promise.resolve());
    await vi.advanceTimersByTimeAsync(5000);
    expect(probes).not.toHaveBeenCalled();
    circuit.tryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(circuit.refusal()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(probes).toHaveBeenCalledOnce();
  });

  it('probes once more when that was asked for during a probe, which may have begun before', async () => {
    let fail: (error: BaoError) => void = () => undefined;
    const answers = [new Promise<void>((_, reject) => (fail = reject)), Promise.resolve()];
    const { circuit, probes } = await longOpen(() => answers.shift()!);
    circuit.tryNow();
    circuit.tryNow();
    expect(probes).toHaveBeenCalledOnce();
    fail(untrusted());
    await vi.advanceTimersByTimeAsync(0);
    expect(circuit.refusal()).toBeUndefined();
  });

  it('probes soon after one that did not help, as a second file may be on its way', async () => {
    const { circuit, probes } = await longOpen(() => Promise.reject(untrusted()));
    circuit.tryNow();
    await vi.advanceTimersByTimeAsync(6000);
    expect(probes).toHaveBeenCalledTimes(2);
  });

  it('is not probed when it is closed, or has ended', async () => {
    const probe = vi.fn(() => Promise.resolve());
    const circuit = new Circuit({ probe, onChange: () => undefined });
    circuit.tryNow();
    circuit.failed(untrusted());
    circuit.end();
    circuit.tryNow();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(probe).not.toHaveBeenCalled();
  });
});
