/** `privyseal audit verify`: whether a log is the one that was written, from a database, a backup or an export, without the service. */
import { createReadStream } from 'node:fs';
import { open as openFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckpointNote, parseCheckpointNote } from '../../../domain/audit/checkpoint.ts';
import { type CheckpointTrust, createJudgeCheckpoint, proofOf } from '../../../domain/audit/checkpoint-trust.ts';
import { exportEvents } from '../../../domain/audit/export-events.ts';
import { type AuditLogContent, type LogVerdict, verifyAuditLog } from '../../../domain/audit/verify-log.ts';
import type { OnProgress } from '../../../domain/backup/report.ts';
import { decodePem, decodePemAll } from '../../../domain/der/pem.ts';
import { CaError } from '../../../domain/errors.ts';
import { parseSubjectPublicKey } from '../../../domain/x509/public-key.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import { isMissing, type NamedFile, readNamedText, unreadable } from '../named-file.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { paintFor } from '../terminal/paint.ts';
import { withProgress } from '../terminal/progress.ts';

export interface AuditVerifyOptions {
  readonly file?: string;
  readonly checkpoint?: string;
  readonly publicKey?: string;
}

/** `length` is how many events the log seems to have. */
export interface OpenedAuditLog extends AuditLogContent {
  readonly length: number;
  close(): Promise<void>;
}

/** Of a database or a backup. */
export type OpenAuditLog = (file: string, onProgress: OnProgress) => Promise<OpenedAuditLog>;

export async function auditVerify(
  session: Session,
  options: AuditVerifyOptions,
  openAuditLog: OpenAuditLog,
): Promise<Ending> {
  const file = options.file === undefined ? join(session.home, 'privyseal.db') : session.path(options.file);
  // The checkpoint first: a running service writes it after its events, so the log that is read later has them.
  const note = await readCheckpoint(session, options);
  const kind = await kindOf(file);
  const judge = createJudgeCheckpoint(await readTrust(session, options));
  const open = (onProgress: OnProgress): Promise<OpenedAuditLog> =>
    kind === 'export' ? openExport(file, note !== undefined) : openAuditLog(file, onProgress);
  const verdict = await withProgress(session.io, async (onProgress) => {
    const log = await open(onProgress);
    try {
      return await verifyAuditLog({
        log,
        judge,
        ...(note && { kept: readProof(note) }),
        onProgress: (done) =>
          onProgress({ what: 'Verifying the audit log', done: Math.min(done, log.length), total: log.length }),
      });
    } finally {
      await log.close();
    }
  });
  if (session.json) session.printJson({ file, ...verdict });
  else describe(session, { file, verdict, note });
  return verdict.fault ? 'auditBroken' : 'ok';
}

/** Every line of an export is a JSON object; neither databases nor backups begin like one. */
async function kindOf(file: string): Promise<'export' | 'database or backup'> {
  try {
    await using handle = await openFile(file, 'r');
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, 0);
    return bytesRead === 0 || buffer[0] === 0x7b ? 'export' : 'database or backup';
  } catch (error) {
    throw unreadable(named(file, 'the audit log'), error);
  }
}

/** The number of lines is not known before they are read; it is guessed from their usual length. */
const usualLine = 420;

async function openExport(file: string, hasCheckpoint: boolean): Promise<OpenedAuditLog> {
  if (!hasCheckpoint) {
    throw new CliError(
      'usage',
      `${file} is an export, which holds no checkpoint: give one that was kept, with --checkpoint FILE.`,
    );
  }
  const { size } = await stat(file);
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  const length = Math.ceil(size / usualLine);
  return { events: exportEvents(stream), checkpoints: [], length, close: async () => void stream.destroy() };
}

/** The one that was named; the home's own, if there is one, for the home's own database. */
async function readCheckpoint(session: Session, options: AuditVerifyOptions): Promise<CheckpointNote | undefined> {
  const own = join(session.home, 'audit', 'checkpoint');
  const file = options.checkpoint === undefined ? own : session.path(options.checkpoint);
  if (options.checkpoint === undefined && options.file !== undefined) return undefined;
  const text = await readNamedText(named(file, 'the checkpoint')).catch((error: unknown) => {
    if (file === own && isMissing(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const note = parseCheckpointNote(text);
  if (note) return note;
  throw new CliError('usage', `${file} is not a checkpoint as \`privyseal audit checkpoint\` writes it.`);
}

function readProof(note: CheckpointNote) {
  try {
    return proofOf(note);
  } catch (error) {
    throw asUsage(error, 'The checkpoint ends with something that is no certificate.');
  }
}

async function readTrust(session: Session, { publicKey }: AuditVerifyOptions): Promise<CheckpointTrust> {
  const file = publicKey === undefined ? session.trustFile : session.path(publicKey);
  const advice = 'Give --ca FILE or --public-key FILE, or the service’s home with --home DIR.';
  const pem = await readNamedText({ ...named(file, 'what to trust'), advice, isCredential: true });
  try {
    if (publicKey === undefined)
      return { systemDers: decodePemAll(pem + (await earlierRoots(session)), 'CERTIFICATE') };
    const publicKeyDer = decodePem(pem, 'PUBLIC KEY');
    parseSubjectPublicKey(publicKeyDer);
    return { publicKeyDer };
  } catch (error) {
    throw asUsage(
      error,
      `${file} does not hold ${publicKey === undefined ? 'certificates' : 'one public key'} in PEM.`,
    );
  }
}

/** Beside the home's own trust file: the roots by which checkpoints were certified before `system` had its key of now. */
async function earlierRoots({ home, trustFile }: Session): Promise<string> {
  if (trustFile !== join(home, 'trust', 'system.pem')) return '';
  const file = join(home, 'audit', 'system-roots.pem');
  return readNamedText(named(file, 'what certified earlier checkpoints')).catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
}

function asUsage(error: unknown, message: string): unknown {
  return error instanceof CaError ? new CliError('usage', message, error) : error;
}

const named = (file: string, what: string): NamedFile => ({
  ...{ file, what, advice: 'See `privyseal audit verify --help`.' },
});

interface Finding {
  readonly file: string;
  readonly verdict: LogVerdict;
  readonly note: CheckpointNote | undefined;
}

function describe(session: Session, { file, verdict, note }: Finding): void {
  const paint = paintFor(session.io);
  const { events, checkpoints, signedSeq, lastHash, fault } = verdict;
  const tail = events - signedSeq;
  const state = fault ? [paint('red', `NOT WHOLE: ${fault.code}`), fault.message] : [paint('green', 'whole')];
  session.print(
    layoutFields(
      [
        ['Audit log', file],
        ['State', state],
        ['Events', fault ? `${events} read; the first that is not right is event ${fault.seq}` : String(events)],
        ['Checkpoints', `${checkpoints} in the log${note ? `, and the kept one of event ${note.checkpoint.seq}` : ''}`],
        ['Signed', signedSeq === 0 ? 'nothing' : `up to event ${signedSeq}`],
        ...(tail > 0 && !fault
          ? [['Unsigned', `the last ${tail}: chained, but nothing vouches for them yet`] as const]
          : []),
        ['Last hash', lastHash],
      ],
      { columns: session.width },
    ),
  );
}
