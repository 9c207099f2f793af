/** The three orders of a search, and the place in them after which a page begins. */
import { type CertificateRecord, listedName } from '../../../domain/records/certificate.ts';
import type { CertificateQuery, CertificateSort } from '../../../ports/inventory-questions.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { KeptStatements } from './kept-statements.ts';

export type OrderColumn = 'requested_at' | 'not_after' | 'name';

export const orderColumn = (sort: CertificateSort): OrderColumn =>
  sort.endsWith('name') ? 'name' : sort.endsWith('notAfter') ? 'not_after' : 'requested_at';

export const isDescending = (sort: CertificateSort): boolean => sort.startsWith('-');

/** A row's place in each order; ties are broken by the id, which only grows, so that no row comes between two that are there. */
export interface Place {
  readonly requestedAt: number;
  readonly notAfter: number;
  readonly id: number;
  readonly label: number | null;
  readonly firstName: string;
  readonly nameList: string;
  readonly subjectText: string;
}

export const placeSql = `SELECT requested_at AS requestedAt, not_after AS notAfter, id, label, first_name AS firstName,
  name_list AS nameList, subject_text AS subjectText
  FROM certificates JOIN labels ON label_id = label WHERE serial = ?`;

/** A row on which a page ended may have been archived since; its place stays where it was. */
export const formerPlaceSql = `SELECT requested_at AS requestedAt, not_after AS notAfter, former_id AS id,
  label_id AS label, first_name AS firstName, name_list AS nameList, subject_text AS subjectText
  FROM archived_certificates JOIN labels ON name_list = names AND subject_text = subject AND first_name =
    iif(names = '', subject, substr(names, 1, instr(names || char(10), char(10)) - 1)) WHERE serial = ?`;

/** The end of the greatest text and the greatest number. */
const past = { text: '\u{10ffff}', number: Number.MAX_SAFE_INTEGER };

/** Of a row that is not there any more: before all that are like it, so that one may come twice, but none is left out. */
export function placeAfter(statements: KeptStatements, query: CertificateQuery): Place | undefined {
  if (!query.after) return undefined;
  const { sortValue, serial } = query.after;
  const find = (sql: string) => statements.prepare<[Buffer], Place>(sql).get(serialOctets(serial));
  const found = find(placeSql) ?? find(formerPlaceSql);
  if (found) return found;
  const [text, number] = isDescending(query.sort) ? [past.text, past.number] : ['', -1];
  const value = Number(sortValue);
  const time = Number.isFinite(value) ? value : number;
  return {
    requestedAt: orderColumn(query.sort) === 'name' ? number : time,
    notAfter: time,
    id: number,
    label: null,
    firstName: String(sortValue),
    nameList: text,
    subjectText: text,
  };
}

/** What `after` must be to continue after this record. */
export function positionOf(record: CertificateRecord, sort: CertificateSort): NonNullable<CertificateQuery['after']> {
  const values = { requested_at: record.requestedAt, not_after: record.notAfter, name: listedName(record) };
  return { sortValue: values[orderColumn(sort)], serial: record.serial };
}

/** A found record with its id. */
export interface Found {
  readonly record: CertificateRecord;
  readonly id: number;
}

/** As SQLite orders, text by its octets. What a record is ordered by is made once, however often it is compared. */
export function ordered(found: Iterable<Found>, sort: CertificateSort): Found[] {
  const sign = isDescending(sort) ? -1 : 1;
  const column = orderColumn(sort);
  const keyed = Array.from(found, (one) => ({
    one,
    name: column === 'name' ? nameKey(one.record) : noName,
    time: column === 'not_after' ? one.record.notAfter : one.record.requestedAt,
  }));
  keyed.sort((a, b) => sign * (Buffer.compare(a.name, b.name) || a.time - b.time || a.one.id - b.one.id));
  return keyed.map(({ one }) => one);
}

const noName = Buffer.alloc(0);

/** No part holds a NUL, so that the end of one is before whatever goes on. */
const nameKey = (record: CertificateRecord): Buffer =>
  Buffer.from([listedName(record), record.names.join('\n'), record.subject].join('\0'));
