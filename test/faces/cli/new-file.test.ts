/** A file that a verb writes is there whole or not at all, whatever fails or is killed, and what it said of a failure can be acted on. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeNewFile } from '../../../src/faces/cli/new-file.ts';
import type { Session } from '../../../src/faces/cli/session.ts';
import { writeStream } from '../../../src/faces/cli/terminal/write-stream.ts';
import { itWith, run } from '../../support/judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const source = (file: string): string => JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);

describe('a new file', () => {
  it('has its name only when it is whole', async () => {
    const { path } = temporaryFolder();
    const file = join(path, 'all.csv');
    const session = { io: {}, path: (name: string) => join(path, name), note() {} } as unknown as Session;
    async function* chunks() {
      yield Buffer.from('one,');
      // A kill here leaves nothing that passes for an export.
      expect(existsSync(file)).toBe(false);
      yield Buffer.from('two\n');
    }
    await writeStream(session, 'all.csv', async () => chunks());
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['one,two\n', 0o600]);
    expect(readdirSync(path)).toEqual(['all.csv']);
  });

  it('replaces nothing, not even what came while it was written', async () => {
    const { path } = temporaryFolder();
    const file = join(path, 'out');
    const fill = async (): Promise<void> => writeFileSync(file, 'theirs');
    await expect(writeNewFile(file, 0o600, fill)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(writeNewFile(file, 0o600, fill)).rejects.toMatchObject({ code: 'EEXIST' });
    expect([readdirSync(path), readFileSync(file, 'utf8')]).toEqual([['out'], 'theirs']);
  });

  it('leaves nothing when it could not be filled', async () => {
    const { path } = temporaryFolder();
    const fill = () => Promise.reject(new Error('no more'));
    await expect(writeNewFile(join(path, 'out'), 0o600, fill)).rejects.toThrow('no more');
    expect(readdirSync(path)).toEqual([]);
  });
});

/** What a script rejects with while every `call` on the file `path` fails with `error`. */
async function saidWhile({ path, call, error }: { path: string; call: string; error: string }, script: string) {
  const injected = [
    '-f',
    '-qq',
    '-P',
    path,
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:error=${error}`,
    '-o',
    '/dev/null',
  ];
  const program = `try { ${script} } catch (error) { console.log(JSON.stringify([error.code, error.message])); }`;
  const imports = `
    import { addToken } from ${source('faces/cli/registry/token.ts')};
    import { deliverShares } from ${source('faces/cli/vaults/vault-split.ts')};
    import { stageFileSet } from ${source('faces/cli/requests/file-set.ts')};
    import { writeNewFile } from ${source('faces/cli/new-file.ts')};
    import { writeBackup } from ${JSON.stringify(new URL('../../support/backup-builders.ts', import.meta.url).href)};
    import { symlinkSync, writeFileSync } from 'node:fs';`;
  const argv = [...injected, process.execPath, '--input-type=module', '-e', `${imports} ${program}`];
  const { stdout, stderr } = await run('strace', argv, { timeoutMs: 300_000 });
  expect(stderr.toString()).not.toContain('strace:');
  return JSON.parse(stdout.toString()) as [code: string, message: string];
}

describe('a disk that fails', () => {
  itWith('strace', 'under the file of a token that was made has its id told, which ends it', async () => {
    const { path } = temporaryFolder();
    const file = join(path, 'token');
    const [code, message] = await saidWhile(
      { path: file, call: 'fsync', error: 'EIO' },
      `await addToken({
        json: true, path: () => '${file}',
        adminClient: async () => ({ createToken: async () => ({ id: 'a1b2', token: 'secret' }) }),
      }, 'dev/a', { uses: 1, expires: 60, out: 'token' });`,
    );
    expect([code, message]).toEqual(['outputUnwritable', expect.stringContaining('`token remove a1b2`')]);
    expect([message.includes('secret'), readdirSync(path)]).toEqual([false, []]);
  });

  itWith('strace', 'under one share of a passphrase leaves none of the others behind', async () => {
    const { path } = temporaryFolder();
    const [code] = await saidWhile(
      { path: join(path, 'shares/share-2.txt'), call: 'openat', error: 'ENOSPC' },
      `await deliverShares({ out: '${path}/shares' }, { set: 'a', threshold: 2, shares: ['one', 'two'] });`,
    );
    expect([code, readdirSync(path)]).toEqual(['folderUnwritable', []]);
  });

  itWith('strace', 'under the name of a new folder of files is told in a sentence', async () => {
    const { path } = temporaryFolder();
    const [code] = await saidWhile(
      { path, call: 'fsync', error: 'EIO' },
      `const files = await stageFileSet('${path}/new', ['a']);
       await files.write('a', 'a', 0o600);
       await files.commit();`,
    );
    expect(code).toBe('folderUnwritable');
  });
});

describe.each(['EPERM', 'EOPNOTSUPP'])('a file system without links, which says %s', (error) => {
  const call = '/^link(at)?$';
  const makers = {
    'a new file': (file: string, meanwhile = '') =>
      `await writeNewFile('${file}', 0o600, async (handle) => { await handle.writeFile('mine'); ${meanwhile} });`,
    'a backup': (file: string, meanwhile = '') => `const ready = writeBackup('${file}'); ${meanwhile} await ready;`,
  };

  itWith('strace', 'takes a new file and a backup', async () => {
    const { path } = temporaryFolder();
    for (const [what, make] of Object.entries(makers)) {
      const file = join(path, what);
      const said = await saidWhile({ path: file, call, error }, `${make(file)} throw { code: 'written' };`);
      expect(said[0]).toBe('written');
      expect([statSync(file).size > 0, statSync(file).mode & 0o777]).toEqual([true, 0o600]);
    }
    expect(readFileSync(join(path, 'a new file'), 'utf8')).toBe('mine');
    expect(readdirSync(path)).toEqual(['a backup', 'a new file']);
  });

  itWith('strace', 'takes a set of files into a folder that is there', async () => {
    const { path } = temporaryFolder();
    const script = `const files = await stageFileSet('${path}', ['a', 'b']);
      for (const name of ['a', 'b']) await files.write(name, name, 0o600);
      await files.commit(); throw { code: 'written' };`;
    expect((await saidWhile({ path: join(path, 'b'), call, error }, script))[0]).toBe('written');
    expect(['a', 'b'].map((name) => readFileSync(join(path, name), 'utf8'))).toEqual(['a', 'b']);
    expect(readdirSync(path)).toEqual(['a', 'b']);
  });

  itWith('strace', 'has nothing replaced that came meanwhile, not even a link to nothing', async () => {
    const { path } = temporaryFolder();
    for (const [what, make] of Object.entries(makers)) {
      const [file, linked] = [join(path, what), join(path, `${what}, linked`)];
      const theirs = make(file, `writeFileSync('${file}', 'theirs');`);
      const code = what === 'a backup' ? 'backupExists' : 'EEXIST';
      expect((await saidWhile({ path: file, call, error }, theirs))[0]).toBe(code);
      expect(readFileSync(file, 'utf8')).toBe('theirs');
      const dangling = make(linked, `symlinkSync('nowhere', '${linked}');`);
      expect((await saidWhile({ path: linked, call, error }, dangling))[0]).toBe(code);
      expect(readlinkSync(linked)).toBe('nowhere');
    }
    expect(readdirSync(path)).toHaveLength(4);
  });
});
