/**
 * Reload action `spring-boot`: an SSL bundle with `reload-on-update` watches the folders of its stores and reads them again once
 * these were quiet for a while. Nothing can be sent to it; what can go wrong is that there is never quiet.
 */
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { SpringBootReload } from './reload-schema.ts';

/** Beyond the quiet period, for the watcher's own turn and the reading of the stores. */
const marginMs = 500;
const pollsInPeriod = 10;

export async function reloadSpringBoot(
  reload: SpringBootReload,
  { files, signal }: ReloadContext,
): Promise<ReloadDone> {
  const { quietPeriodMilliseconds: quietMs = 10_000, timeoutSeconds = 60 } = reload;
  const folders = await watchedFolders(files);
  const until = performance.now() + Math.max(timeoutSeconds * 1000, 2 * quietMs + marginMs);
  let [seen, quietSince, last] = [await entriesOf(folders), performance.now(), ''];
  while (performance.now() < quietSince + quietMs + marginMs) {
    if (performance.now() > until) throw neverQuiet(last, timeoutSeconds);
    await pause(Math.min(500, quietMs / pollsInPeriod), undefined, { signal }).catch(() => signal.throwIfAborted());
    const now = await entriesOf(folders);
    const changed = changedEntry(seen, now);
    if (changed !== undefined) [quietSince, last] = [performance.now(), changed];
    seen = now;
  }
  return { detail: `${folders.join(' and ')} were quiet for ${quietMs} ms` };
}

const neverQuiet = (file: string, seconds: number): ReloadError =>
  new ReloadError(
    `${file} beside the stores still changes after ${seconds} s: Spring Boot reads stores only when their folder is quiet. Give them a folder of their own.`,
  );

/**
 * Spring Boot's FileWatcher watches the folder of a file and, where that is a link, those of the link's target. Of a path through a
 * linked folder (`current/keystore.p12`) it watches only where the link led at the start, so that it never sees `current` move.
 */
async function watchedFolders(files: string): Promise<string[]> {
  const folder = dirname(files);
  try {
    if (!(await lstat(files)).isSymbolicLink()) return [files];
    const target = await readlink(files);
    if (await hasLinksInto(folder, basename(files))) return [folder, resolve(folder, target)];
  } catch (cause) {
    throw new ReloadError(`${files} is not there, or cannot be read.`, '', cause);
  }
  throw new ReloadError(
    `Spring Boot does not see ${files} move. Beside it make a link to each store once (cd ${folder} && ln -s ${basename(files)}/keystore.p12 ${basename(files)}/truststore.p12 .), and name these links in the bundle.`,
  );
}

async function hasLinksInto(folder: string, link: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink() && entry.name !== link);
  const targets = await Promise.all(links.map(({ name }) => readlink(join(folder, name))));
  return targets.some((target) => dirname(resolve(folder, target)) === join(folder, link));
}

/** When each entry of the folders was changed last; entries of folders below are not watched. */
async function entriesOf(folders: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const files = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  );
  const entries = files.flat().map(async (file): Promise<[string, string]> => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    if (!found) return [file, 'gone'];
    // What happens inside a folder below is no event of this one.
    return [file, found.isDirectory() ? String(found.ino) : `${found.ino} ${found.mtimeNs} ${found.size}`];
  });
  return new Map(await Promise.all(entries));
}

function changedEntry(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string | undefined {
  const names = new Set([...before.keys(), ...now.keys()]);
  return [...names].find((name) => before.get(name) !== now.get(name));
}
