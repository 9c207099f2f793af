import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminRuleSql } from '../../../src/adapters/inventory-sqlite/admin-rule.ts';
import { auditSearchStatement } from '../../../src/adapters/inventory-sqlite/audit-search.ts';
import { type Connection, openForReading } from '../../../src/adapters/inventory-sqlite/connection.ts';
import { lookUps } from '../../../src/adapters/inventory-sqlite/point-reads.ts';
import { policyLookUps } from '../../../src/adapters/inventory-sqlite/policy-reads.ts';
import { commonNameProbe, searchStatement } from '../../../src/adapters/inventory-sqlite/search.ts';
import type { AuditQuery, CertificateQuery } from '../../../src/ports/inventory.ts';
import { frozenNowSeconds, recordCertificate, serialAt } from '../../support/inventory-builders.ts';
import { type SqliteStore, sqliteStore } from '../../support/inventory-stores.ts';

let store: SqliteStore;
let connection: Connection;
beforeAll(async () => {
  store = await sqliteStore();
  const inventory = await store.open();
  for (const names of [['a.dev.internal', 'b.dev.internal'], ['dev.internal'], ['xa.dev.internal', '10.0.0.1'], []]) {
    await recordCertificate(inventory, { names });
  }
  connection = openForReading({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
});
afterAll(async () => {
  connection.close();
  await store.remove();
});

/** SQLite's plan as it would print it, one step a line. */
const plan = (sql: string, parameters: readonly unknown[]): string[] =>
  (connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[]).map(
    ({ detail }) => detail,
  );

const newest: Readonly<Record<string, string>> = {
  newestEvent: 'SCAN audit_events',
  newestKept: 'SCAN audit_events',
  auditKey: 'SCAN audit_keys',
  checkpoint: 'SCAN c',
};

describe('a point look-up', () => {
  it.each(Object.entries({ ...lookUps, ...policyLookUps }))('of %s reads no table from end to end', (name, sql) => {
    const parameters = Array.from({ length: sql.split('?').length - 1 }, () => 1);
    const steps = plan(sql, parameters);
    // The newest of a table is its last row: SQLite calls the step backwards a scan.
    const scans = steps.filter((step) => step.startsWith('SCAN') && !(name in newest && step === newest[name]));
    expect(scans).toEqual([]);
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
  });
});

describe('the rule that an admin is left', () => {
  it.each(Object.entries(adminRuleSql))('asks for %s without reading certificates from end to end', (_name, sql) => {
    const named = Object.fromEntries([...sql.matchAll(/:([a-z]+)/g)].map(([, name]) => [name, 1]));
    const steps = plan(sql, sql.includes(':') ? [named] : [1]);
    expect(steps.filter((step) => step.startsWith('SCAN') && step !== 'SCAN o')).toEqual([]);
  });
});

describe('a certificate that is archived', () => {
  it('is looked for in no table from end to end by those that refer to it', () => {
    const referring = connection
      .prepare<[], { child: string; column: string }>(
        `SELECT m.name AS child, f."from" AS "column" FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
         WHERE m.type = 'table' AND f."table" = 'certificates' ORDER BY child`,
      )
      .all();
    // Authorities are a handful; any other table needs an index, or each removal reads all of it.
    const scanned = referring.filter(({ child, column }) =>
      plan(`SELECT 1 FROM ${child} WHERE ${column} = ?`, [1]).some((step) => step.startsWith('SCAN')),
    );
    expect(scanned).toEqual([{ child: 'authorities', column: 'certificate_serial' }]);
  });

  it('takes all its columns with it but the id', () => {
    const columns = (table: string): string[] =>
      connection.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
    const kept = columns('archived_certificates').filter((name) => !['id', 'former_id', 'der'].includes(name));
    expect(kept.sort()).toEqual(
      columns('certificates')
        .filter((name) => name !== 'id')
        .sort(),
    );
  });
});

const query = (filter: Partial<CertificateQuery>): CertificateQuery => ({
  sort: '-requestedAt',
  limit: 100,
  now: frozenNowSeconds,
  ...filter,
});
const searchPlan = (filter: Partial<CertificateQuery>, nameIsCommon = false): string => {
  const { sql, parameters } = searchStatement(query(filter), nameIsCommon);
  return plan(sql, parameters).join('\n');
};
const after = { sortValue: 1, serial: serialAt() };

describe('a search', () => {
  it.each([
    ['certificates_by_requester (requested_by=?', { requestedBy: 'token:a' }],
    ['certificates_by_owner (owner=?', { owner: 'dev/a', profile: 'server', environment: 'dev' }],
    ['certificates_by_profile (profile=?', { profile: 'server', authority: 'dev-issuing' }],
    ['certificates_by_authority (authority=?', { authority: 'dev-issuing', text: 'a' }],
    ['certificates_by_environment (environment=?', { environment: 'dev', status: 'valid' }],
    ['certificates_by_owner (owner=? AND requested_at>?', { owner: 'dev/a', issuedAfter: 5 }],
    ['certificates_by_request (requested_at>?', { issuedAfter: 5 }],
    ['certificates_by_request', {}],
    ['certificates_by_request (requested_at<?', { after }],
    ['certificates_by_expiry', { sort: 'notAfter', environment: 'dev' }],
    ['certificates_by_expiry (not_after>?', { sort: 'notAfter', status: 'valid' }],
    ['certificates_by_expiry (not_after>? AND not_after<?', { sort: '-notAfter', notAfterAfter: 1, notAfterBefore: 5 }],
  ] as const)('is driven by %s and needs no sorting', (index, filter) => {
    expect(searchPlan(filter)).toContain(`INDEX ${index}`);
    expect(searchPlan(filter)).not.toContain('TEMP B-TREE');
  });

  it.each([
    ['INDEX certificates_by_key (key_sha256=?', { keySha256: 'ab'.repeat(32), owner: 'dev/a' }],
    ['PRIMARY KEY (reversed=?', { name: 'demo.dev.internal', environment: 'dev' }],
    ['PRIMARY KEY (reversed>? AND reversed<?', { name: '*.dev.internal' }],
    ['certificates_revoked', { status: 'revoked', environment: 'dev' }],
    ['certificates_revoked', { status: 'held' }],
    ['certificates_open', { status: 'pending' }],
    ['certificates_of_service (purpose=?', { purpose: 'operator', status: 'valid', sort: '-notAfter' }],
  ] as const)('finds the few by %s', (index, filter) => {
    expect(searchPlan(filter)).toContain(index);
    expect(searchPlan(filter)).not.toMatch(/SCAN certificates(?! USING INDEX)/);
  });

  it('for a common name follows the order instead of collecting', () => {
    expect(searchPlan({ name: '*.dev.internal' }, true)).toBe('SCAN certificates USING INDEX certificates_by_request');
    expect(plan(...probeOf('*.dev.internal')).join()).toContain('PRIMARY KEY (reversed>? AND reversed<?)');
  });

  it.each([
    '*.dev.internal',
    'dev.internal',
    'a.dev.internal',
    '*.internal',
    '10.0.0.1',
    '*.0.1',
    'internal',
    '*.',
    'a',
  ])('finds the same by %j, common or not', (name) => {
    const [collected, passed] = [false, true].map((nameIsCommon) => {
      const { sql, parameters } = searchStatement(query({ name }), nameIsCommon);
      return connection.prepare(sql).all(...parameters);
    });
    expect(passed).toEqual(collected);
  });
});

const probeOf = (name: string): [string, readonly unknown[]] => {
  const { sql, parameters } = commonNameProbe(name);
  return [sql, parameters];
};

describe('a search of the audit log', () => {
  const steps = (filter: Partial<AuditQuery>): string[] => {
    const { sql, parameters } = auditSearchStatement({ sort: 'seq', limit: 100, ...filter });
    return plan(sql, parameters);
  };

  it.each<[string, Partial<AuditQuery>, string]>([
    ['an object', { object: 'x', actor: 'x', code: 'x', kind: 'x' }, 'audit_events_by_object (object=?'],
    ['an actor', { actor: 'x', code: 'x', kind: 'x' }, 'audit_events_by_actor (actor=?'],
    ['a code', { code: 'x', kind: 'x' }, 'audit_events_by_code (code=?'],
    ['a kind', { kind: 'x', seqAfter: 5 }, 'audit_events_by_kind (kind=? AND rowid>?'],
    [
      'a kind at a time',
      { kind: 'x', atAfter: 1, atBefore: 9 },
      'audit_events_by_kind (kind=? AND rowid>? AND rowid<?',
    ],
    ['a time', { atAfter: 1, atBefore: 9 }, 'INTEGER PRIMARY KEY (rowid>? AND rowid<?'],
    ['a number', { seqAfter: 1 }, 'INTEGER PRIMARY KEY (rowid>?'],
  ])('for %s is led by its index, in either order, without sorting or reading all', (_what, filter, index) => {
    for (const sort of ['seq', '-seq'] as const) {
      const [first, ...rest] = steps({ ...filter, sort });
      expect(first).toContain(index);
      expect([first, ...rest].filter((step) => /TEMP B-TREE|SCAN audit_events/.test(step!))).toEqual([]);
    }
  });

  it('looks its bounds of time up in the index by time', () => {
    const lookups = steps({ atAfter: 1, atBefore: 9 }).filter((step) => step.includes('audit_events_by_time'));
    expect(lookups).toHaveLength(2);
  });
});
