/** A real database with a signed audit log, made once for a file of tests, and copies of it to do harm to. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openAuditLogFile } from '../../src/adapters/inventory-sqlite/copies/audit-log-file.ts';
import { type CheckpointNote, parseCheckpointNote } from '../../src/domain/audit/checkpoint.ts';
import { type CheckpointTrust, createJudgeCheckpoint, proofOf } from '../../src/domain/audit/checkpoint-trust.ts';
import { type AuditLogContent, type LogVerdict, verifyAuditLog } from '../../src/domain/audit/verify-log.ts';
import type { AuditKind } from '../../src/domain/records/audit-event.ts';
import { firstRunService } from './service-builder.ts';

export interface SignedLog {
  /** The closed database of the service. */
  readonly file: string;
  readonly folder: string;
  /** Events, and after which of them a checkpoint was signed. */
  readonly events: number;
  readonly checkpoints: readonly number[];
  /** The newest checkpoint, as it was kept elsewhere. */
  readonly kept: CheckpointNote;
  readonly trust: CheckpointTrust;
}

const kinds: readonly AuditKind[] = ['certificate.requested', 'certificate.issued', 'request.refused', 'crl.published'];

/** `rounds` of events, each ended by a checkpoint of the running service. */
export async function makeSignedLog(folder: string, rounds = 4): Promise<SignedLog> {
  const service = await firstRunService({ home: folder });
  const checkpoints: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [index, kind] of kinds.entries()) {
      const details = { round, name: `Zoë "${index}" \\ \u2028` };
      await service.inventory.appendAudit({
        at: service.clock.now() + index,
        kind,
        actor: 'test',
        object: 'x',
        details,
      });
    }
    service.pass(60);
    await service.signAuditLog();
    checkpoints.push((await service.inventory.latestCheckpoint())!.seq);
  }
  const kept = parseCheckpointNote((await service.services.latestCheckpoint()).note)!;
  const { certificateDer } = await service.directory.get('system');
  await service.close();
  const events = checkpoints.at(-1)!;
  return {
    file: join(folder, 'privyseal.db'),
    folder,
    events,
    checkpoints,
    kept,
    trust: { systemDers: [certificateDer] },
  };
}

let copies = 0;

/** A copy of the database without the triggers that refuse changes, as somebody who can write the file would have it. */
export function harmedCopy(log: SignedLog, harm: (database: Database.Database) => void): string {
  copies += 1;
  const file = join(log.folder, `copy-${copies}.db`);
  copyFileSync(log.file, file);
  const database = new Database(file);
  try {
    const triggers = database
      .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`)
      .pluck()
      .all();
    for (const name of triggers) database.exec(`DROP TRIGGER ${name}`);
    database.pragma('foreign_keys = OFF');
    harm(database);
    return file;
  } finally {
    database.close();
  }
}

/** What `privyseal audit verify` does; `kept` false for a log whose checkpoints are only its own. */
export async function verifyFile(log: SignedLog, file: string, { kept = false } = {}): Promise<LogVerdict> {
  const opened = openAuditLogFile(file);
  try {
    return await verifyContent(log, opened, { kept });
  } finally {
    await opened.close();
  }
}

export const verifyContent = (log: SignedLog, content: AuditLogContent, { kept = true } = {}): Promise<LogVerdict> =>
  verifyAuditLog({ log: content, judge: createJudgeCheckpoint(log.trust), ...(kept && { kept: proofOf(log.kept) }) });
