/** Port: the log, for what happens when nobody waits for an answer. Structured fields first, never a secret. */

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
