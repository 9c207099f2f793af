/** Tells a person, or with --json a program, what went wrong, with which value, and what to do next; answers the exit code. */
import { ClientFailure, ClientProblem } from '../../client/failure.ts';
import { CaError, StartError } from '../../domain/errors.ts';
import { safeText } from '../../domain/policy/safe-text.ts';
import { CliError } from './cli-error.ts';
import { cliEndings, type Ending, endingOfProblem, endingOfStart, exitCodes, failureEndings } from './exit-codes.ts';
import type { CliIo } from './terminal/io.ts';

/** Errors of no known kind are rethrown: they are defects and keep their stack. */
export function reportError(error: unknown, io: Pick<CliIo, 'stderr'>, json: boolean): number {
  const report = describe(error);
  const exitCode = exitCodes[report.ending];
  const problem = error instanceof ClientProblem ? { problem: error.problem } : {};
  const { code, message } = report;
  const lines = json ? [JSON.stringify({ error: { code, message, ...problem }, exitCode })] : textOf(error, report);
  io.stderr.write(`${lines.join('\n')}\n`);
  return exitCode;
}

interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly ending: Ending;
}

function describe(error: unknown): ErrorReport {
  if (error instanceof ClientProblem) {
    return { code: error.code, message: error.detail, ending: endingOfProblem(error.code, error.status) };
  }
  if (error instanceof ClientFailure)
    return { code: error.code, message: error.message, ending: failureEndings[error.code] };
  if (error instanceof CliError) return { code: error.code, message: error.message, ending: cliEndings[error.code] };
  // What was judged on this machine: a CSR file before it is sent, or an act on the home itself.
  if (error instanceof CaError)
    return { code: error.code, message: error.message, ending: endingOfProblem(error.code, 0) };
  if (error instanceof StartError)
    return { code: error.code, message: error.message, ending: endingOfStart(error.code) };
  throw error;
}

function textOf(error: unknown, { code, message }: ErrorReport): string[] {
  const lines = message.split('\n').map(safeText);
  const first = `privyseal: ${safeText(code)}: ${lines[0]}`;
  return [
    first,
    ...lines.slice(1).map((line) => `  ${line}`),
    ...(error instanceof ClientProblem ? details(error) : []),
  ];
}

const stepRefused =
  '  Wait for them: `authority rotate status` says for what. --force "ten letters or more" takes the step all the same.';

function details({ reasons, retryAfterSeconds, problem, detail }: ClientProblem): string[] {
  const each = reasons.map(({ code, message, field, value }) => {
    const where = [field, value === undefined ? undefined : `\`${value}\``].filter((part) => part !== undefined);
    return safeText(
      [code, ...(where.length > 0 ? [where.join(' ')] : []), ...(message === detail ? [] : [message])].join(': '),
    );
  });
  return [
    ...each.map((line) => `  - ${line}`),
    ...(reasons.some(({ code }) => code === 'rotationConditionNotMet') ? [stepRefused] : []),
    ...(retryAfterSeconds === undefined ? [] : [`  Try again in ${retryAfterSeconds} s.`]),
    `  The service’s log has this under ${safeText(problem.instance)}.`,
  ];
}
