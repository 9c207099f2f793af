import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stageFileSet } from '../../../../src/faces/cli/requests/file-set.ts';
import { startBackground } from '../../../support/background.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const names = ['key.pem', 'cert.pem'];
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const everything = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).toSorted();

async function commitBoth(folder: string): Promise<void> {
  const files = await stageFileSet(folder, names);
  try {
    await files.write('key.pem', 'the key', 0o600);
    await files.write('cert.pem', 'the certificate', 0o644);
    await files.commit();
  } finally {
    await files.discard();
  }
}

describe('a file set', () => {
  it('makes a folder of its own with the modes that were asked for', async () => {
    const { path } = temporaryFolder();
    await commitBoth(join(path, 'new'));
    expect(everything(path)).toEqual(['new', 'new/cert.pem', 'new/key.pem']);
    expect([modeOf(join(path, 'new')), modeOf(join(path, 'new/key.pem')), modeOf(join(path, 'new/cert.pem'))]).toEqual([
      '700',
      '600',
      '644',
    ]);
    expect(readFileSync(join(path, 'new/key.pem'), 'utf8')).toBe('the key');
  });

  it('joins other files in a folder that is there', async () => {
    const { path } = temporaryFolder();
    writeFileSync(join(path, 'other.txt'), 'other');
    await commitBoth(path);
    expect(everything(path)).toEqual(['cert.pem', 'key.pem', 'other.txt']);
    expect(readFileSync(join(path, 'other.txt'), 'utf8')).toBe('other');
  });

  it('is refused before anything is written when one of its files is there', async () => {
    const { path } = temporaryFolder();
    writeFileSync(join(path, 'cert.pem'), 'precious');
    await expect(stageFileSet(path, names)).rejects.toMatchObject({ code: 'fileExists' });
    expect(everything(path)).toEqual(['cert.pem']);
  });

  it.each([
    ['into a folder that is there', ''],
    ['as a new folder', 'new'],
  ])('leaves nothing behind when it is discarded %s', async (_what, name) => {
    const { path } = temporaryFolder();
    const files = await stageFileSet(join(path, name), names);
    await files.write('key.pem', 'the key', 0o600);
    expect(everything(path)).not.toEqual([]);
    await files.discard();
    expect(everything(path)).toEqual([]);
  });

  it.each([
    ['into a folder that is there', ''],
    ['as a new folder', 'new'],
  ])(
    'is whole when a signal comes while its files get their names %s, and the signal still ends the program',
    async (_what, name) => {
      const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
      onTestFinished(() => kill.mockRestore());
      const { path } = temporaryFolder();
      const files = await stageFileSet(join(path, name), names);
      await files.write('key.pem', 'the key', 0o600);
      await files.write('cert.pem', 'the certificate', 0o644);
      const committed = files.commit();
      process.emit('SIGINT', 'SIGINT');
      expect(kill).not.toHaveBeenCalled();
      await committed;
      await files.discard();
      expect(everything(join(path, name))).toEqual(['cert.pem', 'key.pem']);
      expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
    },
  );

  it('is gone when a signal comes before its files get their names', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    onTestFinished(() => kill.mockRestore());
    const { path } = temporaryFolder();
    const files = await stageFileSet(path, names);
    await files.write('key.pem', 'the key', 0o600);
    process.emit('SIGTERM', 'SIGTERM');
    expect([everything(path), kill.mock.calls]).toEqual([[], [[process.pid, 'SIGTERM']]]);
    await files.discard();
  });

  it('takes back its first files when a later one came into being meanwhile', async () => {
    const { path } = temporaryFolder();
    const files = await stageFileSet(path, names);
    await files.write('key.pem', 'the key', 0o600);
    await files.write('cert.pem', 'the certificate', 0o644);
    writeFileSync(join(path, 'cert.pem'), 'precious');
    await expect(files.commit()).rejects.toMatchObject({ code: 'fileExists' });
    await files.discard();
    expect(everything(path)).toEqual(['cert.pem']);
    expect(readFileSync(join(path, 'cert.pem'), 'utf8')).toBe('precious');
  });

  it('does not replace a folder that came into being meanwhile', async () => {
    const { path } = temporaryFolder();
    const files = await stageFileSet(join(path, 'new'), names);
    await files.write('key.pem', 'the key', 0o600);
    mkdirSync(join(path, 'new'));
    writeFileSync(join(path, 'new/key.pem'), 'precious');
    await expect(files.commit()).rejects.toMatchObject({ code: 'fileExists' });
    await files.discard();
    expect(everything(path)).toEqual(['new', 'new/key.pem']);
    expect(readFileSync(join(path, 'new/key.pem'), 'utf8')).toBe('precious');
  });

  it('is refused when the folder above it is not there', async () => {
    const { path } = temporaryFolder();
    await expect(stageFileSet(join(path, 'no/such'), names)).rejects.toMatchObject({ code: 'folderUnwritable' });
    expect(everything(path)).toEqual([]);
  });

  it('is refused when the folder is a file', async () => {
    const { path } = temporaryFolder();
    writeFileSync(join(path, 'file'), '');
    await expect(stageFileSet(join(path, 'file'), names)).rejects.toMatchObject({ code: 'folderUnwritable' });
  });

  // Not even root makes files there.
  it('is refused when the folder is read-only', async () => {
    await expect(stageFileSet('/sys/kernel', names)).rejects.toMatchObject({ code: 'folderUnwritable' });
  });

  it('leaves nothing behind when a write fails in the middle', async () => {
    const { path } = temporaryFolder();
    const files = await stageFileSet(join(path, 'new'), names);
    await files.write('key.pem', 'the key', 0o600);
    rmSync(files.staging, { recursive: true });
    await expect(files.write('cert.pem', 'x', 0o644)).rejects.toMatchObject({ code: 'folderUnwritable' });
    await files.discard();
    expect(everything(path)).toEqual([]);
  });
});

