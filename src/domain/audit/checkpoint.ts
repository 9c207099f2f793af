/** A checkpoint: the text that is signed to say which event the audit log had reached, and the note that carries it (docs/audit.md). */
import { decodeBase64, encodePem } from '../der/pem.ts';

export interface Checkpoint {
  /** Hash of the log's first event, hex: tells the log of one service from another's. */
  readonly log: string;
  /** The newest event when it was signed, and its hash, hex: all earlier events are in it. */
  readonly seq: number;
  readonly hash: string;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface CheckpointNote {
  readonly checkpoint: Checkpoint;
  /** The exact text that is signed. */
  readonly text: string;
  /** Ecdsa-Sig-Value, DER. */
  readonly signature: Uint8Array;
  /** PEM of the key's certificate; empty where it is kept elsewhere. */
  readonly certificatePem: string;
}

/**
 * Names the kind and version of what is signed, and begins with a `p` (0x70): everything else that a key of this service signs
 * is a DER SEQUENCE and begins with 0x30, so neither can ever be taken for the other.
 */
const header = 'privyseal-audit-checkpoint/v1';

/** The key is always P-256, whatever authorities use, so that one openssl command verifies every checkpoint. */
export const checkpointAlgorithm = 'ecdsa-with-SHA256';

export const checkpointText = ({ log, seq, hash, at }: Checkpoint): string =>
  `${header}\nlog ${log}\nseq ${seq}\nhash ${hash}\nat ${new Date(at).toISOString()}\n`;

/** Text, empty line, signature; what `parseCheckpointNote` reads. The certificate follows only in what leaves the service. */
export function formatCheckpointNote(text: string, signature: Uint8Array): string {
  return `${text}\nsignature ${checkpointAlgorithm} ${Buffer.from(signature).toString('base64')}\n`;
}

/** The note as it is kept elsewhere: whoever trusts `system` needs nothing else to verify it. */
export const completeNote = (note: string, certificateDer: Uint8Array): string =>
  `${note}${encodePem('CERTIFICATE', certificateDer)}`;

const noteGrammar = new RegExp(
  `^(${header}\\nlog ([0-9a-f]{64})\\nseq ([1-9]\\d{0,14})\\nhash ([0-9a-f]{64})\\nat (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)\\n)` +
    `\\nsignature ${checkpointAlgorithm} ([A-Za-z0-9+/]{1,200}={0,2})\\n(-----BEGIN CERTIFICATE-----\\n[\\s\\S]*)?$`,
);

/** Undefined unless every octet is as `formatCheckpointNote` writes it. Verifies nothing. */
export function parseCheckpointNote(note: string): CheckpointNote | undefined {
  const [, text, log, seq, hash, time, base64, certificatePem = ''] = noteGrammar.exec(note) ?? [];
  const at = Date.parse(time ?? '');
  const signature = decodeBase64(base64 ?? '');
  if (!text || !log || !hash || !signature || Number.isNaN(at)) return undefined;
  const checkpoint = { log, seq: Number(seq), hash, at };
  // One text for each checkpoint: a day such as February 30 reads as another one.
  return checkpointText(checkpoint) === text ? { checkpoint, text, signature, certificatePem } : undefined;
}
