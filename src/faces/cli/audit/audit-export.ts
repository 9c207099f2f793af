/** `privyseal audit export` and `audit checkpoint`: the log, and what vouches for it, to be kept elsewhere. */
import { rm } from 'node:fs/promises';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { quoted } from '../terminal/quoted.ts';
import { writeStream } from '../terminal/write-stream.ts';

export interface AuditExportOptions {
  readonly out?: string;
  /** Where the newest checkpoint goes. */
  readonly checkpoint?: string;
}

/** The checkpoint first: the log that is read after it has its event. */
export async function auditExport(session: Session, { out, checkpoint }: AuditExportOptions): Promise<Ending> {
  const client = await session.adminClient();
  if (checkpoint !== undefined) {
    const { note } = await client.latestCheckpoint();
    await writeStream(session, checkpoint, async () => [Buffer.from(note)]);
  }
  try {
    await writeStream(session, out, () => client.exportAuditEvents());
  } catch (error) {
    if (checkpoint !== undefined) await rm(session.path(checkpoint), { force: true });
    throw error;
  }
  if (out !== undefined && checkpoint !== undefined) {
    const words = `audit verify ${quoted(out)} --checkpoint ${quoted(checkpoint)}`;
    session.note(['Verify it, without the service', `  ${session.command(words)}`]);
  }
  return 'ok';
}

/** The note alone is on stdout, so that it can be kept as it is. */
export async function auditCheckpoint(session: Session): Promise<Ending> {
  const checkpoint = await (await session.adminClient()).latestCheckpoint();
  if (session.json) session.printJson(checkpoint);
  else session.io.stdout.write(checkpoint.note);
  return 'ok';
}
