/** Keeps the beginning and the end of what a program writes, however much that is. */

const kept = 8 * 1024;

export class BoundedText {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  #total = 0;

  add(chunk: Buffer): void {
    this.#total += chunk.length;
    const room = kept - this.#head.length;
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = chunk.subarray(Math.min(room, chunk.length));
    // Copied, so that a kept end does not keep the whole chunk.
    this.#tail = Buffer.concat([this.#tail, rest.subarray(-kept)].map((part) => part.subarray(-kept))).subarray(-kept);
  }

  /** With a line that says how much is missing between beginning and end. */
  text(): string {
    const missing = this.#total - this.#head.length - this.#tail.length;
    const gap = missing > 0 ? `\n(${missing} octets left out)\n` : '';
    return `${this.#head.toString()}${gap}${this.#tail.toString()}`;
  }
}
