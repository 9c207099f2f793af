/** Acts on backups without a service, where the machine does not let them work. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { backUpHome, openAuditLog, restoreHome } from '../src/offline.ts';
import { writeBackup } from './support/backup-builders.ts';
import { admin, firstRunService } from './support/service-builder.ts';
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
