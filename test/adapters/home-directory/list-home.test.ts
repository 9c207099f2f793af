/** Whoever may not look into a home is told whose it is and what to do, by every act on the machine itself. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { examineHome } from '#src/adapters/home-directory/examine-home.ts';
import { inspectHome } from '#src/adapters/home-directory/inspect-home.ts';
import { listHome } from '#src/adapters/home-directory/list-home.ts';
import { refuseFilledHome } from '#src/adapters/home-directory/restored-home.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = temporaryFolder().path;
  path = join(folder, 'data');
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, 'privyseal.db'), '');
});

async function asNobody(act: () => Promise<void>): Promise<void> {
  process.seteuid!(65_534);
  try {
    await act();
  } finally {
    process.seteuid!(0);
  }
}

const acts: readonly (readonly [string, (home: string) => Promise<unknown>])[] = [
  ['lists', listHome],
  ['is backed up', (home) => inspectHome(home, 'privyseal.db')],
  ['is restored into', refuseFilledHome],
];

describe('a home that', () => {
  it.each(acts)('%s is no file, nor below one', async (_act, act) => {
    const file = join(path, 'privyseal.db');
    for (const place of [file, join(file, 'home')]) {
      const refusal = (await rejectionOf(act(place))) as Error;
      expect(refusal).toMatchObject({ name: 'StartError', code: 'homeUnreadable' });
      expect(refusal.message).toContain(`${place} cannot be read: it, or a part of its path, is a file`);
    }
  });

  // Modes do not bind root.
  it.runIf(process.geteuid?.() === 0).each(acts)('%s by another user is named with its owner', async (_act, act) => {
    chmodSync(folder, 0o755);
    await asNobody(async () => {
      const refusal = (await rejectionOf(act(path))) as Error;
      expect(refusal).toMatchObject({ name: 'StartError', code: 'homeOpenToOthers' });
      expect(refusal.message).toContain(`${path} belongs to user 0, and this runs as user 65534`);
      expect(refusal.message).toContain("sudo -u '#0'");
    });
  });

  it.runIf(process.geteuid?.() === 0).each(acts)(
    '%s below a folder of another user is not said to be missing',
    async (_act, act) => {
      chmodSync(folder, 0o700);
      await asNobody(async () => expect(await codeOf(act(path))).toBe('homeUnreadable'));
    },
  );

  it.runIf(process.geteuid?.() === 0)('doctor may not look into is not said to be missing', async () => {
    chmodSync(folder, 0o700);
    await asNobody(async () =>
      expect(await examineHome(path)).toMatchObject([{ check: 'home', state: 'fail', says: 'homeUnreadable' }]),
    );
  });

  it('is not there holds nothing, and is not made', async () => {
    expect(await listHome(join(folder, 'none'))).toEqual([]);
    expect(readdirSync(folder)).toEqual(['data']);
  });
});
