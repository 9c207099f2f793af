/** A file is whole or not there, and a name that is taken stays whose it is. */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '#src/files/make-folder.ts';
import { createFile, isTemporaryName, removeFile, replaceFile } from '#src/files/whole-file.ts';
import { codeOf } from '../support/rejection.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const content = { content: 'new', mode: 0o640 };
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('a file that replaces another', () => {
  it('has the mode that was asked for, whatever the umask and the mode of before', async () => {
    const { path, write } = temporaryFolder();
    const file = write('a', 'old');
    const before = process.umask(0o077);
    await replaceFile(file, content).finally(() => process.umask(before));
    expect([readFileSync(file, 'utf8'), modeOf(file), readdirSync(path)]).toEqual(['new', 0o640, ['a']]);
  });

  it('takes the place of a link, and leaves what the link led to', async () => {
    const { path, write } = temporaryFolder();
    const target = write('target', 'old');
    const link = join(path, 'link');
    symlinkSync(target, link);
    await replaceFile(link, content);
    expect([readFileSync(target, 'utf8'), readFileSync(link, 'utf8')]).toEqual(['old', 'new']);
  });

  it('that cannot have its name leaves nothing beside it', async () => {
    const { path } = temporaryFolder();
    mkdirSync(join(path, 'folder'));
    await expect(replaceFile(join(path, 'folder'), content)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(path)).toEqual(['folder']);
  });
});

describe('a file that is made', () => {
  it('is refused where there is one, and where a link leads to none', async () => {
    const { path, write } = temporaryFolder();
    const file = write('a', 'old');
    symlinkSync(join(path, 'nothing'), join(path, 'link'));
    await expect(createFile(file, content)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(createFile(join(path, 'link'), content)).rejects.toMatchObject({ code: 'EEXIST' });
    expect([readFileSync(file, 'utf8'), readdirSync(path)]).toEqual(['old', ['a', 'link']]);
  });

  it('has one name, and is gone once it is removed', async () => {
    const { path } = temporaryFolder();
    const file = join(path, 'a');
    await createFile(file, content);
    expect([readFileSync(file, 'utf8'), statSync(file).nlink]).toEqual(['new', 1]);
    await removeFile(file);
    expect(readdirSync(path)).toEqual([]);
    await removeFile(file);
    expect(await codeOf(removeFile(join(path, 'absent', 'a')))).toBe('ENOENT');
  });
});

it('what a crash left is told by its name, and nothing else is', () => {
  const names = ['.a.0123456789abcde.tmp', '.a.tmp', 'a.0123456789abcdef.tmp', '.a.0123456789abcdef.tmp'];
  expect(names.filter(isTemporaryName)).toEqual(['.a.0123456789abcdef.tmp']);
});

describe('a folder that is made', () => {
  it('has its mode, and those above it theirs; what was there keeps its own', async () => {
    const { path } = temporaryFolder();
    mkdirSync(join(path, 'there'), { mode: 0o711 });
    await makeFolder(join(path, 'there/above/it'), 0o700, 0o755);
    expect(['there', 'there/above', 'there/above/it'].map((name) => modeOf(join(path, name)))).toEqual([
      ...[0o711, 0o755, 0o700],
    ]);
    await makeFolder(join(path, 'there'), 0o700);
    expect(modeOf(join(path, 'there'))).toBe(0o711);
  });

  it('may be made by several at a time', async () => {
    const folder = join(temporaryFolder().path, 'a/b/c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder, 0o700)));
    expect(statSync(folder).isDirectory()).toBe(true);
  });

  it.each(['ENOTDIR', 'EEXIST'])('is refused with %s where a file has its place', async (code) => {
    const file = temporaryFolder().write('a', '');
    await expect(makeFolder(code === 'EEXIST' ? file : join(file, 'b'), 0o700)).rejects.toMatchObject({ code });
  });
});
