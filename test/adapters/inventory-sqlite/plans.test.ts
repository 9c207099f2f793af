import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminRuleSql } from '../../../src/adapters/inventory-sqlite/acts/admin-rule.ts';
import { catchUpSql } from '../../../src/adapters/inventory-sqlite/acts/catch-up-act.ts';
import { sharingKey } from '../../../src/adapters/inventory-sqlite/acts/compromise-acts.ts';
import {
  approvalsOfBackup,
  approvalsOfOperator,
  lapsedApprovals,
} from '../../../src/adapters/inventory-sqlite/acts/withdrawn-approvals.ts';
import { type Connection, openForReading } from '../../../src/adapters/inventory-sqlite/connection.ts';
import { alertLookUps } from '../../../src/adapters/inventory-sqlite/reads/alert-reads.ts';
import { campaignLookUps } from '../../../src/adapters/inventory-sqlite/reads/campaign-reads.ts';
import { deploymentLookUps } from '../../../src/adapters/inventory-sqlite/reads/deployment-reads.ts';
import { lookUps } from '../../../src/adapters/inventory-sqlite/reads/point-reads.ts';
import { policyLookUps } from '../../../src/adapters/inventory-sqlite/reads/policy-reads.ts';
import { requestLookUps } from '../../../src/adapters/inventory-sqlite/reads/request-reads.ts';
import { auditSearchStatement } from '../../../src/adapters/inventory-sqlite/search/audit-search.ts';
import { certificateSearch } from '../../../src/adapters/inventory-sqlite/search/certificate-search.ts';
import { countStatement } from '../../../src/adapters/inventory-sqlite/search/count-statement.ts';
import { expiringSql } from '../../../src/adapters/inventory-sqlite/search/expiring.ts';
import { expirySlice } from '../../../src/adapters/inventory-sqlite/search/expiry-counts.ts';
import { labelsOfName, labelsOfText } from '../../../src/adapters/inventory-sqlite/search/find-labels.ts';
import { rotationSlices } from '../../../src/adapters/inventory-sqlite/search/rotation-counts.ts';
import {
  type Figures,
  mostStatement,
  type Probe,
  searchStatements,
} from '../../../src/adapters/inventory-sqlite/search/search.ts';
import {
  everyWindowEndSql,
  type FoundLabels,
  filtersOf,
  type SimpleQuery,
} from '../../../src/adapters/inventory-sqlite/search/search-filters.ts';
import { defaultSearchLimits } from '../../../src/adapters/inventory-sqlite/search/search-limits.ts';
import { formerPlaceSql, type Place, placeSql } from '../../../src/adapters/inventory-sqlite/search/search-order.ts';
import { summarySql } from '../../../src/adapters/inventory-sqlite/search/summary.ts';
import type { AuditQuery } from '../../../src/ports/inventory.ts';
import type { CertificateFilter } from '../../../src/ports/inventory-questions.ts';
import { arbitraryCertificate, arbitraryFilter, arbitrarySort } from '../../contracts/inventory/model.ts';
import { frozenNowSeconds, recordCertificate, serialAt } from '../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../support/inventory-stores.ts';

