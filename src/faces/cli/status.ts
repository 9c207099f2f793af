/** `privyseal status`: whether the service can do its work, its authorities and their CRLs, and how much it holds. */
import type { StatusJson } from '../../api/service.ts';
import { printable } from '../../domain/policy/printable.ts';
import { safeText } from '../../domain/policy/safe-text.ts';
import type { Ending } from './exit-codes.ts';
import type { Session } from './session.ts';
import { layoutFields } from './terminal/fields.ts';
import { paintFor } from './terminal/paint.ts';
import { fitNotes, layoutTable, type Table } from './terminal/table.ts';
import { timeInWords, timeToTheSecond } from './terminal/words.ts';

/** Ends with `tryAgain` when the service answers but is not ready, so that scripts can wait for it. */
export async function status(session: Session): Promise<Ending> {
  const state = await (await session.adminClient()).status();
  if (session.json) session.printJson(state);
  else {
    const table = authorities(session, state);
    session.print([
      ...summary(session, state),
      '',
      'Parts',
      ...parts(session, state),
      '',
      ...table.lines,
      ...reminders(session, state),
    ]);
    session.note(fitNotes(table));
  }
  return state.readiness.status === 'ready' ? 'ok' : 'tryAgain';
}

function summary(session: Session, { version, startedAt, readiness, counts }: StatusJson): string[] {
  const ready = readiness.status === 'ready';
  return layoutFields([
    ['Privyseal', printable(version)],
    ['Started', `${timeToTheSecond(startedAt)} (${timeInWords(startedAt, session.now())})`],
    ['State', paintFor(session.io)(ready ? 'green' : 'red', readiness.status)],
    [
      'Certificates',
      `${counts.certificates}, of which ${counts.revoked} revoked, ${counts.archived} archived and ${counts.intents} being issued`,
    ],
    ['Audit events', String(counts.auditEvents)],
  ]);
}

function parts(session: Session, { readiness }: StatusJson): string[] {
  const paint = paintFor(session.io);
  return layoutFields(
    readiness.parts.map(({ name, ready, reason }) => [
      printable(name),
      ready ? paint('green', 'ready') : `${paint('red', 'not ready')}: ${safeText(reason ?? 'no reason given')}`,
    ]),
    { indent: '  ' },
  );
}

function authorities(session: Session, state: StatusJson): Table {
  const now = session.now();
  const rows = state.authorities.map(({ name, notAfter, crl }) => [
    printable(name),
    timeInWords(notAfter, now),
    crl?.number ?? '-',
    crl ? timeInWords(crl.thisUpdate, now) : '-',
    crl ? timeInWords(crl.nextUpdate, now) : '-',
  ]);
  const columns = ['AUTHORITY', 'EXPIRES', 'CRL', 'MADE', 'NEXT'].map((title) => ({ title }));
  const givesWay = [['AUTHORITY', 16]] as const;
  return layoutTable(columns, rows, { width: session.width, givesWay, leavesOut: ['MADE'] });
}

function reminders(session: Session, state: StatusJson): string[] {
  const paint = paintFor(session.io);
  if (state.reminders.length === 0) return [];
  return ['', 'To do', ...state.reminders.map((text) => `  ${paint('yellow', printable(text, 300))}`)];
}
