/** Whether files that others replace while the service runs are other ones than at the last look: by what stat says, mode and owner included. */
import { stat } from 'node:fs/promises';

export class ChangedFiles {
  readonly #paths: readonly string[];
  #seen: string;

  private constructor(paths: readonly string[], seen: string) {
    this.#paths = paths;
    this.#seen = seen;
  }

  static async watch(paths: readonly string[]): Promise<ChangedFiles> {
    return new ChangedFiles(paths, await standing(paths));
  }

  async look(): Promise<boolean> {
    const now = await standing(this.#paths);
    const changed = now !== this.#seen;
    this.#seen = now;
    return changed;
  }
}

/** ctime moves with every change, also with one of the mode alone; a link that leads elsewhere leads to another inode. */
const standing = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(standingOf))).join('\n');

async function standingOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, ctimeNs].join(' ');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
