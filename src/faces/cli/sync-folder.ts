/** Makes the names in a folder durable: after a power failure a file is where a verb has said that it is (fsync(2)). */
import { open } from 'node:fs/promises';

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
