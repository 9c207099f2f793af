/** What can be wrong with DER bytes (X.690 §8 to §11), as a closed set of codes and the offset where it was seen. */

export type DerErrorCode =
  | 'truncated'
  | 'trailingBytes'
  | 'indefiniteLength'
  | 'nonMinimalLength'
  | 'lengthTooLarge'
  | 'highTagNumber'
  | 'unexpectedTag'
  | 'missingElement'
  | 'wrongForm'
  | 'tooDeep'
  | 'tooManyElements'
  | 'badBoolean'
  | 'badInteger'
  | 'badBitString'
  | 'badNull'
  | 'badOid'
  | 'badString'
  | 'badTime'
  | 'unsortedSet';

/** Thrown by the reader and the canonical check; grammars above translate it once into their own error. */
export class DerError extends Error {
  override readonly name = 'DerError';
  readonly code: DerErrorCode;
  readonly offset: number;

  constructor(code: DerErrorCode, offset: number) {
    super(`DER: ${code} at byte ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}
