/** KeptStatements of searches, each prepared once: what SQLite holds for one is seen by no garbage collector, which frees it late. */
import type { Connection } from '../connection.ts';

export type KeptStatements = Pick<Connection, 'prepare' | 'transaction'>;

/** Filters make texts without number; those that are not used any more make room. */
const most = 64;

/** One that is being read must not be asked for again: it is the same. */
export function keptStatements(connection: Connection): KeptStatements {
  const kept = new Map<string, ReturnType<Connection['prepare']>>();
  const prepare = (sql: string): ReturnType<Connection['prepare']> => {
    const statement = kept.get(sql) ?? connection.prepare(sql);
    kept.delete(sql);
    kept.set(sql, statement);
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return statement;
  };
  return { prepare: prepare as Connection['prepare'], transaction: (run) => connection.transaction(run) };
}
