/** `privyseal rotate` and `rotate status`: what was done for each target, and what is known of it. */

import type { ClientFailureCode } from '../../client/failure.ts';
import { safeText } from '../../domain/policy/safe-text.ts';
import type { TargetStatus } from '../../domain/rotation/target-status.ts';
import type { TurnReport } from '../../domain/rotation/turn-report.ts';
import { type Ending, endingOfProblem, failureEndings } from './exit-codes.ts';
import type { CliIo } from './terminal/io.ts';
import { paintFor } from './terminal/paint.ts';
import { fitNotes, layoutTable } from './terminal/table.ts';
import { timeInWords } from './terminal/words.ts';

/** The first target that failed decides how the program ends, in the order of the file; where none did, one that waits. */
export function tellTurns(io: CliIo, json: boolean, reports: readonly TurnReport[]): Ending {
  if (json) io.stdout.write(`${JSON.stringify({ targets: reports }, null, 2)}\n`);
  else io.stdout.write(`${reports.map((report) => lineOf(io, report)).join('\n')}\n`);
  const failure = reports.find(({ act }) => act === 'failed');
  if (failure) return endingOf(failure.code ?? '');
  return reports.some(({ act }) => act === 'waiting') ? 'waiting' : 'ok';
}

function lineOf(io: CliIo, { target, act, code, detail }: TurnReport): string {
  const colour = act === 'failed' ? 'red' : act === 'waiting' ? 'yellow' : 'green';
  const word = paintFor(io)(colour, act.padEnd(9));
  return `${word}  ${target}: ${code === undefined ? '' : `${safeText(code)}: `}${safeText(detail)}`;
}

/** Codes of the service and of the connection end as they do elsewhere; the agent's own are failures. */
function endingOf(code: string): Ending {
  if (Object.hasOwn(failureEndings, code)) return failureEndings[code as ClientFailureCode];
  if (code === 'answerNotOurs' || code === 'answerNotTrusted') return 'notTrusted';
  return endingOfProblem(code, 500);
}

const columns = [
  { title: 'TARGET' },
  { title: 'SERIAL', cut: 'middle' as const },
  { title: 'EXPIRES' },
  { title: 'NEXT' },
  { title: 'PROOF' },
  { title: 'ERROR' },
];

/** A target that failed last makes the program end with 1, so that a monitor needs no more than the exit code. */
export function tellStatus(io: CliIo, json: boolean, statuses: readonly TargetStatus[]): Ending {
  if (json) io.stdout.write(`${JSON.stringify({ targets: statuses }, null, 2)}\n`);
  else {
    const now = (io.now ?? Date.now)();
    const table = layoutTable(
      columns,
      statuses.map((status) => rowOf(status, now)),
      {
        width: io.isTty ? io.columns : undefined,
        givesWay: [
          ['ERROR', 20],
          ['SERIAL', 11],
          ['PROOF', 12],
        ],
        leavesOut: ['PROOF', 'NEXT'],
      },
    );
    io.stdout.write(`${table.lines.join('\n')}\n`);
    for (const note of fitNotes(table)) io.stderr.write(`${note}\n`);
  }
  return statuses.some(({ lastError }) => lastError !== null) ? 'failed' : 'ok';
}

function rowOf(status: TargetStatus, now: number): string[] {
  const { target, serial, notAfter, nextAttemptAt, lastProof, lastError, waitingFor } = status;
  const proof = lastProof ? `${lastProof.outcome} ${timeInWords(lastProof.at, now)}` : '-';
  const error = lastError
    ? `${lastError.code}: ${lastError.message}`
    : waitingFor
      ? `waits for approval: ${waitingFor}`
      : '-';
  const times = [notAfter, nextAttemptAt].map((time) => (time === null ? '-' : timeInWords(time, now)));
  return [target, serial ?? '-', ...times, proof, error].map((cell) => safeText(cell));
}
