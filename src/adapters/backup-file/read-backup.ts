/** Reads a backup: every octet of the file is as `write-backup.ts` would write it, or it is refused. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type BackupManifest,
  digestName,
  digestSize,
  longestManifest,
  type ManifestPart,
  manifestName,
  manifestTime,
  parseManifest,
} from '../../domain/backup/manifest.ts';
import type { OnProgress } from '../../domain/backup/report.ts';
import {
  decodeTarHeader,
  encodeTarHeader,
  type TarMember,
  tarBlock,
  tarEnd,
  tarPadding,
  tarSpan,
} from '../../domain/backup/tar-header.ts';
import { StartError } from '../../domain/errors.ts';
import { OctetSource } from './octets.ts';

export interface OpenBackup {
  /** Absolute path. */
  readonly file: string;
  readonly manifest: BackupManifest;
  /** Reads the whole file and writes nothing. */
  verify(onProgress: OnProgress): Promise<void>;
  /** Reads it again, giving each part's octets to `sink` in order; what it was given counts only when this resolves. */
  extract(sink: PartSink, onProgress: OnProgress): Promise<void>;
}

/** Takes the octets of one part; each piece is overwritten by the next. */
export type PartSink = (part: ManifestPart) => Promise<OpenPart>;

export interface OpenPart {
  write(piece: Uint8Array): Promise<void>;
  /** Makes it durable; called once, also after a failure. */
  end(): Promise<void>;
}

/** StartError `backupUnreadable`, `backupDamaged` (not one, or cut off) or `backupTooNew`, which the two methods throw, too. */
export async function openBackup(path: string): Promise<OpenBackup> {
  const file = resolve(path);
  const manifest = await reading(file, async (source, length) => {
    const walk = new Walk(file, source);
    const { manifest, size } = await readManifest(walk);
    // Told before anybody looks for lists; what the octets are, only the whole way through shows.
    if (length < lengthOf(manifest, size)) throw walk.cutOff(`octet ${length} of ${lengthOf(manifest, size)}`);
    return manifest;
  });
  const walk = (what: string, sink: PartSink, onProgress: OnProgress): Promise<void> =>
    reading(file, (source) => walkAll(new Walk(file, source), { what, sink, onProgress }));
  return {
    file,
    manifest,
    verify: (onProgress) => walk('Verifying the backup', async () => nowhere, onProgress),
    extract: (sink, onProgress) => walk('Unpacking the backup', sink, onProgress),
  };
}

const nowhere: OpenPart = { write: async () => {}, end: async () => {} };

/** Of the whole file, in octets. */
const lengthOf = ({ parts }: BackupManifest, manifestSize: number): number =>
  [manifestSize, ...parts.map(({ size }) => size), digestSize].reduce(
    (sum, size) => sum + tarSpan(size),
    tarEnd.length,
  );

async function reading<T>(path: string, act: (source: OctetSource, length: number) => Promise<T>): Promise<T> {
  try {
    await using file: FileHandle = await open(path, 'r');
    return await act(new OctetSource(file), (await file.stat()).size);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof StartError || code === undefined || !('syscall' in (error as object))) throw error;
    if (!['open', 'read'].includes(String((error as NodeJS.ErrnoException).syscall))) throw error;
    throw new StartError(
      'backupUnreadable',
      `${path} cannot be read (${code}). Check its name, owner and mode.`,
      error,
    );
  }
}

/** One way through the file, with the digest of what was passed. */
class Walk {
  readonly file: string;
  readonly whole: Hash = createHash('sha256');
  readonly #source: OctetSource;

  constructor(file: string, source: OctetSource) {
    this.file = file;
    this.#source = source;
  }

  /** Exactly so many octets; `where` continues "ends in". */
  async take(count: number, where: string): Promise<Buffer> {
    const octets = await this.#source.exactly(count);
    if (!octets) throw this.cutOff(where);
    this.whole.update(octets);
    return octets;
  }

  async piece(count: number, where: string): Promise<Buffer> {
    const octets = await this.#source.piece(count);
    if (octets.length === 0) throw this.cutOff(where);
    this.whole.update(octets);
    return octets;
  }

  async header(member: TarMember): Promise<void> {
    const found = await this.take(tarBlock, member.name);
    if (!found.equals(encodeTarHeader(member))) throw this.altered(`the header of ${member.name}`);
  }

  async padding(size: number, name: string): Promise<void> {
    const found = await this.take(tarPadding(size), name);
    if (found.some((octet) => octet !== 0)) throw this.altered(`what follows ${name}`);
  }

  async expectEnd(): Promise<void> {
    if ((await this.#source.piece(1)).length > 0) throw this.altered('something after its end');
  }

  cutOff(where: string): StartError {
    return damaged(this.file, `ends in ${where}: it was cut off`);
  }

  altered(what: string): StartError {
    return damaged(this.file, `was altered: ${what} is not as it was written`);
  }
}

const damaged = (file: string, how: string): StartError =>
  new StartError('backupDamaged', `${file} ${how}. Use another copy of the backup.`);

async function readManifest(walk: Walk): Promise<{ manifest: BackupManifest; size: number }> {
  const header = decodeTarHeader(await walk.take(tarBlock, 'its first header'));
  if (header?.name !== manifestName || header.size > longestManifest) {
    throw damaged(walk.file, 'is no backup of this program, or its beginning was altered');
  }
  const octets = await walk.take(header.size, manifestName);
  const manifest = parseManifest(octets.toString('utf8'), walk.file);
  if (header.modifiedAt !== manifestTime(manifest)) throw walk.altered(`the header of ${manifestName}`);
  await walk.padding(header.size, manifestName);
  return { manifest, size: header.size };
}

interface Walking {
  readonly what: string;
  readonly sink: PartSink;
  readonly onProgress: OnProgress;
}

async function walkAll(walk: Walk, { what, sink, onProgress }: Walking): Promise<void> {
  const { manifest } = await readManifest(walk);
  const total = manifest.parts.reduce((sum, { size }) => sum + tarSpan(size), 0);
  let done = 0;
  const pass = (count: number): void => {
    done += count;
    onProgress({ what, done, total });
  };
  for (const part of manifest.parts) {
    await walk.header({ ...part, modifiedAt: manifestTime(manifest) });
    await readPart(walk, part, await sink(part), pass);
    pass(tarSpan(part.size) - part.size);
  }
  await readDigest(walk, manifestTime(manifest));
}

async function readPart(walk: Walk, part: ManifestPart, into: OpenPart, pass: (count: number) => void): Promise<void> {
  const digest = createHash('sha256');
  try {
    for (let left = part.size; left > 0; ) {
      const piece = await walk.piece(left, part.name);
      digest.update(piece);
      await into.write(piece);
      left -= piece.length;
      pass(piece.length);
    }
  } finally {
    await into.end();
  }
  if (digest.digest('hex') !== part.sha256) throw walk.altered(part.name);
  await walk.padding(part.size, part.name);
}

async function readDigest(walk: Walk, modifiedAt: number): Promise<void> {
  const expected = walk.whole.copy().digest('hex');
  await walk.header({ name: digestName, size: digestSize, modifiedAt });
  const found = await walk.take(digestSize, digestName);
  if (found.toString('latin1') !== `${expected}\n`) throw walk.altered('its digest or what is before it');
  await walk.padding(digestSize, digestName);
  const end = await walk.take(tarEnd.length, 'its end');
  if (!end.equals(tarEnd)) throw walk.altered('its end');
  await walk.expectEnd();
}
