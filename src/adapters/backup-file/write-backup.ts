/** Writes a backup: beside its name first, and under it only when it is whole and on the disk. */
import { createHash } from 'node:crypto';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  type BackupManifest,
  digestName,
  encodeManifest,
  manifestName,
  manifestTime,
} from '../../domain/backup/manifest.ts';
import type { OnProgress } from '../../domain/backup/report.ts';
import { encodeTarHeader, tarEnd, tarPadding, tarSpan } from '../../domain/backup/tar-header.ts';
import { StartError } from '../../domain/errors.ts';
import { giveName } from '../../files/give-name.ts';
import { makeWorkFolder } from '../../files/locked-folder.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import type { BackupPart } from '../../ports/backup.ts';
import { heldPart } from './octets.ts';

export interface BackupTarget {
  /** Absolute path of the backup to be. */
  readonly file: string;
  /** A folder (0700) on the same disk, for the copy of the database. */
  readonly workspace: string;
  /** Writes all of it and gives it its name; `backupExists` when the name was taken meanwhile. */
  publish(
    manifest: BackupManifest,
    parts: readonly BackupPart[],
    onProgress: OnProgress,
  ): Promise<{ readonly size: number; readonly sha256: string }>;
  /** Removes the workspace; must be called at the end, whatever it was. */
  dispose(): Promise<void>;
}

/** StartError `backupExists` or `backupUnwritable`, before any work is done. */
export async function openBackupTarget(path: string): Promise<BackupTarget> {
  const file = resolve(path);
  await refuseExisting(file);
  const folder = dirname(file);
  const { path: workspace, remove } = await unlessUnwritable(file, () => makeWorkFolder(folder));
  return {
    file,
    workspace,
    dispose: remove,
    publish: (manifest, parts, onProgress) =>
      unlessUnwritable(file, async () => {
        const unnamed = join(workspace, 'backup.tar');
        const written = await writeTar(unnamed, manifest, parts, onProgress);
        await giveName(unnamed, file);
        await syncFolder(folder);
        return written;
      }),
  };
}

async function refuseExisting(file: string): Promise<void> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists) throw taken(file);
}

const taken = (file: string): StartError =>
  new StartError('backupExists', `${file} exists, and a backup overwrites nothing. Name another file.`);

async function writeTar(
  path: string,
  manifest: BackupManifest,
  parts: readonly BackupPart[],
  onProgress: OnProgress,
): Promise<{ size: number; sha256: string }> {
  await using file: FileHandle = await open(path, 'wx', 0o600);
  const modifiedAt = manifestTime(manifest);
  const whole = createHash('sha256');
  const members = [heldPart(manifestName, Buffer.from(encodeManifest(manifest))), ...parts];
  const total = members.reduce((sum, { size }) => sum + tarSpan(size), 0);
  let size = 0;
  const write = async (octets: Uint8Array): Promise<void> => {
    whole.update(octets);
    await file.writeFile(octets);
    size += octets.length;
    onProgress({ what: 'Writing the backup', done: size, total });
  };
  const writeMember = async (part: BackupPart): Promise<void> => {
    await write(encodeTarHeader({ name: part.name, size: part.size, modifiedAt }));
    for await (const piece of part.content()) await write(piece);
    await write(new Uint8Array(tarPadding(part.size)));
  };
  for (const member of members) await writeMember(member);
  await writeMember(heldPart(digestName, Buffer.from(`${whole.copy().digest('hex')}\n`)));
  await write(tarEnd);
  await file.sync();
  return { size, sha256: whole.digest('hex') };
}

async function unlessUnwritable<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') throw taken(file);
    if (code === undefined || error instanceof StartError) throw error;
    throw new StartError('backupUnwritable', `${file} cannot be written: ${await whyNot(file, code)}.`, error);
  }
}

async function whyNot(file: string, code: string): Promise<string> {
  const folder = dirname(file);
  const isFolder = await stat(folder).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  if (!isFolder) return `there is no folder ${folder}. Make it first`;
  if (code === 'ENOSPC') return 'its disk is full. It needs room for twice the database while it is made';
  return `${code}. Check the owner and the disk of ${folder}`;
}
