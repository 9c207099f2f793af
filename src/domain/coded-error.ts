/** What every error of ours with a stable code is made of. */

export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  /** `message` is for people. */
  constructor(code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
