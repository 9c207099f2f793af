/** Makes the names in a folder durable: a new one is only when its folder is (fsync(2)). */
import { type FileHandle, open } from 'node:fs/promises';

export async function syncFolder(path: string): Promise<void> {
  await using folder: FileHandle = await open(path, 'r');
  await folder.sync();
}
