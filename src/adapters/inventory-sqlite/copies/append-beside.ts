/** Appends one audit event beside a running service: its writer reads the head again when another connection has committed. */
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import { openAuditChain } from '../acts/audit-chain.ts';
import { openForWriting } from '../connection.ts';
import { failureOf, isBusy } from '../database-error.ts';
import { readMigrations } from '../migrate.ts';

/** Durable when it returns null; otherwise a sentence that says why the event was not recorded. Never migrates. */
export function appendBeside(file: string, entry: AuditEntry, migrationsDirectory: string): string | null {
  try {
    const connection = openForWriting({ file, busyTimeoutMs: 5000, cacheKib: 1000 });
    try {
      const newest = 'SELECT name FROM schema_migrations ORDER BY number DESC LIMIT 1';
      const schema = connection.prepare<[], string>(newest).pluck().get();
      if (schema !== readMigrations(migrationsDirectory).at(-1)?.name) {
        return `The inventory has the schema of another version of this program (${schema}); its audit log is left to that one.`;
      }
      const append = connection.transaction(() => openAuditChain(connection).append(entry));
      append.immediate();
      return null;
    } finally {
      connection.close();
    }
  } catch (error) {
    if (isBusy(error)) return 'The inventory was locked by another program for 5 s.';
    return `The inventory could not be written (${failureOf(error).cause ?? 'unknown'}).`;
  }
}
