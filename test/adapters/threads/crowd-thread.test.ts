import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type CrowdThread, crowdThread } from '#src/adapters/threads/crowd-thread.ts';

const entry = new URL('../../fixtures/threads/doubling-worker.ts', import.meta.url);
let thread: CrowdThread<number, number>;
let alone: number[] = [];

const make = (threadFrom: number, idleMs = 60_000): void => {
  alone = [];
  thread = crowdThread(entry, { threadFrom, idleMs });
};
afterEach(() => thread.close());

const ask = (question: number): Promise<number> =>
  thread.ask(question, async () => {
    alone.push(question);
    return question * 2;
  });

const crowd = (questions: readonly number[]): Promise<number[]> => Promise.all(questions.map(ask));

/** Asks in crowds until one is answered by the thread alone. */
async function untilThreadAnswers(): Promise<void> {
  for (;;) {
    alone = [];
    await crowd([1, 2, 3, 4]);
    if (alone.length === 0) return;
    await pause(10);
  }
}

it('answers those who come one by one on the thread of their caller', async () => {
  make(2);
  for (const question of [1, 2, 3]) expect(await ask(question)).toBe(question * 2);
  expect(alone).toEqual([1, 2, 3]);
});

it('gives each of a crowd its own answer, before and after the thread is there', async () => {
  make(2);
  const questions = Array.from({ length: 100 }, (_, index) => 1000 + index);
  const doubled = questions.map((question) => question * 2);
  expect(await crowd(questions)).toEqual(doubled);
  await untilThreadAnswers();
  expect(await crowd(questions)).toEqual(doubled);
  expect(alone).toEqual([]);
});

it('asks its caller what the thread failed on, and what was asked when the thread died', async () => {
  make(2);
  await untilThreadAnswers();
  expect(await crowd([12, 13, 14])).toEqual([24, 26, 28]);
  expect(alone).toEqual([13]);
  expect(await crowd([1, 666, 3])).toEqual([2, 1332, 6]);
  expect(alone).toContain(666);
});

it('starts another thread for the next crowd when one has died or was idle', async () => {
  make(2, 200);
  await untilThreadAnswers();
  await crowd([1, 666, 3]);
  await untilThreadAnswers();
  while (alone.length === 0) {
    await pause(500);
    await crowd([1, 2]);
  }
  await untilThreadAnswers();
});

it('answers on after it was closed, without a thread', async () => {
  make(1);
  await thread.close();
  expect(await crowd([1, 2, 3])).toEqual([2, 4, 6]);
  expect(alone).toEqual([1, 2, 3]);
});
