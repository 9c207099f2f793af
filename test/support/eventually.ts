/** Waits for what another program brings about; unlike `expect.poll` also before the first test. */
import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer holds and resolves with it; a question that fails is asked again. Rejects with the last answer. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  holds: (answer: T) => boolean,
  withinMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await attempt(ask);
    if ('value' in answer && holds(answer.value)) return answer.value;
    if (performance.now() > deadline) throw new Error(`it never came: ${JSON.stringify(answer)}`);
    await pause(50);
  }
}

async function attempt<T>(ask: () => T | Promise<T>): Promise<{ readonly value: T } | { readonly failure: string }> {
  try {
    return { value: await ask() };
  } catch (error) {
    return { failure: String(error) };
  }
}
