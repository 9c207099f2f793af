import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openHomeDirectory } from '../../../src/adapters/home-directory/home-directory.ts';
import { lockHome } from '../../../src/adapters/home-directory/home-lock.ts';
import { inspectHome, readTrustFiles } from '../../../src/adapters/home-directory/inspect-home.ts';
import {
  openHomeToRestore,
  type RestoredHome,
  refuseFilledHome,
  stageFile,
} from '../../../src/adapters/home-directory/restored-home.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const homePath = (): string => join(temporaryFolder().path, 'data');

async function stage(home: RestoredHome, name: string, content = name): Promise<void> {
  const part = await stageFile(home, name);
  await part.write(Buffer.from(content));
  await part.end();
}

const names = (folder: string): string[] => readdirSync(folder).sort();

describe('a home that is restored', () => {
  it('has every file in its place and mode, and nothing of the way there', async () => {
    const path = homePath();
    const home = await openHomeToRestore(path);
    for (const name of ['privyseal.db', 'vault/vault.json', 'trust/dev.pem']) await stage(home, name);
    await home.complete();
    expect(names(path)).toEqual(['privyseal.db', 'privyseal.lock', 'trust', 'vault']);
    const mode = (name: string): number => statSync(join(path, name)).mode & 0o777;
    expect(['.', 'privyseal.db', 'vault', 'vault/vault.json', 'trust/dev.pem'].map(mode)).toEqual([
      ...[0o700, 0o600, 0o700, 0o600, 0o644],
    ]);
    expect(readFileSync(join(path, 'vault/vault.json'), 'utf8')).toBe('vault/vault.json');
    await (await openHomeDirectory(path)).release();
  });

  it('is locked against a service meanwhile', async () => {
    const path = homePath();
    const home = await openHomeToRestore(path);
    await expect(openHomeDirectory(path)).rejects.toMatchObject({ code: 'homeLocked' });
    await home.abandon();
  });

  it('is refused unless it is empty, and stays as it was', async () => {
    const path = homePath();
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, 'privyseal.db'), 'precious');
    await expect(refuseFilledHome(path)).rejects.toMatchObject({ code: 'homeNotEmpty' });
    await expect(openHomeToRestore(path)).rejects.toMatchObject({ code: 'homeNotEmpty' });
    expect(names(path)).toEqual(['privyseal.db']);
  });

  it.each([false, true])('is as it was when the restore is given up (there before: %s)', async (existed) => {
    const path = homePath();
    if (existed) mkdirSync(path, { mode: 0o700 });
    const home = await openHomeToRestore(path);
    await stage(home, 'vault/vault.json');
    await home.abandon();
    expect(existsSync(path) ? names(path) : 'gone').toEqual(existed ? [] : 'gone');
  });

  it('that was cut short before it was verified is told at the start, and begun again by the next restore', async () => {
    const path = homePath();
    mkdirSync(join(path, 'restoring/vault'), { recursive: true, mode: 0o700 });
    await expect(openHomeDirectory(path)).rejects.toMatchObject({ code: 'restoreUnfinished' });
    await expect(inspectHome(path, 'privyseal.db')).rejects.toMatchObject({ code: 'restoreUnfinished' });
    const home = await openHomeToRestore(path);
    expect(home.hadLeftovers).toBe(true);
    await stage(home, 'privyseal.db');
    await home.complete();
    expect(names(path)).toEqual(['privyseal.db', 'privyseal.lock']);
  });

  /** The home of a restore that was killed after so many of its moves. */
  function partlyMoved(moved: number): string {
    const path = homePath();
    for (const folder of ['restored/vault', 'vault']) mkdirSync(join(path, folder), { recursive: true, mode: 0o700 });
    for (const [at, name] of files.entries()) writeFileSync(join(path, at < moved ? '.' : 'restored', name), name);
    return path;
  }
  const files = ['privyseal.db', 'vault/a.key.json', 'vault/vault.json'];

  it.each([0, 1, 2, 3])('that was cut short after %s of its moves is finished by the start', async (moved) => {
    const path = partlyMoved(moved);
    const home = await openHomeDirectory(path);
    for (const name of files) expect(readFileSync(join(path, name), 'utf8')).toBe(name);
    expect(names(path)).not.toContain('restored');
    await home.release();
  });

  it.each([0, 1, 2, 3])('that was cut short after %s of its moves is finished by the next restore', async (moved) => {
    const path = partlyMoved(moved);
    const said = { code: 'homeNotEmpty', message: expect.stringContaining('they are in their places now') };
    await expect(refuseFilledHome(path)).rejects.toMatchObject(said);
    for (const name of files) expect(readFileSync(join(path, name), 'utf8')).toBe(name);
    expect(names(path)).toEqual(['privyseal.db', 'privyseal.lock', 'vault']);
    await inspectHome(path, 'privyseal.db');
  });

  it('whose files cannot all be moved says so in a sentence, keeps its lock, and is finished by the start', async () => {
    const path = homePath();
    const home = await openHomeToRestore(path);
    for (const name of files) await stage(home, name);
    writeFileSync(join(path, 'vault'), 'in the way');
    const said = { code: 'restoreUnfinished', message: expect.stringContaining('either finishes it') };
    await expect(home.complete()).rejects.toMatchObject(said);
    await home.abandon();
    expect(names(path)).toEqual(expect.arrayContaining(['privyseal.lock', 'restored']));
    rmSync(join(path, 'vault'));
    await (await openHomeDirectory(path)).release();
    for (const name of files) expect(readFileSync(join(path, name), 'utf8')).toBe(name);
  });

  it('that cannot be called verified is as it was, and says why in a sentence', async () => {
    const path = homePath();
    const home = await openHomeToRestore(path);
    await stage(home, 'privyseal.db');
    mkdirSync(join(path, 'restored/in-the-way'), { recursive: true });
    await expect(home.complete()).rejects.toMatchObject({ code: 'homeUnwritable' });
    await home.abandon();
    expect(names(path)).toEqual(['restored']);
  });

  it('that was cut short in its moves is not backed up, and left alone while a service has it', async () => {
    const path = partlyMoved(1);
    await expect(inspectHome(path, 'privyseal.db')).rejects.toMatchObject({ code: 'restoreUnfinished' });
    const lock = await lockHome(path);
    const before = names(path);
    await expect(openHomeToRestore(path)).rejects.toMatchObject({ code: 'homeLocked' });
    expect(names(path)).toEqual(before);
    await lock.release();
  });
});

describe('a home that is backed up', () => {
  it('must be there, and belong to this user alone', async () => {
    const path = homePath();
    await expect(inspectHome(path, 'privyseal.db')).rejects.toMatchObject({ code: 'homeEmpty' });
    mkdirSync(path, { mode: 0o700 });
    await expect(inspectHome(path, 'privyseal.db')).rejects.toMatchObject({ code: 'homeEmpty' });
    writeFileSync(join(path, 'privyseal.db'), '');
    await inspectHome(path, 'privyseal.db');
  });

  it('gives its trust files, and nothing else that lies there', async () => {
    const path = homePath();
    expect(await readTrustFiles(path)).toEqual([]);
    mkdirSync(join(path, 'trust'), { recursive: true });
    for (const name of ['dev.pem', 'system.pem', '.dev.pem.0123456789abcdef.tmp', 'note.txt'])
      writeFileSync(join(path, 'trust', name), name);
    const files = await readTrustFiles(path);
    expect(files.map(({ name, content }) => [name, Buffer.from(content).toString()])).toEqual([
      ['dev.pem', 'dev.pem'],
      ['system.pem', 'system.pem'],
    ]);
  });
});
