/** The act that does later, in small steps, what no answer has to wait for: indexing new labels, counting what has expired. */

import type { Statements } from '../lazy-statements.ts';
import type { Acts } from './acts.ts';

/** Other acts wait this long at most: some milliseconds. */
const labelsPerStep = 250;
const expiriesPerStep = 500;

export function catchUpAct(connection: Statements): Pick<Acts, 'catchUp'> {
  const indexLabels = labelIndexing(connection);
  const countExpired = expiryCounting(connection);
  return {
    catchUp(now) {
      const indexed = indexLabels();
      const expired = countExpired(now);
      return indexed === labelsPerStep || expired === expiriesPerStep;
    },
  };
}

/** Statements whose plans are tested. */
export const catchUpSql = {
  newLabels: `SELECT label_id AS id, name_list || char(10) || subject_text AS text FROM labels
    WHERE label_id > (SELECT indexed_label FROM inventory_progress) ORDER BY label_id LIMIT ?`,
  progress: 'SELECT expired_not_after AS notAfter, expired_id AS id FROM inventory_progress',
  sameMoment: 'SELECT id, not_after AS notAfter FROM certificates WHERE not_after = ? AND id > ? ORDER BY id LIMIT ?',
  later: `SELECT id, not_after AS notAfter FROM certificates WHERE not_after > ? AND not_after < ?
    ORDER BY not_after, id LIMIT ?`,
  countExpired: `INSERT INTO count_changes SELECT coalesce(environment, ''), purpose, owner, profile, key_type, not_after,
    0, 1, 0, 0, -(successor IS NULL) FROM certificates WHERE id = ? AND state = 'issued'`,
} as const;

function labelIndexing(connection: Statements): () => number {
  const next = connection.prepare<[number], { id: number; text: string }>(catchUpSql.newLabels);
  const index = connection.prepare('INSERT INTO label_texts (rowid, text) VALUES (?, ?)');
  const advance = connection.prepare('UPDATE inventory_progress SET indexed_label = ?');
  return () => {
    const labels = next.all(labelsPerStep);
    for (const { id, text } of labels) index.run(id, text.toLowerCase());
    const last = labels.at(-1);
    if (last) advance.run(last.id);
    return labels.length;
  };
}

interface Expired {
  readonly id: number;
  readonly notAfter: number;
}

function expiryCounting(connection: Statements): (now: number) => number {
  const progress = connection.prepare<[], Expired>(catchUpSql.progress);
  const sameMoment = connection.prepare<[number, number, number], Expired>(catchUpSql.sameMoment);
  const later = connection.prepare<[number, number, number], Expired>(catchUpSql.later);
  const count = connection.prepare(catchUpSql.countExpired);
  const advance = connection.prepare('UPDATE inventory_progress SET expired_not_after = ?, expired_id = ?');
  return (now) => {
    const { notAfter, id } = progress.get()!;
    const same = notAfter < now ? sameMoment.all(notAfter, id, expiriesPerStep) : [];
    const rows = [...same, ...later.all(notAfter, now, expiriesPerStep - same.length)];
    for (const row of rows) count.run(row.id);
    const last = rows.at(-1);
    if (last) advance.run(last.notAfter, last.id);
    return rows.length;
  };
}
