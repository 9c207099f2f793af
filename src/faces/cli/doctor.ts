/** `privyseal doctor`: shows what was found, and ends with 1 where something fails. */
import { type Finding, type FindingState, worstState } from '../../domain/diagnosis/finding.ts';
import { safeText } from '../../domain/policy/safe-text.ts';
import type { Ending } from './exit-codes.ts';
import { foldText } from './terminal/fold.ts';
import type { CliIo } from './terminal/io.ts';
import { type Colour, paintFor } from './terminal/paint.ts';

const colours: Readonly<Record<FindingState, Colour>> = { ok: 'green', warn: 'yellow', fail: 'red' };

/** A warning is no failure: scripts that want none read --json. */
export function tellFindings(io: CliIo, json: boolean, findings: readonly Finding[]): Ending {
  const state = worstState(findings);
  if (json) io.stdout.write(`${JSON.stringify({ state, findings }, null, 2)}\n`);
  else io.stdout.write(`${findings.flatMap((finding) => linesOf(io, finding)).join('\n')}\n`);
  return state === 'fail' ? 'failed' : 'ok';
}

/** Where sentences begin. */
const column = 20;

function linesOf(io: CliIo, { check, state, says, next }: Finding): string[] {
  const head = `${paintFor(io)(colours[state], state.padEnd(4))}  ${check.padEnd(12)}  `;
  const room = io.isTty && io.columns !== undefined ? io.columns - column : undefined;
  const texts = next === undefined ? [says] : [says, ...next.split('\n')];
  const lines = texts.flatMap((text) => (text.startsWith('Run: ') ? [safeText(text)] : foldText(safeText(text), room)));
  return lines.map((line, index) => `${index === 0 ? head : ' '.repeat(column)}${line}`);
}
