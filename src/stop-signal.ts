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

/**
 * From now on. Node ignores SIGPIPE, and would end in a stack trace where other programs end without a word (`list | head`), or
 * with a sentence, as on a full disk.
 */
export function endWithReader(): void {
  process.stdout.on('error', end);
  // A sentence that nobody reads, as in `2>&1 | head`, ends nothing that is under way, and changes no exit code.
  process.stderr.on('error', () => {});
}

/** From now on a service goes on without whoever read what it says: a reader that left, or a disk that is full of its log. */
export function outliveReaders(): void {
  process.stdout.off('error', end);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function end({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit(killedBySigpipe);
  process.stderr.write(
    `privyseal: outputUnwritable: The output is not complete: it cannot be written there (${code}).\n`,
  );
  process.exit(failed);
}

/** 128 and the signal's number, as shells say it. */
const killedBySigpipe = 141;

/** As exit-codes.ts has it. */
const failed = 1;
