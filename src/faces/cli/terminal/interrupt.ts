/** What happens when the person presses Ctrl-C: no half-made files are left behind. */
import { rmSync } from 'node:fs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Until the answer is called, a signal removes `path`, a file or a folder, and then ends the process as it would have. */
export function discardOnInterrupt(path: string): () => void {
  const restore = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    restore();
    rmSync(path, { recursive: true, force: true });
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return restore;
}

/** Until the answer is called, the first signal calls `listener`, and the second ends the process as it would have. */
export function onInterrupt(listener: (signal: NodeJS.Signals) => void): () => void {
  const restore = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    restore();
    listener(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return restore;
}

/** A signal waits until `act` has resolved, and then ends the process as it would have; a second one does at once. */
export async function interruptedAfter(act: () => Promise<void>): Promise<void> {
  let came: NodeJS.Signals | undefined;
  const restore = onInterrupt((signal) => {
    came = signal;
  });
  try {
    await act();
  } finally {
    restore();
  }
  if (came !== undefined) process.kill(process.pid, came);
}
