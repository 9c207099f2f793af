/** Shows how far something slow is, to a person on a terminal; nothing to a script. */
import type { OnProgress } from '../../../domain/backup/report.ts';
import { StartError } from '../../../domain/errors.ts';
import { onInterrupt } from './interrupt.ts';
import type { CliIo } from './io.ts';

/** One line on stderr that is written over, on a terminal only. A signal ends the act, which cleans up after itself. */
export async function withProgress<T>(
  { stderr, isTty }: CliIo,
  act: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  let interrupted = false;
  let shown = '';
  const restoreSignals = onInterrupt(() => {
    interrupted = true;
  });
  try {
    return await act(({ what, done, total }) => {
      if (interrupted) throw new StartError('interrupted', 'Interrupted; nothing was left behind.');
      const line = `${what} … ${total === 0 ? 100 : Math.floor((100 * done) / total)} %`;
      if (isTty && line !== shown) stderr.write(`\r${line.padEnd(shown.length)}`);
      shown = line;
    });
  } finally {
    restoreSignals();
    if (isTty && shown !== '') stderr.write(`\r${' '.repeat(shown.length)}\r`);
  }
}
