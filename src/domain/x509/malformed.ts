/** Wraps the reading of a foreign or stored structure: whatever is wrong with its bytes becomes CaError `malformed`. */
import { DerError } from '../der/error.ts';
import { CaError } from '../errors.ts';

/** The refusal of a structure that is DER, but not its own grammar; `what` names it, `why` continues the sentence. */
export const malformed = (what: string, why: string): CaError => new CaError('malformed', `The ${what} ${why}.`);

/** Runs `read`; a DerError, or a part's own CaError (a name, a key), becomes one CaError `malformed` with it as cause. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CaError && cause.code === 'malformed') throw cause;
    if (cause instanceof DerError) throw new CaError('malformed', `The ${what} is not canonical DER.`, { cause });
    if (cause instanceof CaError) {
      throw new CaError('malformed', `The ${what} is not well formed.`, { cause, reasons: cause.reasons });
    }
    throw cause;
  }
}
