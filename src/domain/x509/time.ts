/** Reads Time as certificates and CRLs hold it (RFC 5280 §4.1.2.5, §5.1.2.4): one encoding for each moment. */
import type { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readTime } from '../der/value.ts';
import { malformed } from './malformed.ts';

/** The first second of 2050, from which on GeneralizedTime is due. */
const year2050 = Date.UTC(2050, 0) / 1000;

/** Unix seconds; CaError `malformed` for a GeneralizedTime before 2050. `what` names the structure in the error. */
export function readX509Time(reader: DerReader, what: string): number {
  const isUtcTime = reader.peekTag() === tag.utcTime;
  const seconds = readTime(reader);
  if (isUtcTime !== seconds < year2050) throw malformed(what, 'has a time in the wrong form for its year');
  return seconds;
}
