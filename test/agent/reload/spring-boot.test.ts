import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const reload = (files: string, quietPeriodMilliseconds = 200, signal = new AbortController().signal) =>
  runReload({ action: 'spring-boot', quietPeriodMilliseconds, timeoutSeconds: 1 }, { files, signal });

/** As the agent keeps a target: `current` leads to the newest of `sets`. */
function linkedSet(): { folder: string; current: string; set: string } {
  const folder = temporaryFolder().path;
  const set = join(folder, 'sets', '0001');
  mkdirSync(set, { recursive: true });
  writeFileSync(join(set, 'keystore.p12'), 'store');
  symlinkSync('sets/0001', join(folder, 'current'));
  symlinkSync('current/keystore.p12', join(folder, 'keystore.p12'));
  return { folder, current: join(folder, 'current'), set };
}

/** Writes the file until the test ends. */
function keepWriting(file: string): void {
  const timer = setInterval(() => appendFileSync(file, 'x'), 40);
  onTestFinished(() => clearInterval(timer));
}

const refusalOf = async (attempt: Promise<unknown>): Promise<ReloadError> => {
  const error = await attempt.catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(ReloadError);
  return error as ReloadError;
};

describe('reload action spring-boot', () => {
  it('answers when the folder of the stores was quiet for the watcher’s period', async () => {
    const { path, write } = temporaryFolder();
    write('keystore.p12', 'store');
    expect((await reload(path)).detail).toContain(path);
  });

  it('looks at both folders of a linked set, and not at what happens in folders below', async () => {
    const { folder, current, set } = linkedSet();
    mkdirSync(join(folder, 'sets', '0002'));
    keepWriting(join(folder, 'sets', '0002', 'keystore.p12'));
    const { detail } = await reload(current);
    expect([detail.includes(`${folder} and ${set}`), detail]).toEqual([true, expect.any(String)]);
  });

  it('waits anew after a change', async () => {
    const { folder, current } = linkedSet();
    let changed = false;
    setTimeout(() => {
      symlinkSync('sets/0001', join(folder, 'next'));
      renameSync(join(folder, 'next'), current);
      writeFileSync(join(folder, 'lock'), '');
      changed = true;
    }, 300);
    await reload(current, 600);
    expect(changed).toBe(true);
  });

  it.each(['beside the link', 'beside the stores'])(
    'refuses a file %s that never stops changing, by its name',
    async (where) => {
      const { folder, current, set } = linkedSet();
      const log = join(where === 'beside the link' ? folder : set, 'access.log');
      writeFileSync(log, '');
      keepWriting(log);
      expect((await refusalOf(reload(current))).message).toContain(log);
    },
  );

  it('refuses a linked set that the application would never see move, with what to do', async () => {
    const { folder, current } = linkedSet();
    rmSync(join(folder, 'keystore.p12'));
    symlinkSync('/etc/hostname', join(folder, 'another'));
    expect((await refusalOf(reload(current))).message).toContain('ln -s current/keystore.p12');
  });

  it('refuses a folder that is not there', async () => {
    await refusalOf(reload(join(temporaryFolder().path, 'none')));
  });

  it('rejects with the reason when it is interrupted', async () => {
    const { current } = linkedSet();
    const stop = new AbortController();
    const reason = new Error('stopping');
    setTimeout(() => stop.abort(reason), 100);
    await expect(reload(current, 600_000, stop.signal)).rejects.toBe(reason);
  });
});
