/** `privyseal alerts`: what somebody should know of, now. */
import type { AlertJson } from '../../api/alert.ts';
import { printable } from '../../domain/policy/printable.ts';
import { safeText } from '../../domain/policy/safe-text.ts';
import type { Ending } from './exit-codes.ts';
import type { Session } from './session.ts';
import { paintFor } from './terminal/paint.ts';
import { layoutTable, type Table } from './terminal/table.ts';
import { timeInWords } from './terminal/words.ts';

export async function alerts(session: Session): Promise<Ending> {
  const { items } = await (await session.adminClient()).alerts();
  if (session.json) session.printJson({ items });
  else if (items.length === 0) session.note(['No alert is open.']);
  else session.printTable(table(session, items));
  return 'ok';
}

function table(session: Session, items: readonly AlertJson[]): Table {
  const paint = paintFor(session.io);
  const columns = ['SEVERITY', 'KIND', 'SUBJECT', 'OPENED', 'SUMMARY'].map((title) => ({ title }));
  const cells = items.map(({ severity, kind, subject, openedAt, summary }) => [
    severity,
    kind,
    printable(subject),
    timeInWords(openedAt, session.now()),
    safeText(summary),
  ]);
  return layoutTable(columns, cells, {
    width: session.width,
    givesWay: [['SUMMARY', 30]],
    leavesOut: ['OPENED', 'SUBJECT'],
    finish: ({ title }, padded, cell) =>
      title === 'SEVERITY' ? paint(cell === 'critical' ? 'red' : 'yellow', padded) : padded,
  });
}