let store: SqliteStore;
let connection: Connection;
beforeAll(async () => {
  store = await migratedStore();
  const inventory = await store.open();
  for (const names of [['a.dev.internal', 'b.dev.internal'], ['dev.internal'], ['xa.dev.internal', '10.0.0.1'], []]) {
    await recordCertificate(inventory, { names });
  }
  for (const { details } of fc.sample(arbitraryCertificate, { numRuns: 60, seed: 7 })) {
    await recordCertificate(inventory, details);
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
  it.each(
    Object.entries({
      ...lookUps,
      ...policyLookUps,
      ...requestLookUps,
      ...campaignLookUps,
      ...deploymentLookUps,
      ...alertLookUps,
    }),
  )('of %s reads no table from end to end', (name, sql) => {
    const parameters = Array.from({ length: sql.split('?').length - 1 }, () => 1);
    const steps = plan(sql, parameters);
    // The newest of a table is its last row: SQLite calls the step backwards a scan.
    const scans = steps.filter((step) => step.startsWith('SCAN') && !(name in newest && step === newest[name]));
    expect(scans).toEqual([]);
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
  });
});

describe('what shares a key', () => {
  it('is found by the key, in order, and sorted by nothing', () => {
    const named = { key: 1, after: 1, serial: 1, at: 1, owner: null, limit: 1 };
    expect(plan(sharingKey, [named])).toEqual([
      'SEARCH certificates USING INDEX certificates_by_key (key_sha256=? AND rowid>?)',
    ]);
  });
});

describe('an approval that ends', () => {
  it.each(Object.entries({ approvalsOfBackup, approvalsOfOperator, lapsedApprovals }))(
    'is found by %s without reading a table from end to end',
    (_name, sql) => {
      const steps = plan(sql, sql.includes('?') ? [1] : []);
      expect(steps.filter((step) => step.startsWith('SCAN'))).toEqual([]);
    },
  );
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
    const small = ['authorities', 'authority_generations'];
    expect(scanned).toEqual(small.map((child) => ({ child, column: 'certificate_serial' })));
  });

  it('takes all its columns with it but the id, its label and what its targets came to, who are forgotten', () => {
    const columns = (table: string): string[] =>
      connection.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
    const kept = columns('archived_certificates').filter((name) => !['id', 'former_id', 'der'].includes(name));
    expect(kept.sort()).toEqual(
      columns('certificates')
        .filter((name) => !['id', 'label', 'deployment'].includes(name))
        .sort(),
    );
  });
});

describe('a slice of the count of expiries', () => {
  it('reads its rows in the order they lie in, and sorts nothing', () => {
    const steps = plan(expirySlice, [1, 1000, frozenNowSeconds]);
    expect(steps).toEqual(['SEARCH certificates USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)']);
  });
});

const query = (filter: Partial<SimpleQuery>): SimpleQuery => ({
  sort: '-requestedAt',
  limit: 100,
  now: frozenNowSeconds,
  ...filter,
});

/** The columns that find few enough to be collected; all others find many. */
interface Population {
  readonly few?: string;
  /** Few enough only where the index alone tells all. */
  readonly fewInIndex?: string;
  /** Of which half of all are. */
  readonly most?: string;
  readonly labels?: FoundLabels;
}

function searchPlan(filter: Partial<SimpleQuery>, { few, fewInIndex, most, labels = {} }: Population = {}): string {
  const isMost: Figures['isMost'] = ({ column }) => column === most;
  const context = { labels, place: filter.after && place, probe: probeFor(few, fewInIndex), isMost };
  return searchStatements(query(filter), context)
    .map(({ sql, parameters }) => plan(sql, parameters).join('\n'))
    .join('\nthen ');
}
const probeFor =
  (few: string | undefined, fewInIndex?: string): Probe =>
  ({ column }, inIndex) =>
    column === few || (inIndex && column === fewInIndex) ? 7 : undefined;
const after = { sortValue: 1, serial: serialAt() };
const place: Place = {
  requestedAt: 1,
  notAfter: 1,
  id: 1,
  label: 1,
  firstName: 'a',
  nameList: 'a',
  subjectText: 'CN=a',
};
const found = [1, 2, 3];

