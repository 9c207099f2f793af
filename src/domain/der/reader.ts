/** A forward-only cursor over DER (X.690): definite minimal lengths and low tag numbers, or a DerError. No copies. */
import { DerError } from './error.ts';
import { tag as universal } from './tag.ts';

/** One element in place: `bytes.subarray(start, end)` is the whole TLV, from `contentStart` its content. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

export class DerReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  #position: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#position = start;
    this.end = end;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position >= this.end;
  }

  /** The next element's identifier octet without consuming it; -1 at the end. */
  peekTag(): number {
    return this.atEnd ? -1 : this.bytes[this.#position]!;
  }

  /** The next element, whatever it is. */
  next(): DerElement {
    const element = readHeader(this.bytes, this.#position, this.end);
    this.#position = element.end;
    return element;
  }

  /** The next element, which must carry this tag. */
  expect(tag: number): DerElement {
    if (this.atEnd) throw new DerError('missingElement', this.#position);
    if (this.bytes[this.#position] !== tag) throw new DerError('unexpectedTag', this.#position);
    return this.next();
  }

  /** The next element if it carries this tag, else undefined and nothing is consumed. */
  optional(tag: number): DerElement | undefined {
    return this.peekTag() === tag ? this.next() : undefined;
  }

  /** A cursor inside the next element, which must carry this tag. */
  enter(tag: number): DerReader {
    return this.inside(this.expect(tag));
  }

  enterSequence(): DerReader {
    return this.enter(universal.sequence);
  }

  /** A cursor over an element's content. */
  inside(element: DerElement): DerReader {
    return new DerReader(this.bytes, element.contentStart, element.end);
  }

  /** The element's content, a view. */
  content(element: DerElement): Uint8Array {
    return this.bytes.subarray(element.contentStart, element.end);
  }

  /** The element's content as text; what is no UTF-8 is replaced. */
  text({ contentStart, end }: DerElement, encoding: 'latin1' | 'utf8'): string {
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + contentStart, end - contentStart).toString(encoding);
  }

  /** The element's whole TLV, a view. */
  whole(element: DerElement): Uint8Array {
    return this.bytes.subarray(element.start, element.end);
  }

  /** Throws `trailingBytes` unless everything was consumed. */
  expectEnd(): void {
    if (!this.atEnd) throw new DerError('trailingBytes', this.#position);
  }
}

/** The single header parser: X.690 §8.1.2.4 (high tags refused), §10.1 (definite, minimal length). */
export function readHeader(bytes: Uint8Array, start: number, limit: number): DerElement {
  if (start + 2 > limit) throw new DerError('truncated', start);
  const tag = bytes[start]!;
  if ((tag & 0x1f) === 0x1f) throw new DerError('highTagNumber', start);
  const first = bytes[start + 1]!;
  if (first < 0x80) return within({ tag, start, contentStart: start + 2, end: start + 2 + first }, limit);
  if (first === 0x80) throw new DerError('indefiniteLength', start + 1);
  const octets = first & 0x7f;
  if (octets > 4) throw new DerError('lengthTooLarge', start + 1);
  const contentStart = start + 2 + octets;
  if (contentStart > limit) throw new DerError('truncated', start);
  let length = 0;
  for (let i = start + 2; i < contentStart; i++) length = length * 256 + bytes[i]!;
  if (length < 0x80 || bytes[start + 2] === 0) throw new DerError('nonMinimalLength', start + 1);
  return within({ tag, start, contentStart, end: contentStart + length }, limit);
}

function within(element: DerElement, limit: number): DerElement {
  if (element.end > limit) throw new DerError('truncated', element.start);
  return element;
}
