/** Verifies an audit log from its first event to its last against its own hashes and against signed checkpoints. */
import { auditChainHash, auditGenesisHash } from '../records/audit-event.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointProof, JudgeCheckpoint } from './checkpoint-trust.ts';
import { type KeptEvent, seqOf } from './kept-event.ts';

/** An entry that cannot even be read as an event or checkpoint stands as undefined, in its place. */
export interface AuditLogContent {
  readonly events: Batches<KeptEvent | undefined>;
  /** By seq ascending, as the log itself keeps them. */
  readonly checkpoints: Iterable<CheckpointProof | undefined>;
}

/** Batches, for a step of an asynchronous iterator costs more than verifying an event. */
export type Batches<T> = Iterable<readonly T[]> | AsyncIterable<readonly T[]>;

export type LogFaultCode =
  | 'unreadable' // not an event at all
  | 'missing' // one or more events are not there
  | 'misplaced' // an event that stands elsewhere, was inserted or comes twice
  | 'renumbered' // kept under another number than its text has
  | 'unlinked' // does not continue the event before it
  | 'changed' // its text is not the one its hash was made of
  | 'rewritten' // hashes that are right by themselves, but not those that were signed
  | 'checkpointForged' // a checkpoint that no trusted key has signed
  | 'truncated' // the log ends before an event that was signed
  | 'anotherLog' // the checkpoint is of another service's log
  | 'unsigned'; // there is no checkpoint, so nothing proves that the log is the one that was written

/** `message` is a sentence that begins with what is wrong; `seq` the first event that is. */
export interface LogFault {
  readonly code: LogFaultCode;
  readonly seq: number;
  readonly message: string;
}

export interface LogVerdict {
  /** How many events are what their hashes were made of; all of them, unless there is a fault. */
  readonly events: number;
  /** How many of the log's own checkpoints were passed. */
  readonly checkpoints: number;
  /** The newest event that a checkpoint vouches for; 0 without one. */
  readonly signedSeq: number;
  readonly lastHash: string;
  readonly fault?: LogFault;
}

export interface VerifyLogInput {
  readonly log: AuditLogContent;
  readonly judge: JudgeCheckpoint;
  /** A checkpoint that was kept apart from the log. */
  readonly kept?: CheckpointProof;
  /** Called now and then with the number of events that are done. */
  readonly onProgress?: (events: number) => void;
}

/** Reads everything once, in constant memory, and stops at the first fault. */
export async function verifyAuditLog({ log, judge, kept, onProgress }: VerifyLogInput): Promise<LogVerdict> {
  const chain: Chain = { seq: 0, hash: auditGenesisHash, first: auditGenesisHash };
  const marks = openMarks(log.checkpoints, judge);
  const verdict = (fault?: LogFault): LogVerdict => ({
    events: chain.seq,
    checkpoints: marks.passed(),
    signedSeq: Math.max(marks.signedSeq(), kept && !fault ? kept.checkpoint.seq : 0),
    lastHash: chain.hash,
    ...(fault && { fault }),
  });

  if (kept) {
    const why = await judge(kept);
    if (why) return verdict(forged(kept.checkpoint.seq, why));
  }
  for await (const batch of log.events) {
    for (const event of batch) {
      const fault = extend(chain, event) ?? agree(chain, kept?.checkpoint, marks.signedSeq());
      if (fault) return verdict(fault);
      const forgery = marks.isDue(chain) ? await marks.take(chain) : undefined;
      if (forgery) return verdict(forgery);
    }
    onProgress?.(chain.seq);
  }
  return verdict(
    missingEnd(chain, kept?.checkpoint) ?? marks.left(chain) ?? (kept || marks.passed() ? undefined : unsigned),
  );
}

/** The part of the log that is verified. */
interface Chain {
  seq: number;
  hash: string;
  /** Hash of the first event. */
  first: string;
}

