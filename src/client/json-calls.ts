/** The methods of HTTP as the calls of the client use them: one exchange each, its answer checked against a shape. */
import type { Shape, Shaped } from '../api/shape.ts';

export interface JsonCalls {
  get<Schema extends Shape>(path: string, schema: Schema): Promise<Shaped<Schema>>;
  post<Schema extends Shape>(path: string, json: unknown, schema: Schema): Promise<Shaped<Schema>>;
  put<Schema extends Shape>(path: string, json: unknown, schema: Schema): Promise<Shaped<Schema>>;
  /** POST that may be repeated, with the same Idempotency-Key. */
  issue<Schema extends Shape>(path: string, json: unknown, schema: Schema): Promise<Shaped<Schema>>;
  /** DELETE that answers what went. */
  take<Schema extends Shape>(path: string, schema: Schema): Promise<Shaped<Schema>>;
  /** DELETE that answers nothing. */
  remove(path: string): Promise<void>;
}