/** Every filter of the port, with the index that finds what is few of it, if there is one. */
const filters: Readonly<Record<keyof CertificateFilter, readonly [Partial<SimpleQuery>, string | undefined]>> = {
  serial: [{ serial: serialAt() }, 'sqlite_autoindex_certificates_1 (serial=?'],
  purpose: [{ purpose: 'operator' }, 'certificates_of_service (purpose=?'],
  environment: [{ environment: 'dev' }, 'certificates_by_environment (environment=?'],
  owner: [{ owner: 'dev/a' }, 'certificates_by_owner (owner=?'],
  profile: [{ profile: 'server' }, 'certificates_by_profile (profile=?'],
  authority: [{ authority: 'dev-issuing' }, 'certificates_by_authority (authority=?'],
  issuerSerial: [{ issuerSerial: serialAt() }, 'certificates_by_issuer (issuer_serial=?'],
  status: [{ status: 'revoked' }, 'certificates_revoked'],
  isRevocable: [{ isRevocable: true }, undefined],
  name: [{ name: '*.dev.internal' }, 'certificates_by_label (label=?'],
  keySha256: [{ keySha256: 'ab'.repeat(32) }, 'certificates_by_key (key_sha256=?'],
  notAfterBefore: [{ notAfterBefore: 5 }, 'certificates_by_expiry (not_after<?'],
  notAfterAfter: [{ notAfterAfter: 5, notAfterBefore: 9 }, 'certificates_by_expiry (not_after>? AND not_after<?'],
  issuedBefore: [{ issuedBefore: 5 }, 'certificates_by_request (requested_at<?'],
  issuedAfter: [{ issuedAfter: 5 }, 'certificates_by_request (requested_at>?'],
  requestedBy: [{ requestedBy: 'token:a' }, 'certificates_by_requester (requested_by=?'],
  successor: [{ successor: 'some' }, 'certificates_with_successor'],
  deployment: [{ deployment: 'failed' }, 'certificates_by_deployment (deployment=?'],
  rotation: [{ rotation: 'overdue' }, 'certificates_to_rotate (<expr><?'],
  text: [{ text: 'dev' }, 'certificates_by_label (label=?'],
};
const columnOf: Partial<Record<keyof CertificateFilter, string>> = {
  status: 'state',
  name: 'label',
  text: 'label',
  keySha256: 'key_sha256',
  issuerSerial: 'issuer_serial',
  notAfterBefore: 'not_after',
  notAfterAfter: 'not_after',
  issuedBefore: 'requested_at',
  issuedAfter: 'requested_at',
  requestedBy: 'requested_by',
  rotation: everyWindowEndSql,
};
const sorts = ['requestedAt', '-requestedAt', 'notAfter', '-notAfter', 'name', '-name'] as const;
const labels: FoundLabels = { ofName: found, ofText: found };
/** A table without an index, and an index from end to end that is in no order anybody asked for. */
const scan =
  /SCAN (?:certificates|labels)(?! USING (?:COVERING )?INDEX (?:certificates_by_request|certificates_by_expiry|certificates_revoked|certificates_with_successor|certificates_open|sqlite_autoindex_labels_1))/;

describe('a slice of the count of overdue and failed', () => {
  const bounds = { now: 1, place: 1, id: 1, state: 'failed', limit: 5 };
  it.each([
    ['overdueSame', 'certificates_to_rotate (<expr>=? AND rowid>?)'],
    ['overdueLater', 'certificates_to_rotate (<expr>>? AND <expr><?)'],
    ['failedSame', 'certificates_by_deployment (deployment=? AND requested_at=? AND rowid>?)'],
    ['failedLater', 'certificates_by_deployment (deployment=? AND requested_at>?)'],
  ] as const)('%s is found in the order of its index', (name, index) => {
    expect(plan(rotationSlices[name], [bounds])).toEqual([`SEARCH certificates USING INDEX ${index}`]);
  });
});

