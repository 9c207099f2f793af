/** A file that a verb writes is there whole or not at all, whatever fails or is killed, and what it said of a failure can be acted on. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
    import { stageFileSet } from ${source('faces/cli/requests/file-set.ts')};`;
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
