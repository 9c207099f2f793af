/** When a person or the system wants the program to end. */

/** From now on: a program that has begun must not be ended by a signal's default. A second signal ends it at once. */
export function nextStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve();
      });
    }
  });
}
