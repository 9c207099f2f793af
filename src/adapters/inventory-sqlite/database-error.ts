/** Wraps SQLite's errors, once, in the errors of the service; tells those of the machine from those of one act. */
import { CaError, StartError } from '../../domain/errors.ts';

/** SQLite's extended result code by name, such as `SQLITE_IOERR_WRITE`; undefined for any other error. */
function sqliteCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined;
}

/** Primary codes (https://sqlite.org/rescode.html) that say the database cannot be used now, whatever the statement. */
const unavailable: ReadonlySet<string> = new Set([
  'BUSY',
  'LOCKED',
  'FULL',
  'IOERR',
  'READONLY',
  'CANTOPEN',
  'PERM',
  'PROTOCOL',
  'NOMEM',
  'CORRUPT',
  'NOTADB',
]);

const primary = (code: string): string => code.split('_')[1] ?? '';

/** True when no act could have succeeded: the fault is the disk's, the file's or another program's. */
export function isUnavailable(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && unavailable.has(primary(code));
}

/** True while another program holds the lock; the connection itself is sound. */
export const isBusy = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(error) ?? '');

export const isDiskFull = (error: unknown): boolean => sqliteCode(error) === 'SQLITE_FULL';

/** What an act may refuse by the port. */
const refusals = ['conflict', 'notFound', 'stopping', 'signerUnavailable', 'unauthorized'] as const;

const isRefusal = (code: string): code is (typeof refusals)[number] => (refusals as readonly string[]).includes(code);

/** What is sent between threads in place of an error. */
export interface Failure {
  readonly code: 'inventoryUnavailable' | 'serverInternal' | (typeof refusals)[number];
  readonly message: string;
  readonly retryAfterSeconds?: number;
  readonly cause?: string;
}

/** The refusal of one act, or the failure of the database, as plain values. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CaError && isRefusal(error.code)) {
    const { code, message, retryAfterSeconds } = error;
    return { code, message, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  }
  const cause = `${sqliteCode(error) ?? 'error'}: ${error instanceof Error ? error.message : String(error)}`;
  if (isUnavailable(error)) {
    const message = 'The inventory cannot be used now; nothing was done. Try again.';
    return { code: 'inventoryUnavailable', message, retryAfterSeconds: isBusy(error) ? 1 : 5, cause };
  }
  // What an act did not foresee, but the schema forbids twice.
  if (/^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|ROWID)$/.test(sqliteCode(error) ?? '')) {
    return { code: 'conflict', message: 'This is recorded already.', cause };
  }
  return { code: 'serverInternal', message: 'The inventory failed on this act; nothing was done.', cause };
}

/** The error of the port, on the side of the caller; the vendor's words stay in `cause`, for the log. */
export function errorOf({ code, message, retryAfterSeconds, cause }: Failure): CaError {
  return new CaError(code, message, {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(cause !== undefined && { cause: new Error(cause) }),
  });
}

/** Why the service cannot start on this file; errors that are not SQLite's pass unchanged. */
export function startErrorOf(error: unknown, file: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) {
    return new StartError('databaseDamaged', `${file} is damaged or no database. Restore it from a backup.`, error);
  }
  if (isBusy(error)) {
    return new StartError('homeLocked', `${file} is locked by another program. Stop that program first.`, error);
  }
  if (isUnavailable(error)) {
    return new StartError(
      'homeUnwritable',
      `${file} cannot be written (${code}). Check its owner, its mode and the space on its disk.`,
      error,
    );
  }
  return error;
}
