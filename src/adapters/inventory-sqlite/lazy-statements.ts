/** Statements that are prepared when first used: acts have 150 and reads 60, of which most programs need a dozen. */
import type { Statement as Prepared, RunResult } from 'better-sqlite3';
import type { Connection } from './connection.ts';

/** Of a statement, what acts use. */
export interface Statement<Values extends unknown[], Row> {
  run(...values: Values): RunResult;
  get(...values: Values): Row | undefined;
  all(...values: Values): Row[];
  /** Rows are their first column. As `raw`, to be said before the statement is first used. */
  pluck(): this;
  /** Rows are arrays. */
  raw(): this;
}

export interface Statements {
  prepare<Values extends unknown[] = unknown[], Row = unknown>(sql: string): Statement<Values, Row>;
}

/** A mistake in a statement shows when it is first used, not when the inventory opens. */
export function lazyStatements(connection: Connection): Statements {
  return {
    prepare: <Values extends unknown[], Row>(sql: string) =>
      new LazyStatement(() => connection.prepare(sql) as Prepared<Values, Row>),
  };
}

class LazyStatement<Values extends unknown[], Row> implements Statement<Values, Row> {
  #prepare: () => Prepared<Values, Row>;
  #prepared: Prepared<Values, Row> | undefined;

  constructor(prepare: () => Prepared<Values, Row>) {
    this.#prepare = prepare;
  }

  run(...values: Values): RunResult {
    return this.#statement().run(...values);
  }

  get(...values: Values): Row | undefined {
    return this.#statement().get(...values);
  }

  all(...values: Values): Row[] {
    return this.#statement().all(...values);
  }

  pluck(): this {
    return this.#with((statement) => statement.pluck());
  }

  raw(): this {
    return this.#with((statement) => statement.raw());
  }

  #with(change: (statement: Prepared<Values, Row>) => Prepared<Values, Row>): this {
    const prepare = this.#prepare;
    this.#prepare = () => change(prepare());
    return this;
  }

  #statement(): Prepared<Values, Row> {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }
}
