/** Reads files in pieces, through one buffer: a database of any size takes constant memory. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { BackupPart } from '../../ports/backup.ts';

const pieceOctets = 256 * 1024;

/** The whole file; each piece is overwritten by the next. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  await using file: FileHandle = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(pieceOctets);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** A file as a part, measured by reading it once; `onOctets` hears how many were read each time. */
export async function filePart(name: string, path: string, onOctets: (count: number) => void): Promise<BackupPart> {
  const digest = createHash('sha256');
  let size = 0;
  for await (const piece of piecesOf(path)) {
    digest.update(piece);
    size += piece.length;
    onOctets(piece.length);
  }
  return { name, size, sha256: digest.digest('hex'), content: () => piecesOf(path) };
}

/** A small part that is held in memory. */
export function heldPart(name: string, content: Uint8Array): BackupPart {
  return {
    name,
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    async *content() {
      yield content;
    },
  };
}

/** Fills buffers from a file in order; says when it ends too early. */
export class OctetSource {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(pieceOctets);

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The next octets, fewer than `count` only where the file ends or the buffer does; empty at the end. */
  async piece(count: number): Promise<Buffer> {
    const { bytesRead } = await this.#file.read(this.#buffer, 0, Math.min(count, this.#buffer.length), null);
    return this.#buffer.subarray(0, bytesRead);
  }

  /** Exactly so many octets in a buffer of their own; undefined when the file ends before. */
  async exactly(count: number): Promise<Buffer | undefined> {
    const octets = Buffer.alloc(count);
    for (let length = 0; length < count; ) {
      const { bytesRead } = await this.#file.read(octets, length, count - length, null);
      if (bytesRead === 0) return undefined;
      length += bytesRead;
    }
    return octets;
  }
}
