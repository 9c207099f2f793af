/** Leaves no half-made files behind when the person presses Ctrl-C. */
import { rmSync } from 'node:fs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Until the answer is called, a signal removes `folder` and then ends the process as it would have. */
export function discardOnInterrupt(folder: string): () => void {
  const restore = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    restore();
    rmSync(folder, { recursive: true, force: true });
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return restore;
}
