/** `privyseal operator recover`: what break-glass did on the machine itself, and what to do next. */
import { printable } from '../../../domain/policy/printable.ts';
import { layoutFields } from '../terminal/fields.ts';
import type { CliIo } from '../terminal/io.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';

/** Made by the service's own code on the home; paths are absolute. */
export interface Recovery {
  readonly name: string;
  /** Null: there was no such operator. */
  readonly previousRole: string | null;
  readonly serial: string;
  /** RFC 3339. */
  readonly notAfter: string;
  readonly written: readonly string[];
  /** What was there before, under its new names. */
  readonly keptAside: readonly string[];
}

/** Without a session: what it needs to know of the service may be unknown, or not reachable, in such an hour. */
export function reportRecovery(io: CliIo, json: boolean, recovery: Recovery): void {
  const now = io.now?.() ?? Date.now();
  const text = json ? JSON.stringify(recovery, null, 2) : describe(recovery, now).join('\n');
  io.stdout.write(`${text}\n`);
}

function describe({ name, previousRole, serial, notAfter, written, keptAside }: Recovery, now: number): string[] {
  return [
    ...layoutFields([
      ['Operator', printable(name)],
      ['Role', previousRole === 'admin' ? 'admin' : `admin (before: ${previousRole ?? 'there was no such operator'})`],
      ['Certificate', serial],
      ['Expires', `${timeInWords(notAfter, now)}, ${timeToTheSecond(notAfter)}`],
      ['Written', written],
      ['Kept aside', keptAside],
    ]),
    '',
    'Nothing was revoked. If a key was lost or stolen, start the service, and then',
    '  npx privyseal operator list',
    '  npx privyseal list',
    'show what is good, and `operator remove NAME` or `revoke SERIAL --reason keyCompromise` ends it.',
  ];
}
