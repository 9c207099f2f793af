/** No two agents tend one folder. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockFolder } from '#src/agent/files/folder-lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function folders() {
  const { path: folder } = temporaryFolder();
  const own = join(folder, '.privyseal');
  mkdirSync(own);
  return [folder, own] as const;
}

const source = new URL('../../src/agent/files/folder-lock.ts', import.meta.url).href;

/** Another process that has the folder until it is killed. */
async function holder(folder: string, own: string) {
  const script = `import { lockFolder } from '${source}'; await lockFolder('${folder}', '${own}'); console.log('held'); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((held) => child.stdout.once('data', held));
  return child;
}

it('tells the second who has it, and lets it in when the first is killed', async () => {
  const [folder, own] = folders();
  const child = await holder(folder, own);
  await expect(lockFolder(folder, own)).rejects.toMatchObject({
    code: 'folderLocked',
    message: expect.stringContaining(`process ${child.pid} `),
  });
  const ended = new Promise((done) => child.once('close', done));
  child.kill('SIGKILL');
  await ended;
  const lock = await lockFolder(folder, own);
  await lock.release();
});

it('says what to look at when it may not use its own file', async () => {
  const [folder, own] = folders();
  // As for another user, also where the tests are root: no file can be opened by this name.
  mkdirSync(join(own, 'lock'));
  await expect(lockFolder(folder, own)).rejects.toMatchObject({
    code: 'folderUnwritable',
    message: expect.stringContaining(own),
  });
});

it('lets the next one in when it is released', async () => {
  const [folder, own] = folders();
  await (await lockFolder(folder, own)).release();
  const again = await lockFolder(folder, own);
  await again.release();
  // A second release is none of another's lock.
  await again.release();
});
