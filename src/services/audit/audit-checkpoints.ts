/** Signs the audit log's newest event now and then: what came before it can no longer change unseen (docs/audit.md). */
import {
  type Checkpoint,
  checkpointText,
  completeNote,
  formatCheckpointNote,
  parseCheckpointNote,
} from '../../domain/audit/checkpoint.ts';
import { CaError } from '../../domain/errors.ts';
import type { Home } from '../../ports/home.ts';
import type { CheckpointRecord, Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { CheckpointView } from '../services.ts';
import type { AuditKeys } from './audit-key.ts';
import { checkpointFile } from './refuse-older-log.ts';

export interface AuditCheckpointsDeps {
  readonly inventory: Inventory;
  readonly home: Home;
  readonly clock: GuardedClock;
  readonly keys: AuditKeys;
  readonly log: Log;
}

export interface AuditCheckpoints {
  /** Signs when an event has waited for it long enough; called about once a second. */
  signDue(): Promise<void>;
  /** Signs now, if there is anything new. Neither throws: a failure is logged and tried again. */
  sign(): Promise<void>;
  latest(): Promise<CheckpointView>;
  /** Why the last try failed; undefined when it did not. */
  problem(): string | undefined;
}

/** Under a minute, with the time between two looks and a slow signer. */
const longestWaitMs = 45_000;

export function createAuditCheckpoints(deps: AuditCheckpointsDeps): AuditCheckpoints {
  let failure: string | undefined;
  /** What the log was told last; a disk that is full would have a trace written to it each second. */
  let logged: string | undefined;
  /** Monotonic time of the look that first saw an event without a checkpoint; what is there at the start has waited already. */
  let waitingSince: number | undefined = Number.NEGATIVE_INFINITY;
  /** The event of the checkpoint that is in the home. */
  let published = 0;

  const publish = async (record: CheckpointRecord): Promise<void> => {
    if (record.seq === published) return;
    await deps.home.write(checkpointFile, completeNote(record.note, record.certificateDer), 0o644);
    published = record.seq;
  };

  const sign = async (): Promise<void> => {
    try {
      const record = await signNewest(deps);
      if (record) await publish(record);
      waitingSince = undefined;
      failure = undefined;
      logged = undefined;
    } catch (error) {
      failure = error instanceof CaError ? error.message : 'the newest events could not be signed';
      const reason = String(error);
      if (reason !== logged)
        deps.log.error({ err: error }, 'the audit log has no checkpoint of its newest event; trying again');
      logged = reason;
    }
  };

  return {
    sign,
    async signDue() {
      if (failure === undefined && published > 0 && !(await isWaiting(deps))) {
        waitingSince = undefined;
        return;
      }
      waitingSince ??= deps.clock.monotonic();
      if (deps.clock.monotonic() - waitingSince >= longestWaitMs) await sign();
    },
    async latest() {
      const record = await deps.inventory.latestCheckpoint();
      if (!record) throw new CaError('notFound', 'There is no checkpoint yet: the first is signed at the start.');
      return { checkpoint: read(record), note: completeNote(record.note, record.certificateDer) };
    },
    problem: () => failure,
  };
}

async function isWaiting({ inventory }: AuditCheckpointsDeps): Promise<boolean> {
  const [ends, last] = [await inventory.auditEnds(), await inventory.latestCheckpoint()];
  return ends !== undefined && ends.newest.seq !== last?.seq;
}

/** The checkpoint of the newest event, signed now unless it has one; undefined while there is no event. */
async function signNewest({ inventory, clock, keys }: AuditCheckpointsDeps): Promise<CheckpointRecord | undefined> {
  clock.assertSafe();
  const last = await inventory.latestCheckpoint();
  if (last) await assertContinues(inventory, read(last));
  if (last && (await inventory.auditEnds())?.newest.seq === last.seq) return last;
  // Making a key is audited, so the newest event is asked for afterwards.
  const key = await keys();
  const ends = await inventory.auditEnds();
  if (!ends) return undefined;
  const { seq, hash } = ends.newest;
  const text = checkpointText({ log: ends.first.hash, seq, hash, at: clock.now() });
  const note = formatCheckpointNote(text, await key.sign(text));
  await inventory.recordCheckpoint({ seq, note, certificateSerial: key.certificateSerial });
  return { seq, note, certificateDer: key.certificateDer };
}

/** A log that was cut or exchanged under the service is not signed as if nothing had happened. */
async function assertContinues(inventory: Inventory, last: Checkpoint): Promise<void> {
  const ends = await inventory.auditEnds();
  const [event] = await inventory.auditEvents(last.seq - 1, 1);
  if (event?.hash === last.hash && event.seq === last.seq && ends?.first.hash === last.log) return;
  throw new CaError(
    'conflict',
    `The audit log no longer holds event ${last.seq} as it was signed. Run \`privyseal audit verify\`, and restore a backup.`,
  );
}

function read({ seq, note }: CheckpointRecord): Checkpoint {
  const parsed = parseCheckpointNote(note);
  if (parsed?.checkpoint.seq === seq) return parsed.checkpoint;
  throw new CaError('conflict', `The checkpoint of event ${seq} in the inventory cannot be read: it was changed.`);
}
