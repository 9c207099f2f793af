/** An audit event as it is kept and exported: the exact text its hash covers, and where it stands in the chain. */

export interface KeptEvent {
  readonly seq: number;
  /** Canonical JSON, see records/audit-event.ts: the truth that everything else about the event is read from. */
  readonly canonical: string;
  /** Hex. */
  readonly previousHash: string;
  readonly hash: string;
}

/** A line of an export, JSON itself: the canonical text stands in it octet by octet, so that what is read is what is verified. */
export const exportLine = ({ canonical, previousHash, hash }: KeptEvent): string =>
  `{"event":${canonical},"previousHash":"${previousHash}","hash":"${hash}"}`;

const head = '{"event":';
const tail = /,"previousHash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const tailLength =
  exportLine({ seq: 0, canonical: '', previousHash: '0'.repeat(64), hash: '0'.repeat(64) }).length - head.length;

/** Undefined for a line that `exportLine` did not write, without its line feed. */
export function parseExportLine(line: string): KeptEvent | undefined {
  if (!line.startsWith(head)) return undefined;
  const [, previousHash, hash] = tail.exec(line.slice(-tailLength)) ?? [];
  const canonical = line.slice(head.length, -tailLength);
  const seq = seqOf(canonical);
  return previousHash && hash && seq !== undefined ? { seq, canonical, previousHash, hash } : undefined;
}

/** The number that a canonical text begins with; undefined for a text that is none. */
export function seqOf(canonical: string): number | undefined {
  const digits = /^\{"seq":([1-9]\d{0,14}),/.exec(canonical)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
