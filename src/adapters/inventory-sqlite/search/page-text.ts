/** Text of a page as UTF-8, written into memory that pages before it have used. */

/** What a certificate takes, mostly. */
const usualOctets = 1024;
/** Text is gathered to so many characters before it is encoded: for each line by itself, that would take longer. */
const gatheredLength = 16_384;
/** Of UTF-8, for each unit of UTF-16. */
const mostOctets = 3;

export class PageText {
  #memory: Buffer<ArrayBuffer>;
  #length = 0;
  #gathered = '';

  /** `memory` is written over. */
  constructor(memory: ArrayBuffer) {
    this.#memory = Buffer.from(memory);
  }

  /** In memory of its own, for so many certificates. */
  static of(certificates: number): PageText {
    return new PageText(new ArrayBuffer(usualOctets * certificates));
  }

  append(text: string): void {
    this.#gathered += text;
    if (this.#gathered.length >= gatheredLength) this.#encode();
  }

  /** All that was appended. */
  octets(): Uint8Array<ArrayBuffer> {
    this.#encode();
    return new Uint8Array(this.#memory.buffer, 0, this.#length);
  }

  #encode(): void {
    const needed = this.#length + this.#gathered.length * mostOctets;
    if (needed > this.#memory.length) this.#grow(Math.max(needed, 2 * this.#memory.length));
    this.#length += this.#memory.write(this.#gathered, this.#length);
    this.#gathered = '';
  }

  #grow(octets: number): void {
    const memory = Buffer.from(new ArrayBuffer(octets));
    this.#memory.copy(memory, 0, 0, this.#length);
    this.#memory = memory;
  }
}
