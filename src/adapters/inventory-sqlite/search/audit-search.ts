/** Turns an audit query into one SQL statement that an index leads: events come in the order of their numbers, without sorting. */
import type { AuditQuery } from '../../../ports/inventory.ts';
import { serialOctets } from '../rows/certificate-row.ts';

/** A row as KeptEvent. */
export const keptColumns = 'seq, canonical, lower(hex(previous_hash)) AS previousHash, lower(hex(hash)) AS hash';

/** The most telling first: the first of them that the query has leads, the others are looked up in the rows it finds. */
const leading = ['object', 'actor', 'code', 'kind'] as const;

/**
 * No index serves two orders, so a bound on time is one on seq, too. Events are nearly in the order of their times: none was
 * ever behind an earlier one by more than the recorded disorder, so all before an event that is earlier than the bound by more
 * than that are out of it, and likewise at the other end.
 */
const bounds = {
  atAfter: {
    row: '+at > ?',
    range: `seq > coalesce((SELECT seq FROM audit_events
      WHERE at < ? - (SELECT ms FROM audit_disorder) ORDER BY at DESC LIMIT 1), 0)`,
  },
  atBefore: {
    row: '+at < ?',
    range: `seq < coalesce((SELECT seq FROM audit_events
      WHERE at >= ? + (SELECT ms FROM audit_disorder) ORDER BY at LIMIT 1), 9007199254740991)`,
  },
} as const;

/** Events of issuing are not in the index by object: the certificate's row has their numbers. */
const ofCertificate = /^certificate:([0-9a-f]{40})$/;
const ofObject = 'object = ? AND kept_by_certificate IS NULL';
const numbersOfCertificate = ['certificates', 'archived_certificates'].flatMap((table) =>
  ['requested_event', 'issued_event'].map((event) => `SELECT ${event} FROM ${table} WHERE serial = ?`),
);
const ofCertificateSql = `seq IN (${[`SELECT seq FROM audit_events WHERE ${ofObject}`, ...numbersOfCertificate].join(' UNION ALL ')})`;

export interface AuditStatement {
  readonly sql: string;
  readonly parameters: readonly (string | number | Buffer)[];
}

export function auditSearchStatement(query: AuditQuery): AuditStatement {
  const conditions: string[] = [];
  const parameters: (string | number | Buffer)[] = [];
  const add = (condition: string, ...values: (string | number | Buffer)[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  const addObject = (object: string): void => {
    const serial = ofCertificate.exec(object)?.[1];
    if (serial === undefined) add(ofObject, object);
    else add(ofCertificateSql, object, ...numbersOfCertificate.map(() => serialOctets(serial)));
  };
  const leader = leading.find((column) => query[column] !== undefined);
  for (const column of leading) {
    const value = query[column];
    if (value === undefined) continue;
    if (column === 'object') addObject(value);
    else add(`${column === leader ? '' : '+'}${column} = ?`, value);
  }
  for (const name of ['atAfter', 'atBefore'] as const) {
    const value = query[name];
    if (value === undefined) continue;
    add(bounds[name].row, value);
    add(bounds[name].range, value);
  }
  if (query.seqAfter !== undefined) add('seq > ?', query.seqAfter);
  if (query.seqBefore !== undefined) add('seq < ?', query.seqBefore);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const sql = `SELECT ${keptColumns} FROM audit_events ${where} ORDER BY seq ${query.sort === 'seq' ? 'ASC' : 'DESC'} LIMIT ?`;
  return { sql, parameters: [...parameters, query.limit] };
}
