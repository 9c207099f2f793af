/** What a program has written to its log since a moment ago; it only helps to explain, so a log that cannot be read is empty. */
import { open, stat } from 'node:fs/promises';

export interface LogTail {
  /** Since `followLog`, the beginning of it when that is much. */
  written(): Promise<string>;
}

const longest = 64 * 1024;

export async function followLog(file: string | undefined): Promise<LogTail> {
  if (file === undefined) return { written: async () => '' };
  const from = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  return { written: () => readFrom(file, from).catch(() => '') };
}

async function readFrom(path: string, from: number): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  // A log that was rotated meanwhile starts anew.
  const { buffer, bytesRead } = await file.read(Buffer.alloc(longest), 0, longest, size < from ? 0 : from);
  return buffer.toString('utf8', 0, bytesRead);
}
