/** The CaError that a call throws, so that tests assert its stable codes. */
import { expect } from 'vitest';
import { CaError } from '../../src/domain/errors.ts';

export function refusalOf(call: () => unknown): CaError {
  try {
    call();
  } catch (error) {
    if (error instanceof CaError) return error;
    throw error;
  }
  return expect.fail('the call was not refused');
}

/** The codes of its reasons. */
export const reasonsOf = (call: () => unknown): readonly string[] => refusalOf(call).reasons.map(({ code }) => code);
