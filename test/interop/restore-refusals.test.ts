/** Backups and restores that must not be: each ends with one clear sentence, and the home is as it was. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heldPart } from '../../src/adapters/backup-file/octets.ts';
import { openBackupTarget } from '../../src/adapters/backup-file/write-backup.ts';
import { encodeManifest, parseManifest } from '../../src/domain/backup/manifest.ts';
import { decodeTarHeader, tarBlock } from '../../src/domain/backup/tar-header.ts';
import { runProgram } from '../support/program-run.ts';
import { startService, temporaryFolder } from '../support/running-service.ts';
import { tries } from '../support/tries.ts';

const authorities = ['system', 'dev-root', 'dev-issuing'] as const;

describe('restore refuses', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  const lists = authorities.flatMap((authority) => ['--crl', file(`${authority}.crl`)]);
  const home = file('new');

  /** Exit code, stable code of the sentence, and what is in the home afterwards. */
  const refused = async (args: readonly string[]): Promise<readonly [number, string, string[]]> => {
    const { code, stderr } = await runProgram(home, ['restore', ...args]);
    expect(stderr).not.toMatch(/^\s+at /m);
    const names = existsSync(home) ? readdirSync(home) : [];
    return [code, /^privyseal: (\w+): ./.exec(stderr)?.[1] ?? stderr, names];
  };

  beforeAll(async () => {
    for (const name of ['data', 'other']) {
      const service = await startService({ home: file(name) });
      for (const authority of authorities) {
        const { body } = await service.distribution(`/crl/${authority}.crl`);
        writeFileSync(file(name === 'data' ? `${authority}.crl` : `other-${authority}.crl`), body);
      }
      await service.stop();
    }
    expect((await runProgram(file('data'), ['backup', file('b.tar')])).code).toBe(0);
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('a home that is not empty', async () => {
    mkdirSync(home, { mode: 0o700 });
    writeFileSync(join(home, 'note.txt'), 'mine');
    expect(await refused([file('b.tar'), ...lists])).toEqual([8, 'homeNotEmpty', ['note.txt']]);
    rmSync(home, { recursive: true });
  });

  it('what is cut off, altered, no backup or not there', async () => {
    const whole = readFileSync(file('b.tar'));
    const bad = file('bad.tar');
    for (const length of [0, 100, 600, 5000, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(bad, whole.subarray(0, length));
      expect([length, ...(await refused([bad, ...lists]))]).toEqual([length, 1, 'backupDamaged', []]);
    }
    const altered = Buffer.from(whole);
    altered[60_000] = altered[60_000]! ^ 4;
    writeFileSync(bad, altered);
    expect(await refused([bad, ...lists])).toEqual([1, 'backupDamaged', []]);
    writeFileSync(bad, 'nothing of the kind\n'.repeat(100));
    expect(await refused([bad, ...lists])).toEqual([1, 'backupDamaged', []]);
    expect(await refused([file('none.tar'), ...lists])).toEqual([1, 'backupUnreadable', []]);
  });

  it('what a newer version wrote: another format, another schema', async () => {
    const whole = readFileSync(file('b.tar'));
    const { size } = decodeTarHeader(whole.subarray(0, tarBlock))!;
    const text = whole.toString('utf8', tarBlock, tarBlock + size);
    const later = Buffer.from(whole);
    later.write(text.replace('privyseal-backup/1', 'privyseal-backup/2'), tarBlock);
    writeFileSync(file('later.tar'), later);
    expect(await refused([file('later.tar'), ...lists])).toEqual([1, 'backupTooNew', []]);

    const parts = [heldPart('privyseal.db', Buffer.from('no matter what'))];
    const manifest = parseManifest(text, 'b.tar');
    const newer = {
      ...manifest,
      schema: '9999_later.sql',
      parts: parts.map(({ name, size: length, sha256 }) => ({ name, size: length, sha256 })),
    };
    expect(encodeManifest(newer)).toContain('9999_later.sql');
    const target = await openBackupTarget(file('newer.tar'));
    await target.publish(newer, parts, () => {});
    await target.dispose();
    expect(await refused([file('newer.tar'), ...lists])).toEqual([1, 'backupTooNew', []]);
  });

  it('a database that is none, although the file is whole', async () => {
    const whole = readFileSync(file('b.tar'));
    const { size } = decodeTarHeader(whole.subarray(0, tarBlock))!;
    const manifest = parseManifest(whole.toString('utf8', tarBlock, tarBlock + size), 'b.tar');
    const parts = [heldPart('privyseal.db', Buffer.alloc(50_000, 'x'))];
    const target = await openBackupTarget(file('forged.tar'));
    const forged = parts.map(({ name, size: length, sha256 }) => ({ name, size: length, sha256 }));
    await target.publish({ ...manifest, parts: forged }, parts, () => {});
    await target.dispose();
    expect(await refused([file('forged.tar'), ...lists])).toEqual([1, 'databaseDamaged', []]);
  });

  it('to go without lists, with a stranger’s instead, with one that is none, and an admission that means nothing', async () => {
    expect(await refused([file('b.tar')])).toEqual([3, 'crlMissing', []]);
    const { stderr } = await runProgram(home, ['restore', file('b.tar'), ...lists.slice(0, 4)]);
    expect(stderr).toContain('dev-issuing');
    expect(stderr).not.toContain('- dev-root');
    const strange = ['--crl', file('other-dev-issuing.crl')];
    expect(await refused([file('b.tar'), ...lists.slice(0, 4), ...strange])).toEqual([3, 'crlMissing', []]);
    expect(await refused([file('b.tar'), ...lists, '--crl', file('b.tar')])).toEqual([3, 'crlUnusable', []]);
    expect(await refused([file('b.tar'), ...lists, '--crl', file('none.crl')])).toEqual([3, 'crlUnusable', []]);
    expect(await refused([file('b.tar'), '--without-crl', 'nobody'])).toEqual([3, 'crlUnusable', []]);
  });

  it('a list that was altered, which only shows when the authority’s certificate is there', async () => {
    const der = readFileSync(file('dev-issuing.crl'));
    der[der.length - 12] = der[der.length - 12]! ^ 1;
    writeFileSync(file('altered.crl'), der);
    const others = lists.slice(0, 4);
    expect(await refused([file('b.tar'), ...others, '--crl', file('altered.crl')])).toEqual([3, 'crlUnusable', []]);
  });

  it('nothing after it was killed at any moment: the home is empty, begun again, or done', async () => {
    for (let round = 0; round < tries(6); round++) {
      const killed = file(`killed${round}`);
      const args = ['restore', file('b.tar'), ...lists];
      await runProgram(killed, args, {}, 100 + round * 60);
      const again = await runProgram(killed, args);
      expect([round, again.code === 0 || /homeNotEmpty/.test(again.stderr)]).toEqual([round, true]);
      const backup = await runProgram(killed, ['backup', file(`again${round}.tar`)]);
      expect([round, backup.code, backup.stderr]).toEqual([round, 0, '']);
    }
  }, 60_000);

  it('nothing when all is well, and says it as JSON; then the home is one', async () => {
    const admitted = ['--crl', file('system.crl'), '--without-crl', 'dev-root', '--without-crl', 'dev-issuing'];
    const { code, stdout } = await runProgram(home, ['restore', file('b.tar'), ...admitted, '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { withoutCrl: ['dev-root', 'dev-issuing'], tokensEnded: true },
    ]);
    expect(readdirSync(home).sort()).toEqual(['privyseal.db', 'privyseal.lock', 'trust', 'vault']);
    expect(await refused([file('b.tar'), ...admitted])).toMatchObject([8, 'homeNotEmpty', expect.any(Array)]);
  });

  it('to back up what is no home, or over a file that exists', async () => {
    const nowhere = await runProgram(file('nowhere'), ['backup', file('n.tar')]);
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('homeEmpty')]);
    const before = statSync(file('b.tar')).mtimeMs;
    const over = await runProgram(file('data'), ['backup', file('b.tar')]);
    expect([over.code, over.stderr]).toEqual([8, expect.stringContaining('backupExists')]);
    expect(statSync(file('b.tar')).mtimeMs).toBe(before);
  });
});
