/** Log lines of one turn of the event loop leave together: each write of its own costs the event loop 20 us. */
import { setImmediate as endOfTurn } from 'node:timers';

export interface LineOutput {
  write(lines: string): unknown;
  /** Returns when everything that was written has left. */
  flushSync(): void;
}

export interface LineGatherer {
  /** `line` ends with its newline. */
  write(line: string): void;
}

/** Nothing is lost when the process ends in the middle of a turn, of an error or on purpose; a signal that kills it takes the turn's lines along. */
export function gatherLines(output: LineOutput): LineGatherer {
  let lines = '';

  const hand = (): void => {
    process.off('exit', handAtExit);
    const gathered = lines;
    lines = '';
    output.write(gathered);
  };

  const handAtExit = (): void => {
    hand();
    output.flushSync();
  };

  return {
    write(line) {
      if (lines === '') {
        process.once('exit', handAtExit);
        endOfTurn(hand);
      }
      lines += line;
    },
  };
}
