/** `replace` mode: the files of the set in use as plain files in the target's folder, for programs that cannot follow links. */
import { hash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncFolder } from '../../files/sync-folder.ts';
import { type FileOwner, replaceFile, temporaryName, writeNewFile } from '../../files/whole-file.ts';
import type { FilesConfig, OutputName } from '../config/agent-schema.ts';
import { writingIn } from './disk-refusals.ts';
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
    const agent = await ownersOfNew(own);
    const installed = new Map(await readInstalled(own));
    try {
      for (const file of wanted) {
        const path = join(files.folder, file.name);
        const content = await contentIn(set, file);
        if (content === undefined) continue;
        installed.set(file.name, digest(content));
        if (await isThere(path, content, { agent, ...file })) continue;
        const temporary = join(own, basename(temporaryName(path)));
        await writeNewFile(temporary, { content, mode: file.mode, ...(file.owner && { owner: file.owner }) });
        ready.push([temporary, path]);
      }
      await keepInstalled(own, installed);
      // All are on disk: now the names, without giving anything else a turn.
      for (const [temporary, path] of ready) renameSync(temporary, path);
    } catch (error) {
      await Promise.all(ready.map(([temporary]) => rm(temporary, { force: true })));
      throw error;
    }
    await syncFolder(files.folder);
  });
}

/** Files of before that are asked for no more, unless somebody has changed them since: a key must not outlast its use. */
export async function removeUnasked(files: FilesConfig, own: string): Promise<void> {
  await writingIn(files.folder, async () => {
    const asked = (await outputFiles(files)).map(({ name }) => name);
    const installed = await readInstalled(own);
    // A name with a path in it is none that the agent wrote.
    const unasked = [...installed].filter(([name]) => !asked.includes(name) && name === basename(name));
    if (unasked.length === 0) return;
    for (const [name, known] of unasked) {
      const path = join(files.folder, name);
      const content = await readFile(path).catch(() => undefined);
      if (content && digest(content) === known) await rm(path, { force: true });
      installed.delete(name);
    }
    await keepInstalled(own, installed);
  });
}

const installedFile = 'installed.json';

const digest = (content: Uint8Array): string => hash('sha256', content, 'hex');

/** Of each name that was put into the folder the SHA-256 of its content. */
async function readInstalled(own: string): Promise<Map<string, string>> {
  try {
    const known = JSON.parse(await readFile(join(own, installedFile), 'utf8')) as Record<string, string>;
    return new Map(Object.entries(known));
  } catch {
    return new Map();
  }
}

async function keepInstalled(own: string, installed: ReadonlyMap<string, string>): Promise<void> {
  const content = `${JSON.stringify(Object.fromEntries(installed), null, 2)}\n`;
  const path = join(own, installedFile);
  if (content === (await readFile(path, 'utf8').catch(() => ''))) return;
  await replaceFile(path, { content, mode: 0o600 });
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

/** Of what the agent writes into its folder and gives to nobody: where the folder hands its group down, it is that one. */
async function ownersOfNew(own: string): Promise<FileOwner[]> {
  const uid = process.geteuid!();
  return [process.getegid!(), (await stat(own)).gid].map((gid) => ({ uid, gid }));
}

/** A file that is as it should be is left alone: Kafka and others take a new time for a new file. */
async function isThere(
  path: string,
  content: Uint8Array,
  { mode, owner, agent }: OutputFile & { readonly agent: readonly FileOwner[] },
): Promise<boolean> {
  try {
    const known = await stat(path);
    if (!known.isFile() || (known.mode & 0o777) !== mode) return false;
    const owners = owner ? [owner] : agent;
    if (!owners.some(({ uid, gid }) => known.uid === uid && known.gid === gid)) return false;
    return Buffer.compare(await readFile(path), content) === 0;
  } catch {
    return false;
  }
}