describe('a search', () => {
  const questions = Object.entries(filters).flatMap(([name, [filter, index]]) =>
    sorts.flatMap((sort) =>
      [undefined, after].map((from) => ({ name: name as keyof CertificateFilter, filter, index, sort, from })),
    ),
  );

  it('reads no table from end to end, and collects by index what is few, in every order and on every page', () => {
    for (const { name, filter, index, sort, from } of questions) {
      const asked = { ...filter, sort, ...(from && { after: from }) };
      const few = searchPlan(asked, { few: columnOf[name] ?? name, labels });
      expect(few, `${name} by ${sort}`).not.toMatch(scan);
      if (index !== undefined) expect(few, `${name} by ${sort}`).toContain(index.replace(/\(.*/, ''));
    }
  });

  it('follows an index in order without sorting where there is much of everything', () => {
    for (const { name, filter, sort, from } of questions) {
      const many = searchPlan(
        { ...filter, sort, ...(from && { after: from }) },
        { labels: { ofName: 'tooMany', ofText: 'tooMany' } },
      );
      expect(many, `${name} by ${sort}`).not.toMatch(scan);
      expect(many, `${name} by ${sort}`).not.toContain('TEMP B-TREE');
    }
  });

  it.each([
    ['certificates_by_requester (requested_by=?', { requestedBy: 'token:a' }],
    ['certificates_by_owner (owner=?', { owner: 'dev/a', profile: 'server', environment: 'dev' }],
    ['certificates_revoked_of_owner (owner=?', { owner: 'dev/a', status: 'revoked' }],
    [
      'certificates_revoked_of_owner (owner=? AND requested_at>?',
      { owner: 'dev/a', status: 'revoked', issuedAfter: 5 },
    ],
    ['certificates_held', { status: 'held' }],
    ['certificates_with_successor', { successor: 'some' }],
    ['certificates_by_profile (profile=?', { profile: 'server', authority: 'dev-issuing' }],
    ['certificates_by_issuer (issuer_serial=?', { issuerSerial: serialAt(), authority: 'dev-issuing' }],
    ['certificates_by_authority (authority=?', { authority: 'dev-issuing', successor: 'none' }],
    ['certificates_by_environment (environment=?', { environment: 'dev', status: 'valid' }],
    ['certificates_by_owner (owner=? AND requested_at>?', { owner: 'dev/a', issuedAfter: 5 }],
    ['certificates_by_deployment (deployment=?', { deployment: 'none', status: 'valid', environment: 'dev' }],
    ['certificates_by_deployment (deployment=? AND requested_at=? AND rowid<?)', { deployment: 'behind', after }],
    ['certificates_without_successor (not_after>?', { sort: 'notAfter', rotation: 'overdue' }],
    ['certificates_without_successor (not_after<?', { sort: '-notAfter', status: 'expired', successor: 'none' }],
    ['certificates_by_expiry (not_after<?', { sort: '-notAfter', status: 'expired', successor: 'some' }],
    ['certificates_by_request (requested_at>?', { issuedAfter: 5 }],
    ['certificates_by_request (requested_at>? AND requested_at<?', { issuedAfter: 5, issuedBefore: 9 }],
    ['certificates_by_request', {}],
    ['certificates_by_request (requested_at<?)', { after }],
    ['certificates_by_request (requested_at=? AND id<?)', { after }],
    ['certificates_by_owner (owner=? AND requested_at=? AND id<?)', { owner: 'dev/a', after }],
    ['certificates_by_expiry (not_after=? AND id>?)', { sort: 'notAfter', after }],
    ['certificates_by_expiry', { sort: 'notAfter', environment: 'dev' }],
    ['certificates_by_expiry (not_after>?', { sort: 'notAfter', status: 'valid' }],
    ['certificates_by_expiry (not_after<?', { sort: '-notAfter', status: 'expired' }],
    ['certificates_by_expiry (not_after>? AND not_after<?', { sort: '-notAfter', notAfterAfter: 1, notAfterBefore: 5 }],
    ['sqlite_autoindex_labels_1', { sort: 'name', environment: 'dev' }],
    ['sqlite_autoindex_labels_1 ((first_name,name_list,subject_text)>(?,?,?))', { sort: 'name', after }],
  ] as const)('of much is driven by %s', (index, filter) => {
    expect(searchPlan(filter)).toContain(`INDEX ${index}`);
  });

  it.each([
    [{ notAfterAfter: 1, notAfterBefore: 9, successor: 'none' }],
    [{ sort: 'notAfter', profile: 'server' }],
    [{ sort: '-notAfter', environment: 'dev' }],
  ] as const)('of much (%o) passes by a row in its index, before it looks the row up', (filter) => {
    const [first] = searchStatements(query(filter), {
      labels: {},
      place: undefined,
      probe: probeFor(undefined),
      isMost: () => false,
    });
    const steps = connection.prepare(`EXPLAIN ${first!.sql}`).all(...first!.parameters) as {
      opcode: string;
      p1: number;
    }[];
    const seek = steps.findIndex(({ opcode }) => opcode === 'DeferredSeek');
    // https://sqlite.org/opcode.html#DeferredSeek: p1 is the index; the table is looked up when a column is first read from it.
    expect(steps[seek + 1]).toMatchObject({ opcode: 'Column', p1: steps[seek]!.p1 });
  });

  it.each([
    [{ sort: 'notAfter' }],
    [{ sort: '-notAfter', status: 'valid', after }],
    [{ sort: 'name', status: 'expired', purpose: 'product' }],
  ] as const)('of a product in another order (%o) looks at rows of its page alone', (filter) => {
    const steps = searchPlan({ owner: 'dev/a', ...filter }, { few: 'owner' });
    expect(steps).toContain('COVERING INDEX certificates_by_owner (owner=?)');
  });

  it.each([[{ sort: 'notAfter' }], [{ sort: '-notAfter', notAfterAfter: 5, after }]] as const)(
    'of a rare profile by expiry (%o) looks at rows of its page alone',
    (filter) => {
      const steps = searchPlan({ profile: 'peer', ...filter }, { few: 'profile' });
      expect(steps).toContain('COVERING INDEX certificates_by_profile (profile=?)');
    },
  );

  it.each([
    [{ sort: '-name', purpose: 'product' }, true],
    [{ sort: 'name', status: 'valid', after }, true],
    [{ sort: '-notAfter', status: 'expired', notAfterBefore: 5 }, true],
    [{ sort: 'notAfter', issuedAfter: 5 }, false],
    [{ sort: '-name', profile: 'server' }, false],
    [{ sort: 'name', successor: 'none' }, false],
  ] as const)(
    'of a product with many, asked for %o, is collected only from its index alone: %s',
    (filter, collected) => {
      const steps = searchPlan({ owner: 'dev/a', ...filter }, { fewInIndex: 'owner' });
      expect(steps.includes('COVERING INDEX certificates_by_owner (owner=?)')).toBe(collected);
    },
  );

  it.each([
    [{}, true],
    [{ sort: 'notAfter', after }, true],
    [{ issuedAfter: 5 }, false],
    [{ profile: 'server' }, false],
  ] as const)(
    'of much that expires without a successor, asked for %o, is found in its index alone: %s',
    (filter, found) => {
      const asked = { notAfterAfter: 1, notAfterBefore: 9, successor: 'none', ...filter } as const;
      const steps = searchPlan(asked, { fewInIndex: 'not_after' });
      expect(steps.includes('INDEX certificates_without_successor (not_after')).toBe(found);
    },
  );

  it.each([
    ['owner', 'dev/a'],
    ['profile', 'peer'],
    ['environment', 'dev'],
    ['authority', 'dev-issuing'],
  ])('by expiry passes by what has another %s without a look at its row', (column, value) => {
    const sql = `SELECT id FROM certificates WHERE +${column} IS ? ORDER BY not_after, id LIMIT 100`;
    expect(plan(sql, [value])).toEqual(['SCAN certificates USING COVERING INDEX certificates_by_expiry']);
  });

  it.each([
    ['certificates_by_request', { environment: 'dev' }, 'environment', 'certificates_by_environment (environment=?'],
    [
      'certificates_by_request',
      { profile: 'server', status: 'valid' },
      'profile',
      'certificates_by_profile (profile=?',
    ],
  ] as const)('leads along %s where most are what %o asks for', (index, filter, most, otherwise) => {
    const asked = { ...filter, notAfterAfter: 1, notAfterBefore: 9 };
    expect(searchPlan(asked, { most })).toContain(`INDEX ${index}`);
    expect(searchPlan(asked)).toContain(`INDEX ${otherwise}`);
  });

  it('is led by what most certificates are where nothing else leads', () => {
    const [environment, profile] = ['certificates_by_environment', 'certificates_by_profile'];
    expect(searchPlan({ environment: 'dev' }, { most: 'environment' })).toContain(environment);
    expect(searchPlan({ environment: 'dev', profile: 'server' }, { most: 'environment' })).toContain(profile);
    const followed = searchPlan({ environment: 'dev', successor: 'some' }, { most: 'environment' });
    expect(followed).toContain('certificates_with_successor');
    expect(searchPlan({ environment: 'dev', profile: 'server' }, { most: 'profile' })).toContain(environment);
  });

  it('for much of few labels takes of each no more than the page', () => {
    const steps = searchPlan({ name: '*.dev.internal', status: 'valid' }, { labels });
    expect(steps).toContain('CORRELATED LIST SUBQUERY');
    expect(steps).toContain('certificates_by_label (label=?)');
  });
});

describe('what comes before a search, and beside it', () => {
  it.each([
    ['the labels of a name', labelsOfName('demo.dev.internal', 5), 'PRIMARY KEY (reversed=?)'],
    ['the labels below a suffix', labelsOfName('*.dev.internal', 5), 'PRIMARY KEY (reversed>? AND reversed<?)'],
    ['the labels of a text', labelsOfText('dev.int', 5, () => 0), 'SCAN label_texts VIRTUAL TABLE INDEX'],
    [
      'the labels that are not indexed yet',
      labelsOfText('dev.int', 5, () => 0),
      'SEARCH labels USING INTEGER PRIMARY KEY (rowid>?)',
    ],
    ['the place of a page', { sql: placeSql, parameters: [serialAt()] }, '(serial=?)'],
    ['the place of what was archived', { sql: formerPlaceSql, parameters: [serialAt()] }, '(serial=?)'],
    ['new labels', { sql: catchUpSql.newLabels, parameters: [1] }, 'PRIMARY KEY (rowid>?)'],
    [
      'what expired at the same moment',
      { sql: catchUpSql.sameMoment, parameters: [1, 1, 1] },
      '(not_after=? AND id>?)',
    ],
    ['what expired later', { sql: catchUpSql.later, parameters: [1, 1, 1] }, '(not_after>? AND not_after<?)'],
    ...(['daysOfProduct', 'product'] as const).map(
      (name) =>
        [
          `what expires (${name})`,
          { sql: expiringSql[name], parameters: [{ from: 1, until: 2, environment: null, product: 'dev/a' }] },
          'product_expiries USING PRIMARY KEY (owner=? AND day>? AND day<?)',
        ] as const,
    ),
    [
      'what of it is overdue',
      { sql: expiringSql.overdue, parameters: [{ now: 1, until: 2, environment: null, product: null }] },
      'certificates_to_rotate (<expr><?)',
    ],
    ['what is pending', { sql: summarySql.pending, parameters: [] }, 'certificates_open'],
    [
      'what is not counted yet',
      { sql: summarySql.uncounted, parameters: [{ now: 1 }] },
      'certificates_by_expiry (not_after>? AND not_after<?)',
    ],
    [
      'what is counted too early',
      { sql: summarySql.overcounted, parameters: [{ now: 1 }] },
      'certificates_by_expiry (not_after>? AND not_after<?)',
    ],
  ] as const)('%s is found by an index', (_what, { sql, parameters }, index) => {
    const steps = plan(sql, parameters).join('\n');
    expect(steps).toContain(index);
    expect(steps).not.toMatch(/SCAN (certificates|labels)(?! USING INDEX certificates_open)/);
  });

  it('reads what expires of all products in the order it lies in, and sorts nothing', () => {
    const steps = plan(expiringSql.products, [{ from: 1, until: 2, environment: null }]);
    expect(steps).toEqual(['SCAN product_expiries']);
  });

  it('counts matches by the index that finds the fewest', () => {
    for (const [name, [filter, index]] of Object.entries(filters)) {
      const { sql, parameters } = countStatement(query(filter), {
        labels,
        probe: probeFor(columnOf[name as keyof CertificateFilter] ?? name),
        isMost: () => false,
      });
      if (index !== undefined)
        expect(plan(sql, [...parameters, 5]).join('\n'), name).toContain(index.replace(/\(.*/, ''));
    }
  });
});

describe('what most certificates are', () => {
  it.each([
    ['environment', 'dev'],
    ['environment', 'prod'],
    ['profile', 'server'],
    ['profile', 'client'],
  ] as const)('is told of each %s (%s) as counting them one by one tells it', (column, value) => {
    const [filter] = filtersOf(query({ [column]: value }), {});
    const { sql, parameters } = mostStatement(filter!);
    const counted = connection
      .prepare<[string], number>(`SELECT 2 * count(*) FILTER (WHERE ${column} = ?) >= count(*) FROM certificates`)
      .pluck();
    expect(
      connection
        .prepare(sql)
        .pluck()
        .get(...parameters),
    ).toBe(counted.get(value));
  });
});

describe('the same question', () => {
  /** Limits so tight that nothing is collected, no label followed, no count finished. */
  const tight = { collected: 0, collectedInRange: 0, collectedInIndex: 0, labels: 0, counted: 1 };
  const followed = { ...defaultSearchLimits, collected: 0, collectedInRange: 0, collectedInIndex: 0 };

  it('has the same answer however it is found', () => {
    connection.function('fold', { deterministic: true }, (text: string) => text.toLowerCase());
    const [first, second, third] = [defaultSearchLimits, tight, followed].map((limits) =>
      certificateSearch(connection, limits),
    );
    fc.assert(
      fc.property(arbitraryFilter, arbitrarySort, fc.integer({ min: 1, max: 8 }), (filter, sort, limit) => {
        const asked = { ...filter, sort, limit, now: frozenNowSeconds };
        const expected = first!.search(asked);
        expect(second!.search(asked)).toEqual(expected);
        expect(third!.search(asked)).toEqual(expected);
        const { matches } = first!.countMatches(filter, frozenNowSeconds);
        const bounded = second!.countMatches(filter, frozenNowSeconds);
        expect(bounded.isExact ? bounded.matches : Math.min(matches, bounded.matches)).toBe(
          bounded.isExact ? matches : bounded.matches,
        );
      }),
      { numRuns: 200 },
    );
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
  ])('about the name %j has the same answer, common or not', (name) => {
    const answers = [defaultSearchLimits, tight, followed].map((limits) =>
      certificateSearch(connection, limits).search(query({ name })),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });
});

describe('a search of the audit log', () => {
  const steps = (filter: Partial<AuditQuery>): string[] => {
    const { sql, parameters } = auditSearchStatement({ sort: 'seq', limit: 100, ...filter });
    return plan(sql, parameters);
  };

  it.each<[string, Partial<AuditQuery>, string]>([
    ['an object', { object: 'x', actor: 'x', code: 'x', kind: 'x' }, 'audit_events_by_object (object=?'],
    [
      'a certificate',
      { object: `certificate:${'0'.repeat(40)}`, kind: 'x', seqAfter: 5 },
      'INTEGER PRIMARY KEY (rowid=?',
    ],
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

describe('a row that issuing writes', () => {
  it.each(['certificates', 'certificate_bodies', 'audit_events'])('of %s has no table built for it', (table) => {
    const columns = connection.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
    const row = columns.map(() => '?').join(', ');
    const steps = connection.prepare(`EXPLAIN INSERT INTO ${table} (${columns.join(', ')}) VALUES (${row})`);
    const codes = (steps.all(...columns.map(() => null)) as { opcode: string }[]).map(({ opcode }) => opcode);
    expect(codes).toContain('Insert');
    expect(codes).not.toContain('OpenEphemeral');
    // Triggers before or after an insert: ADR 0006.
    expect(codes).not.toContain('Program');
  });
});
