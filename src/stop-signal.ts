/** When a person, the system, or whoever reads its output wants the program to end. */

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

/** From now on. Node ignores SIGPIPE, and would end in a stack trace where other programs end without a word (`list | head`). */
export function endWithReader(): void {
  process.stdout.on('error', end);
}

/** From now on a service, or an act that must not end halfway, goes on without whoever read what it says. */
export function outliveReaders(): void {
  process.stdout.off('error', end);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', refuseOthers);
}

function end(error: NodeJS.ErrnoException): void {
  refuseOthers(error);
  process.exit(killedBySigpipe);
}

/** 128 and the signal's number, as shells say it. */
const killedBySigpipe = 141;

function refuseOthers(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
