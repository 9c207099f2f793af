/** Who else can reach the files of a target: with owners and modes of their own, they lie in folders that let others through. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeSetFolders } from '#src/agent/files/set-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

it.each(['link', 'replace'] as const)('the folders of mode %s have their modes whatever the umask', async (mode) => {
  const above = join(temporaryFolder().path, 'programs');
  const folder = join(above, 'web', 'tls');
  const before = process.umask(0o077);
  try {
    await makeSetFolders({ folder, mode, alias: 'privyseal' });
  } finally {
    process.umask(before);
  }
  const open = [above, join(above, 'web'), folder, join(folder, mode === 'link' ? 'sets' : '.privyseal/sets')];
  expect([...open.map(modeOf), modeOf(join(folder, '.privyseal'))]).toEqual([0o755, 0o755, 0o755, 0o755, 0o700]);
});
