import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SigningQueue } from '#src/adapters/threads/signing-queue.ts';
import { codeOf } from '../../support/rejection.ts';

/** Work that ends when the test says so. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const started = vi.fn(() => promise);
  return { started, resolve, reject };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the queue of signatures', () => {
  it('runs a few, lets some wait, and turns the next away at once', async () => {
    const queue = new SigningQueue({ running: 2, waiting: 1, timeLimitMs: 10_000 });
    const jobs = [work(), work(), work(), work()];
    const outcomes = jobs.slice(0, 3).map((job) => queue.run(job.started));
    await expect(queue.run(jobs[3]!.started)).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    expect(jobs.map((job) => job.started.mock.calls.length)).toEqual([1, 1, 0, 0]);
    jobs[0]!.resolve('first');
    await outcomes[0];
    await vi.advanceTimersByTimeAsync(0);
    expect(jobs[2]!.started).toHaveBeenCalledOnce();
    jobs[1]!.resolve('second');
    jobs[2]!.resolve('third');
    expect(await Promise.all(outcomes)).toEqual(['first', 'second', 'third']);
  });

  it('starts them in the order they came', async () => {
    const queue = new SigningQueue({ running: 1, waiting: 100, timeLimitMs: 10_000 });
    const order: number[] = [];
    await Promise.all(Array.from({ length: 50 }, (_, index) => queue.run(async () => void order.push(index))));
    expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('tells a caller after the time limit, whether its work runs or waits, and never starts what is late', async () => {
    const queue = new SigningQueue({ running: 1, waiting: 1, timeLimitMs: 10_000 });
    const [running, waiting] = [work(), work()];
    const outcomes = [codeOf(queue.run(running.started)), codeOf(queue.run(waiting.started))];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await Promise.all(outcomes)).toEqual(['signerUnavailable', 'signerUnavailable']);
    running.resolve('too late');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.started).not.toHaveBeenCalled();
  });

  it('counts late work as running until it ends, and then goes on', async () => {
    const queue = new SigningQueue({ running: 1, waiting: 1, timeLimitMs: 10 });
    const [stuck, next] = [work(), work()];
    const late = codeOf(queue.run(stuck.started));
    await vi.advanceTimersByTimeAsync(10);
    await late;
    const outcome = queue.run(next.started);
    expect(next.started).not.toHaveBeenCalled();
    stuck.reject(new Error('gone'));
    await vi.advanceTimersByTimeAsync(0);
    next.resolve('done');
    expect(await outcome).toBe('done');
  });

  it('hands failures on and keeps going', async () => {
    const queue = new SigningQueue({ running: 1, waiting: 1, timeLimitMs: 10_000 });
    await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await queue.run(async () => 'yes')).toBe('yes');
    expect(vi.getTimerCount()).toBe(0);
  });
});
