import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBackupTarget } from '#src/adapters/backup-file/write-backup.ts';
import { writeNewFile } from '#src/faces/cli/new-file.ts';
import { makeWorkFolder } from '#src/files/locked-folder.ts';
import { startBackground } from '../support/background.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const makeFile = (file: string): Promise<void> =>
  writeNewFile(file, 0o600, async (handle) => void (await handle.write('whole')));

/** A process in the middle of `act`, in which `stop` writes a megabyte to a path and goes on for ever. */
async function startWriting(module: string, act: string) {
  const source = JSON.stringify(new URL(`../../src/${module}`, import.meta.url).href);
  const script = `
    import { writeFileSync } from 'node:fs';
    const stop = (path) => { writeFileSync(path, Buffer.alloc(1e6)); console.log('begun'); setInterval(() => path, 1000); };
    const module = await import(${source});
    ${act}`;
  const run = startBackground(process.execPath, ['--input-type=module', '-e', script]);
  await run.until(/begun/);
  return { kill: () => run.stop('SIGKILL') };
}

const startBackup = (file: string) =>
  startWriting(
    'adapters/backup-file/write-backup.ts',
    `const { workspace } = await module.openBackupTarget(${JSON.stringify(file)}); stop(workspace + '/privyseal.db');`,
  );

const startExport = (file: string) =>
  startWriting(
    'faces/cli/new-file.ts',
    `module.writeNewFile(${JSON.stringify(file)}, 0o600, async (handle) => {
      stop('/proc/self/fd/' + handle.fd);
      await new Promise(() => {});
    });`,
  );

describe('what a killed run left of a file', () => {
  it.each([
    ['backup', startBackup],
    ['export', startExport],
  ])('of a %s is gone when there is another, whatever its name', async (_what, start) => {
    const { path } = temporaryFolder();
    await (await start(join(path, 'monday'))).kill();
    expect(readdirSync(path)).toEqual([expect.stringMatching(/^\.privyseal\..*\.tmp$/)]);
    await makeFile(join(path, 'tuesday'));
    expect([readdirSync(path), readFileSync(join(path, 'tuesday'), 'utf8')]).toEqual([['tuesday'], 'whole']);
  });

  it('stays while its run goes on, in another process or in this one', async () => {
    const { path } = temporaryFolder();
    const { kill } = await startBackup(join(path, 'monday'));
    const { workspace, dispose } = await openBackupTarget(join(path, 'tuesday'));
    await makeFile(join(path, 'wednesday'));
    expect(readdirSync(path)).toEqual([...readdirSync(path).filter((name) => name.endsWith('.tmp')), 'wednesday']);
    expect([readdirSync(path).length, readdirSync(workspace)]).toEqual([3, ['lock']]);
    await dispose();
    await kill();
  });

  it('stays where its name only looks like one', async () => {
    const { path } = temporaryFolder();
    const names = ['.privyseal.0123456789abcdef.tmp', '.privyseal.0123456789abcdef.tmp.new', '.privyseal.mine.tmp'];
    for (const name of names) {
      mkdirSync(join(path, name));
      writeFileSync(join(path, name, 'mine'), '');
    }
    await (await makeWorkFolder(path)).remove();
    expect(readdirSync(path)).toEqual(names);
  });
});
