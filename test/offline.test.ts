/** Acts on backups without a service, where the machine does not let them work. */
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openAuditLog } from '../src/offline.ts';
import { writeBackup } from './support/backup-builders.ts';
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