/** Takes the next event, or says why it cannot be that. */
function extend(chain: Chain, event: KeptEvent | undefined): LogFault | undefined {
  const seq = chain.seq + 1;
  const fault = (code: LogFaultCode, message: string): LogFault => ({ code, seq, message });
  if (!event) return fault('unreadable', `What stands where event ${seq} should is no event as it was written.`);
  if (event.seq > seq) {
    const gap = event.seq - 1 === seq ? `Event ${seq} is` : `Events ${seq} to ${event.seq - 1} are`;
    return fault('missing', `${gap} not there: event ${event.seq} follows event ${chain.seq}.`);
  }
  if (event.seq < seq)
    return fault('misplaced', `Where event ${seq} should be stands one with the number ${event.seq}.`);
  if (auditChainHash(event.previousHash, event.canonical) !== event.hash) {
    return fault('changed', `Event ${seq} was changed: its text or previousHash is not what its hash was made of.`);
  }
  if (seqOf(event.canonical) !== seq) {
    return fault(
      'renumbered',
      `Event ${seq} is kept under this number, but its text has ${seqOf(event.canonical) ?? 'none'}.`,
    );
  }
  if (event.previousHash !== chain.hash) {
    return fault('unlinked', `Event ${seq} does not continue event ${chain.seq}: one of them was replaced.`);
  }
  chain.seq = seq;
  chain.hash = event.hash;
  if (seq === 1) chain.first = event.hash;
  return undefined;
}

/** What a checkpoint says of the event the chain has just reached; nothing, of any other event. */
function agree(chain: Chain, checkpoint: Checkpoint | undefined, signedSeq: number): LogFault | undefined {
  if (!checkpoint) return undefined;
  const { seq } = chain;
  if (seq === 1 && checkpoint.log !== chain.first) return foreign(checkpoint);
  if (checkpoint.seq !== seq || checkpoint.hash === chain.hash) return undefined;
  const first = signedSeq + 1;
  const which = first === seq ? `Event ${seq}` : `One of the events ${first} to ${seq}`;
  return {
    code: 'rewritten',
    seq: first,
    message: `${which} was changed and the hashes made anew: the checkpoint of event ${seq} has another hash.`,
  };
}

interface Marks {
  /** Whether the log's next own checkpoint is of the event that the chain has reached. */
  isDue(chain: Chain): boolean;
  /** Checks that one. */
  take(chain: Chain): Promise<LogFault | undefined>;
  passed(): number;
  signedSeq(): number;
  /** What is wrong when the log has ended and a checkpoint is left. */
  left(chain: Chain): LogFault | undefined;
}

/** Walks the log's own checkpoints beside the chain. */
function openMarks(checkpoints: Iterable<CheckpointProof | undefined>, judge: JudgeCheckpoint): Marks {
  const iterator = checkpoints[Symbol.iterator]();
  let next = iterator.next();
  let passed = 0;
  let signedSeq = 0;
  const unreadable = (): LogFault => ({
    code: 'checkpointForged',
    seq: signedSeq + 1,
    message: `The first checkpoint after event ${signedSeq} cannot be read.`,
  });
  return {
    isDue: ({ seq }) => !next.done && !(next.value && next.value.checkpoint.seq > seq),
    async take(chain) {
      const proof: CheckpointProof | undefined = next.value;
      if (proof?.checkpoint.seq !== chain.seq) return unreadable();
      const { checkpoint } = proof;
      const fault = checkpoint.log === chain.first ? agree(chain, checkpoint, signedSeq) : foreign(checkpoint);
      if (fault) return fault;
      const why = await judge(proof);
      if (why) return forged(chain.seq, why);
      passed += 1;
      signedSeq = chain.seq;
      next = iterator.next();
      return undefined;
    },
    passed: () => passed,
    signedSeq: () => signedSeq,
    left: (chain) => (next.done ? undefined : next.value ? missingEnd(chain, next.value.checkpoint) : unreadable()),
  };
}

const forged = (seq: number, why: string): LogFault => ({
  code: 'checkpointForged',
  seq,
  message: `The checkpoint of event ${seq} ${why}.`,
});

const foreign = ({ seq }: Checkpoint): LogFault => ({
  code: 'anotherLog',
  seq: 1,
  message: `The checkpoint of event ${seq} is of a log that begins with another event: it is another service’s, or event 1 was replaced.`,
});

/** A log that ends before an event that was signed. */
function missingEnd({ seq }: Chain, signed: Checkpoint | undefined): LogFault | undefined {
  if (!signed || signed.seq <= seq) return undefined;
  const message = `The log ends with event ${seq}, but event ${signed.seq} was signed: what came after ${seq} was cut off.`;
  return { code: 'truncated', seq: seq + 1, message };
}

const unsigned: LogFault = {
  code: 'unsigned',
  seq: 1,
  message:
    'There is no checkpoint: the hashes fit together, but anybody could have made them. A new service signs its first within a minute, and when it stops: verify again then.',
};
