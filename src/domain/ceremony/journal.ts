/** The journal of an offline root: one line of JSON for each act, chained by hashes, from which the record on paper is printed. */
import { hash } from 'node:crypto';
import type { RevocationReason } from '../policy/revocation-reason.ts';
import type { KeyType } from '../x509/key-type.ts';

export interface RevokedBelow {
  readonly serial: string;
  /** Unix seconds. */
  readonly at: number;
  readonly reason: RevocationReason;
}

export type CeremonyAct =
  | { readonly kind: 'rootMade'; readonly key: string; readonly keyType: KeyType; readonly certificate: string }
  /** `csrSha256` of the request, as whoever brought it can compare. Certificates are DER in base64. */
  | { readonly kind: 'certificateSigned'; readonly csrSha256: string; readonly certificate: string }
  /** All that was ever revoked: nothing leaves a list of an offline root. */
  | {
      readonly kind: 'crlSigned';
      readonly number: number;
      readonly thisUpdate: number;
      readonly nextUpdate: number;
      readonly revoked: readonly RevokedBelow[];
      /** Hex, of the DER. */
      readonly sha256: string;
    };

export interface CeremonyEntry {
  /** 1, 2, 3, … */
  readonly seq: number;
  /** Unix milliseconds by the machine's own clock. */
  readonly at: number;
  /** Versions of this program, of Node and of OpenSSL. */
  readonly program: string;
  readonly present: readonly string[];
  readonly act: CeremonyAct;
  /** Hex SHA-256 of the line before; 64 zeros in the first. */
  readonly previous: string;
}

const genesis = '0'.repeat(64);

/** What a line is known by. */
export const lineHash = (line: string): string => hash('sha256', line, 'hex');

/** The line after `lines`, without its line feed. */
export function nextLine(lines: readonly string[], entry: Omit<CeremonyEntry, 'seq' | 'previous'>): string {
  const last = lines.at(-1);
  const { at, program, present, act } = entry;
  return JSON.stringify({
    ...{ seq: lines.length + 1, at, program, present, act },
    previous: last === undefined ? genesis : lineHash(last),
  });
}

/** The entries of whole lines; undefined when a line was changed, left out or put elsewhere. */
export function readJournal(lines: readonly string[]): readonly CeremonyEntry[] | undefined {
  const entries: CeremonyEntry[] = [];
  for (const [index, line] of lines.entries()) {
    const entry = parse(line);
    const before = lines[index - 1];
    const previous = before === undefined ? genesis : lineHash(before);
    if (entry?.seq !== index + 1 || entry.previous !== previous) return undefined;
    if ((index === 0) !== (entry.act.kind === 'rootMade')) return undefined;
    entries.push(entry);
  }
  return entries;
}

function parse(line: string): CeremonyEntry | undefined {
  try {
    const entry: CeremonyEntry = JSON.parse(line);
    return typeof entry?.act === 'object' && Array.isArray(entry.present) ? entry : undefined;
  } catch {
    return undefined;
  }
}
