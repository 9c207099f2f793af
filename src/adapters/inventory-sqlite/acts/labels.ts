/** Labels: what a certificate is known by. Each is written once, whatever how many certificates come to have it. */
import { type CertificateDetails, listedName } from '../../../domain/records/certificate.ts';
import type { Statements } from '../lazy-statements.ts';
import { joinNames, reversed } from '../rows/certificate-row.ts';
import type { Row } from './intent-conditions.ts';

/** The label of a certificate, made if it is new; inside a write transaction. */
export function openLabels(
  connection: Statements,
): (certificate: Pick<CertificateDetails, 'names' | 'subject'>) => Row {
  const select = connection
    .prepare<[string, string, string], number>(
      'SELECT label_id FROM labels WHERE first_name = ? AND name_list = ? AND subject_text = ?',
    )
    .pluck();
  const insert = connection.prepare('INSERT INTO labels (first_name, name_list, subject_text) VALUES (?, ?, ?)');
  const insertName = connection.prepare('INSERT OR IGNORE INTO label_names (reversed, label) VALUES (?, ?)');
  return (certificate) => {
    const { names, subject } = certificate;
    const key = [listedName(certificate), joinNames(names), subject] as const;
    const known = select.get(...key);
    if (known !== undefined) return known;
    const { lastInsertRowid } = insert.run(...key);
    for (const name of names) insertName.run(reversed(name), lastInsertRowid);
    return lastInsertRowid;
  };
}
