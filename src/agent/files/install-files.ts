/** `replace` mode: the files of the set in use as plain files in the target's folder, for programs that cannot follow links. */
import { renameSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FilesConfig, OutputName } from '../config/agent-schema.ts';
import { syncFolder, temporaryName, writeNewFile, writingIn } from './durable-file.ts';
import { type OutputFile, outputFiles } from './output-files.ts';

/**
 * What others may find before a key and its certificate come before them, both of these next to each other and last:
 * between the two renames, and nowhere else, a reader could see a pair that does not fit.
 */
const order: readonly OutputName[] = [
  ...(['trust.pem', 'truststore.p12', 'crl.pem', 'chain.pem', 'store-password', 'keystore.p12'] as const),
  ...(['combined.pem', 'cert.pem', 'key.pem', 'fullchain.pem'] as const),
];

/** `set` is a set's folder, or a link to one; `own` the agent's folder in the target's. May be repeated after a crash. */
export async function installFiles(files: FilesConfig, set: string, own: string): Promise<void> {
  await writingIn(files.folder, async () => {
    const wanted = (await outputFiles(files)).toSorted((a, b) => order.indexOf(a.output) - order.indexOf(b.output));
    const ready: (readonly [string, string])[] = [];
    try {
      for (const file of wanted) {
        const path = join(files.folder, file.name);
        const content = await contentIn(set, file);
        if (content === undefined || (await isThere(path, content, file))) continue;
        const temporary = join(own, basename(temporaryName(path)));
        await writeNewFile(temporary, { content, mode: file.mode, ...(file.owner && { owner: file.owner }) });
        ready.push([temporary, path]);
      }
      // All are on disk: now the names, without giving anything else a turn.
      for (const [temporary, path] of ready) renameSync(temporary, path);
    } catch (error) {
      await Promise.all(ready.map(([temporary]) => rm(temporary, { force: true })));
      throw error;
    }
    await syncFolder(files.folder);
  });
}

/** Undefined: the set is of before this output was asked for. The next set has it. */
async function contentIn(set: string, { output }: OutputFile): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(set, output));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file that is as it should be is left alone: Kafka and others take a new time for a new file. */
async function isThere(path: string, content: Uint8Array, { mode, owner }: OutputFile): Promise<boolean> {
  try {
    const known = await stat(path);
    if (!known.isFile() || (known.mode & 0o777) !== mode) return false;
    if (owner && (known.uid !== owner.uid || known.gid !== owner.gid)) return false;
    return Buffer.compare(await readFile(path), content) === 0;
  } catch {
    return false;
  }
}
