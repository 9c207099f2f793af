/** Reads a small file to its end: also a pipe, whose length nobody knows beforehand. */
import type { FileHandle } from 'node:fs/promises';

const pieceOctets = 16 * 1024;

/** From where it stands, wiping every copy but the one returned; undefined when it is longer: a part is not taken for the whole. */
export async function readAtMost(file: FileHandle, most: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  try {
    for (let length = 0; length <= most; ) {
      const piece = Buffer.alloc(Math.min(pieceOctets, most + 1 - length));
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, bytesRead));
      length += bytesRead;
    }
    return undefined;
  } finally {
    for (const piece of pieces) piece.fill(0);
  }
}
