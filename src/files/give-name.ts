/** Gives a file that is whole its name, over nothing that has it. */
import { link, open, rename, unlink } from 'node:fs/promises';

/** What a file system without links says: FAT on a stick, some of the network. */
const noLinks: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Rejects with EEXIST where `file` is there. link(2) refuses to replace, unlike rename(2), which is for file systems without
 * links and replaces an empty file of our own. `temporary` may be there afterwards; the caller makes the name durable.
 */
export async function giveName(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    if (!noLinks.has((error as NodeJS.ErrnoException).code)) throw error;
    await (await open(file, 'wx', 0o600)).close();
    try {
      await rename(temporary, file);
    } catch (refused) {
      await unlink(file);
      throw refused;
    }
  }
}
