/** What a call was refused with, so that tests assert the stable code and not the text. */
import { expect } from 'vitest';

export async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return expect.fail('the call was not refused');
}

/** The code of the CaError or StartError; for anything else its text, which fails the comparison and shows why. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(call);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : String(error);
}
