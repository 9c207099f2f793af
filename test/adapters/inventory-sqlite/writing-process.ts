/**
 * A process that writes to an inventory until it is killed, for tests of crashes, full disks and fsync. Arguments: the
 * file, how many writers, how many writes each (0: no end). Each line of stdout is written after the answer it tells:
 * `unopened CODE` and nothing more, `ack SERIAL` for a durable intent, `issued SERIAL` for a durable certificate, `refused CODE RETRY_AFTER`.
 */
import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqliteInventory } from '../../../src/adapters/inventory-sqlite/inventory-sqlite.ts';
import { CaError, StartError } from '../../../src/domain/errors.ts';
import { auditEntry, frozenNow, issuanceIntent } from '../../support/inventory-builders.ts';

const [file = '', writers = '1', count = '0'] = process.argv.slice(2);
const tell = (line: string): void => void writeSync(1, `${line}\n`);
const migrationsDirectory = resolve(import.meta.dirname, '../../../migrations/sqlite');
const inventory = await openSqliteInventory({ file, migrationsDirectory, busyTimeoutMs: 100 }).catch((error) => {
  tell(`unopened ${error instanceof StartError ? error.code : String(error)}`);
  process.exit(1);
});
tell('open');

async function writeOne(): Promise<void> {
  const intent = issuanceIntent();
  const { serial } = intent.certificate;
  await inventory.recordIntent(intent);
  tell(`ack ${serial}`);
  const certificateDer = new Uint8Array(600);
  const audit = auditEntry({ kind: 'certificate.issued', object: `certificate:${serial}` });
  await inventory.recordIssued({ serial, certificateDer, issuedAt: frozenNow, audit });
  tell(`issued ${serial}`);
}

async function write(): Promise<void> {
  for (let done = 0; count === '0' || done < Number(count); done++) {
    await writeOne().catch(async (error: unknown) => {
      const known = error instanceof CaError ? `${error.code} ${error.retryAfterSeconds}` : String(error);
      tell(`refused ${known}`);
      await pause(50);
    });
  }
}

await Promise.all(Array.from({ length: Number(writers) }, write));
await inventory.close();
tell('closed');
