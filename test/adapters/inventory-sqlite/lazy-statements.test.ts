import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { actNames } from '../../../src/adapters/inventory-sqlite/acts/acts.ts';
import { allActs } from '../../../src/adapters/inventory-sqlite/acts/all-acts.ts';
import { type Connection, openForWriting } from '../../../src/adapters/inventory-sqlite/connection.ts';
import { lazyStatements } from '../../../src/adapters/inventory-sqlite/lazy-statements.ts';
import { newDatabase } from '../../support/new-database.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function opened(): Connection {
  const file = join(temporaryFolder().path, 'privyseal.db');
  newDatabase(file);
  const connection = openForWriting({ file, busyTimeoutMs: 100, cacheKib: 1000 });
  onTestFinished(() => void connection.close());
  return connection;
}

/** How often the connection has prepared something. */
function counted(connection: Connection) {
  let prepared = 0;
  const prepare = connection.prepare.bind(connection);
  connection.prepare = ((sql: string) => {
    prepared += 1;
    return prepare(sql);
  }) as Connection['prepare'];
  return () => prepared;
}

describe('the statements of acts', () => {
  it('are all right, which an open inventory would show only when each is first used', () => {
    const connection = opened();
    const prepared = counted(connection);
    expect(Object.keys(allActs(connection).acts).sort()).toEqual([...actNames].sort());
    expect(prepared()).toBeGreaterThan(100);
  });

  it('are prepared when they are used, once', () => {
    const connection = opened();
    const prepared = counted(connection);
    const statements = lazyStatements(connection);
    allActs(statements);
    expect(prepared()).toBe(0);
    const one = statements.prepare<[number], { one: number }>('SELECT ? AS one');
    expect([one.get(1), one.all(2)]).toEqual([{ one: 1 }, [{ one: 2 }]]);
    expect(prepared()).toBe(1);
  });

  it('give rows as they were asked for: objects, arrays, first columns', () => {
    const statements = lazyStatements(opened());
    const sql = 'SELECT 1 AS a, 2 AS b';
    expect(statements.prepare(sql).get()).toEqual({ a: 1, b: 2 });
    expect(statements.prepare(sql).raw().all()).toEqual([[1, 2]]);
    expect(statements.prepare(sql).pluck().all()).toEqual([1]);
    expect(statements.prepare("UPDATE settings SET value = value WHERE name = ''").run().changes).toBe(0);
  });

  it('fail where they are used when they are wrong', () => {
    const wrong = lazyStatements(opened()).prepare('SELECT a FROM nowhere');
    expect(() => wrong.get()).toThrow('no such table');
  });
});
