/** Acts on backups without a service, where the machine does not let them work. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { backUpHome, openAuditLog, restoreHome } from '../src/offline.ts';
import { writeBackup } from './support/backup-builders.ts';
import { admin, firstRunService } from './support/service-builder.ts';
import { itWithMount } from './support/small-disk.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

it('the log of a backup that cannot be unpacked is refused with the folder, and how to name another', async () => {
  const { path } = temporaryFolder();
  const file = join(path, 'monday.tar');
  await writeBackup(file);
  const folder = join(path, 'missing');
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const refusal = { code: 'backupUnreadable', message: expect.stringContaining(`into ${folder} (ENOENT). Set TMPDIR`) };
  await expect(openAuditLog(file, () => {})).rejects.toMatchObject(refusal);
});

const configOf = (home: string) => loadConfig({ PRIVYSEAL_HOME: home, PRIVYSEAL_CONFIG: '/dev/null' }, home);

it('a restored home has every root that system has had before its first start, for its log names keys that they certified', async () => {
  const { path } = temporaryFolder();
  const [lost, file] = [join(path, 'lost'), (name: string) => join(path, name)];
  const service = await firstRunService({ home: lost });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime(service.clock.now());
  const restored = async (name: string): Promise<string> => {
    await backUpHome(await configOf(lost), file(`${name}.tar`), () => {});
    const withoutCrl = (await service.directory.generations()).flatMap(({ id, generation }) =>
      generation.keyDestroyedAt === null ? [id] : [],
    );
    const input = { file: file(`${name}.tar`), crls: [], withoutCrl, keepTokens: false };
    await restoreHome(await configOf(file(name)), input, () => {});
    return join(file(name), 'audit/system-roots.pem');
  };
  try {
    expect(existsSync(await restored('before'))).toBe(false);
    await service.services.startRotation(admin, 'system', {});
    await service.housekeep();
    for (const state of ['trusted', 'issuing', 'retiring', 'retired']) {
      const advanced = await service.services.advanceRotation(admin, 'system', { reason: 'a drill, and nobody there' });
      expect(advanced.rotation.state).toBe(state);
    }
    const roots = await restored('after');
    expect(readFileSync(roots, 'utf8')).toBe(readFileSync(join(lost, 'audit/system-roots.pem'), 'utf8'));
    expect(statSync(roots).mode & 0o777).toBe(0o644);
  } finally {
    await service.close();
  }
});

it('a backup holds the keys of its database, also one that is destroyed while that is copied, and none that was lost before', async () => {
  const { path } = temporaryFolder();
  const home = join(path, 'home');
  const service = await firstRunService({ home });
  await service.close();
  const [key = ''] = readdirSync(join(home, 'vault')).filter((name) => name.startsWith('dev-issuing.'));
  const backUp = async (name: string) =>
    backUpHome(await configOf(home), join(path, name), ({ what }) => {
      if (what === 'Copying the database') rmSync(join(home, 'vault', key), { force: true });
    });
  const { manifest } = await backUp('destroyed.tar');
  expect(manifest.parts.map(({ name }) => name)).toContain(`vault/${key}`);
  await expect(backUp('lost.tar')).rejects.toMatchObject({ code: 'keyFileDamaged' });
});

/** SQLite opens the database with 32 KiB beside it, and can write next to nothing then. */
const roomToOpen = 40 * 1024;

/** But for so many octets. */
function fill(file: string, room: number): void {
  const filler = openSync(file, 'w');
  for (let size = 65_536; size >= 1; ) {
    try {
      writeSync(filler, Buffer.alloc(size));
    } catch {
      size = Math.floor(size / 2);
    }
  }
  ftruncateSync(filler, fstatSync(filler).size - room);
  closeSync(filler);
}

itWithMount('a restore whose disk is full when the lists are applied says so, and leaves no home', async () => {
  const { path } = temporaryFolder();
  const [home, disk, file] = [join(path, 'home'), join(path, 'disk'), join(path, 'monday.tar')];
  const service = await firstRunService({ home });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime(service.clock.now());
  await service.close();
  const { manifest } = await backUpHome(await configOf(home), file, () => {});
  mkdirSync(disk);
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  onTestFinished(() => void spawnSync('umount', [disk]));
  const input = { file, crls: [], withoutCrl: manifest.authorities.map(({ name }) => name), keepTokens: false };
  const restoring = restoreHome(await configOf(join(disk, 'new')), input, ({ what }) => {
    if (what === 'Applying the lists') fill(join(disk, 'filler'), roomToOpen);
  });
  await expect(restoring).rejects.toMatchObject({ code: 'homeUnwritable' });
  expect(readdirSync(disk)).toEqual(['filler']);
});