/** A process that has staged both files for `folder` and does not come to its commit, or to its end where `changed` stops it. */
async function startStaging(folder: string, changed?: string) {
  const source = JSON.stringify(new URL('../../../../src/faces/cli/requests/file-set.ts', import.meta.url).href);
  const script = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const { stageFileSet } = await import(${source});
    const files = await stageFileSet(${JSON.stringify(folder)}, ${JSON.stringify(names)});
    await files.write('key.pem', 'the first key', 0o600);
    await files.write('cert.pem', 'the first certificate', 0o644);
    setInterval(() => files, 1000);
    const stop = () => { console.log(files.staging); return new Promise(() => {}); };
    const { link, rename } = fs;
    ${changed ?? 'await stop();'}
    syncBuiltinESMExports();
    await files.commit();`;
  const run = startBackground(process.execPath, ['--input-type=module', '-e', script]);
  await run.until(/\n/);
  return { staging: run.output().trim(), kill: () => run.stop('SIGKILL') };
}

describe('what a killed run left of a file set', () => {
  it.each([
    ['for a new folder', 'new', ['new', 'new/cert.pem', 'new/key.pem']],
    ['in a folder that is there', '', ['cert.pem', 'key.pem']],
  ])('%s is gone when the next set is there', async (_what, name, expected) => {
    const { path } = temporaryFolder();
    const { kill } = await startStaging(join(path, name));
    await kill();
    expect(everything(path).join()).toContain('key.pem');
    await commitBoth(join(path, name));
    expect(everything(path)).toEqual(expected);
  });

  it('beside a folder that came since is gone', async () => {
    const { path } = temporaryFolder();
    const { kill } = await startStaging(join(path, 'new'));
    await kill();
    mkdirSync(join(path, 'new'));
    await commitBoth(join(path, 'new'));
    expect(everything(path)).toEqual(['new', 'new/cert.pem', 'new/key.pem']);
  });

  it('is gone though the next run is refused', async () => {
    const { path } = temporaryFolder();
    const { kill } = await startStaging(path);
    await kill();
    writeFileSync(join(path, 'cert.pem'), 'precious');
    await expect(stageFileSet(path, names)).rejects.toMatchObject({ code: 'fileExists' });
    expect(everything(path)).toEqual(['cert.pem']);
  });

  it('stays while its run goes on', async () => {
    const { path } = temporaryFolder();
    const { staging, kill } = await startStaging(join(path, 'new'));
    await commitBoth(join(path, 'new'));
    expect(everything(staging).join()).toContain('key.pem');
    await kill();
  });

  it('stays when it is for another folder, or has a name that only looks like one', async () => {
    const { path } = temporaryFolder();
    const { staging, kill } = await startStaging(join(path, 'new-er'));
    await kill();
    for (const name of ['.new-aB3xYz', '.new-0123456789abcdef', '.new-0123456789abcdef.new'])
      mkdirSync(join(path, name));
    const before = readdirSync(path);
    await commitBoth(join(path, 'new'));
    expect(readdirSync(path)).toEqual([...before, 'new'].toSorted());
    expect(everything(staging).join()).toContain('key.pem');
  });

  const noLinks = "fs.link = () => Promise.reject(Object.assign(new Error(), { code: 'EPERM' }));";
  it.each([
    ['between its files', "fs.link = (from, to) => (to.endsWith('cert.pem') ? stop() : link(from, to));"],
    [
      'between its files, where there are no links',
      `${noLinks} fs.rename = (from, to) => (to.endsWith('cert.pem') ? stop() : rename(from, to));`,
    ],
    ['before the first has more than its name, where there are no links', `${noLinks} fs.rename = stop;`],
  ])('is put in place as a whole when the kill came %s', async (_when, changed) => {
    const { path } = temporaryFolder();
    const { kill } = await startStaging(path, changed);
    await kill();
    await expect(stageFileSet(path, names)).rejects.toMatchObject({ code: 'fileExists' });
    expect(everything(path)).toEqual(['cert.pem', 'key.pem']);
    expect(names.map((name) => readFileSync(join(path, name), 'utf8'))).toEqual([
      'the first key',
      'the first certificate',
    ]);
    expect([modeOf(join(path, 'key.pem')), modeOf(join(path, 'cert.pem'))]).toEqual(['600', '644']);
  });

  it('stays when the kill came between its files and something else has the name of one by now', async () => {
    const { path } = temporaryFolder();
    const { staging, kill } = await startStaging(path, `${noLinks} fs.rename = stop;`);
    await kill();
    writeFileSync(join(path, 'cert.pem'), 'precious');
    await expect(stageFileSet(path, names)).rejects.toMatchObject({ code: 'fileExists' });
    expect(readFileSync(join(path, 'cert.pem'), 'utf8')).toBe('precious');
    expect(readFileSync(join(staging, 'set/key.pem'), 'utf8')).toBe('the first key');
  });
});

it('a file set is made for a folder whose name is as long as a name may be', async () => {
  const { path } = temporaryFolder();
  await commitBoth(join(path, 'ä'.repeat(127)));
  expect(readdirSync(path)).toEqual(['ä'.repeat(127)]);
});
