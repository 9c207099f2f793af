import Database from 'better-sqlite3';
import { afterEach, expect, it } from 'vitest';
import { keptStatements } from '#src/adapters/inventory-sqlite/search/kept-statements.ts';

const connection = new Database(':memory:');
afterEach(() => void connection.exec('DROP TABLE IF EXISTS rows'));

const sqlOf = (index: number): string => `SELECT ${index} WHERE ? = 1`;

it('prepares a statement once, whatever it is asked', () => {
  const { prepare } = keptStatements(connection);
  const first = prepare<[number], number>(sqlOf(7)).pluck();
  const again = prepare<[number], number>(sqlOf(7)).pluck();
  expect(again).toBe(first);
  expect([again.get(1), again.get(2), again.get(1)]).toEqual([7, undefined, 7]);
});

it('forgets those first that were not asked for longest, so that their number has a bound', () => {
  const { prepare } = keptStatements(connection);
  const [oldest, used] = [prepare(sqlOf(0)), prepare(sqlOf(1))];
  for (let index = 2; index < 64; index++) prepare(sqlOf(index));
  expect(prepare(sqlOf(1))).toBe(used);
  prepare(sqlOf(64));
  expect(prepare(sqlOf(1))).toBe(used);
  expect(prepare(sqlOf(0))).not.toBe(oldest);
});

it('goes by what the schema has become', () => {
  const { prepare } = keptStatements(connection);
  connection.exec('CREATE TABLE rows (a); INSERT INTO rows VALUES (1)');
  expect(prepare('SELECT * FROM rows').get()).toEqual({ a: 1 });
  connection.exec('ALTER TABLE rows ADD COLUMN b DEFAULT 2');
  expect(prepare('SELECT * FROM rows').get()).toEqual({ a: 1, b: 2 });
});
