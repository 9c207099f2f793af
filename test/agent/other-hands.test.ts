/** Folders in which somebody else could put a link in the agent's way: nothing is written there. */
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TargetConfig, Writer } from '#src/agent/config/agent-schema.ts';
import { assertUsable } from '#src/agent/config/check-surroundings.ts';
import { resolveOwner } from '#src/agent/files/owner.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** nobody. */
const other = 65_534;
const isRoot = process.geteuid?.() === 0;

const groupOf = async (user: number): Promise<number> => (await resolveOwner(String(user))).gid;

const usable = (folder: string, writer?: Writer): Promise<void> =>
  assertUsable({ files: { folder, mode: 'link', alias: 'privyseal' } } as TargetConfig, writer);

function folders() {
  const above = join(temporaryFolder().path, 'app');
  const folder = join(above, 'tls');
  mkdirSync(folder, { recursive: true });
  return { above, folder };
}

describe('the folder of a target', () => {
  it('is usable where only the agent’s user and root can change names', async () => {
    const { above, folder } = folders();
    await expect(usable(folder)).resolves.toBeUndefined();
    await expect(usable(join(above, 'not', 'there', 'yet'))).resolves.toBeUndefined();
  });

  it('is refused where anybody can write, unless names are kept from each other as in /tmp', async () => {
    const { above, folder } = folders();
    chmodSync(above, 0o777);
    await expect(usable(folder)).rejects.toMatchObject({
      code: 'targetRefused',
      message: expect.stringContaining(`${above} can be written by anybody`),
    });
    await expect(usable(folder, 'anybody')).resolves.toBeUndefined();
    chmodSync(above, 0o1777);
    await expect(usable(folder)).resolves.toBeUndefined();
  });

  it.runIf(isRoot)(
    'is refused where a group can write that is neither root’s, nor the agent’s, nor the owner’s own',
    async () => {
      const { above, folder } = folders();
      chmodSync(above, 0o775);
      await expect(usable(folder)).resolves.toBeUndefined();
      chownSync(above, 0, other);
      await expect(usable(folder)).rejects.toMatchObject({
        code: 'targetRefused',
        message: expect.stringContaining(`${above} can be written by group ${other}`),
      });
      chmodSync(above, 0o1775);
      await expect(usable(folder)).resolves.toBeUndefined();
      chmodSync(above, 0o775);
      // nobody's own group has its number on Debian; elsewhere it is another.
      chownSync(above, other, await groupOf(other));
      await expect(usable(folder, other)).resolves.toBeUndefined();
    },
  );

  it.runIf(isRoot)(
    'is refused to root where another user’s agent tends it: what root writes that agent cannot read',
    async () => {
      const { folder } = folders();
      const own = join(folder, '.privyseal');
      mkdirSync(own);
      await expect(usable(folder)).resolves.toBeUndefined();
      for (const path of [folder, own]) chownSync(path, other, other);
      await expect(usable(folder, other)).rejects.toMatchObject({
        code: 'targetRefused',
        message: expect.stringContaining(`is tended by an agent of user ${other}`),
      });
      expect(readdirSync(own)).toEqual([]);
    },
  );

  it.runIf(isRoot)('is refused when it, or one above it, belongs to another user', async () => {
    for (const which of ['folder', 'above'] as const) {
      const tree = folders();
      chownSync(tree[which], other, other);
      await expect(usable(tree.folder)).rejects.toMatchObject({
        code: 'targetRefused',
        message: expect.stringContaining(`${tree[which]} belongs to user ${other}`),
      });
      // Whoever writes the agent's file has it do what he likes.
      await expect(usable(tree.folder, other)).resolves.toBeUndefined();
    }
  });

  it.runIf(isRoot)('is refused when another user could let the way lead elsewhere', async () => {
    const { above, folder } = folders();
    const theirs = join(above, 'theirs');
    mkdirSync(theirs);
    symlinkSync(folder, join(theirs, 'tls'));
    chownSync(theirs, other, other);
    await expect(usable(join(theirs, 'tls'))).rejects.toMatchObject({ code: 'targetRefused' });
    await expect(usable(folder)).resolves.toBeUndefined();
  });

  it('is refused among the sets of a target, which go with its rotations', async () => {
    const { folder } = folders();
    await expect(usable(join(folder, 'current'))).resolves.toBeUndefined();
    mkdirSync(join(folder, '.privyseal'));
    for (const inside of ['current', 'sets/0001-ab/tls', '.privyseal/other']) {
      const message = expect.stringContaining(`with the sets of ${folder}`);
      await expect(usable(join(folder, inside))).rejects.toMatchObject({ code: 'targetRefused', message });
    }
    await expect(usable(join(folder, 'another'))).resolves.toBeUndefined();
  });
});
