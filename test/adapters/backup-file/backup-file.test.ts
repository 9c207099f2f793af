import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filePart, heldPart } from '../../../src/adapters/backup-file/octets.ts';
import { openBackup } from '../../../src/adapters/backup-file/read-backup.ts';
import { openBackupTarget } from '../../../src/adapters/backup-file/write-backup.ts';
import { backupManifest, someParts, writeBackup } from '../../support/backup-builders.ts';
import { run } from '../../support/judges.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tries } from '../../support/tries.ts';

const silent = (): void => {};

/** `whole`, or the code of the refusal. */
async function verdict(file: string): Promise<string> {
  try {
    await (await openBackup(file)).verify(silent);
    return 'whole';
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}

describe('a backup file', () => {
  it('gives back every part, octet for octet, and its manifest', async () => {
    const file = join(temporaryFolder().path, 'b.tar');
    const parts = [heldPart('privyseal.db', Buffer.alloc(700_000, 'database')), ...someParts().slice(1)];
    const manifest = await writeBackup(file, parts);
    const backup = await openBackup(file);
    expect(backup.manifest).toEqual(manifest);
    const read: Record<string, string> = {};
    await backup.extract(async ({ name }) => {
      const digest = createHash('sha256');
      return {
        write: async (piece) => void digest.update(piece),
        end: async () => {
          read[name] = digest.digest('hex');
        },
      };
    }, silent);
    expect(read).toEqual(Object.fromEntries(parts.map(({ name, sha256 }) => [name, sha256])));
  });

  it('is for its owner alone, and nothing else is left beside it', async () => {
    const { path } = temporaryFolder();
    await writeBackup(join(path, 'b.tar'));
    expect(readdirSync(path)).toEqual(['b.tar']);
    expect(statSync(join(path, 'b.tar')).mode & 0o777).toBe(0o600);
  });

  it('is a tar file that tar lists and checks', async () => {
    const file = join(temporaryFolder().path, 'b.tar');
    await writeBackup(file);
    const { code, stdout } = await run('tar', ['tf', file]);
    const names = ['manifest.json', 'privyseal.db', 'vault/vault.json', 'trust/dev.pem', 'SHA256'];
    expect([code, stdout.toString().trim().split('\n')]).toEqual([0, names]);
  });

  it('overwrites nothing, neither what is there nor what came meanwhile', async () => {
    const { path, write } = temporaryFolder();
    const file = write('b.tar', 'precious');
    await expect(openBackupTarget(file)).rejects.toMatchObject({ code: 'backupExists' });
    const late = join(path, 'late.tar');
    const target = await openBackupTarget(late);
    write('late.tar', 'precious');
    const parts = someParts();
    const manifest = backupManifest({ parts: parts.map(({ name, size, sha256 }) => ({ name, size, sha256 })) });
    await expect(target.publish(manifest, parts, silent)).rejects.toMatchObject({ code: 'backupExists' });
    await target.dispose();
    expect(['b.tar', 'late.tar'].map((name) => readFileSync(join(path, name), 'utf8'))).toEqual([
      'precious',
      'precious',
    ]);
    expect(readdirSync(path).sort()).toEqual(['b.tar', 'late.tar']);
  });

  it('says when it cannot be written, and leaves nothing when it is interrupted', async () => {
    const { path } = temporaryFolder();
    await expect(openBackupTarget(join(path, 'none/b.tar'))).rejects.toMatchObject({ code: 'backupUnwritable' });
    const target = await openBackupTarget(join(path, 'b.tar'));
    const interrupt = (): never => {
      throw new Error('interrupted');
    };
    await expect(target.publish(backupManifest(), someParts(), interrupt)).rejects.toThrow('interrupted');
    await target.dispose();
    expect(readdirSync(path)).toEqual([]);
  });

  it('measures a file as a part by reading it', async () => {
    const { write } = temporaryFolder();
    const octets = Buffer.alloc(600_000, 'x');
    let heard = 0;
    const part = await filePart('privyseal.db', write('a.db', octets), (count) => {
      heard += count;
    });
    expect(part).toMatchObject({ size: octets.length, sha256: createHash('sha256').update(octets).digest('hex') });
    expect(heard).toBe(octets.length);
  });
});

describe('a backup file that is not as it was written', () => {
  const folder = suiteFolder();

  it('is refused wherever it was cut off', async () => {
    const file = folder('cut.tar');
    await writeBackup(file);
    const whole = readFileSync(file);
    expect(await verdict(file)).toBe('whole');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        writeFileSync(file, whole);
        truncateSync(file, length);
        expect(await verdict(file)).toBe('backupDamaged');
      }),
      { numRuns: tries(200) },
    );
  });

  it('is refused at its opening when it was cut off, before anybody looks for lists', async () => {
    const file = folder('short.tar');
    await writeBackup(file);
    truncateSync(file, readFileSync(file).length - 1);
    await expect(openBackup(file)).rejects.toMatchObject({ code: 'backupDamaged' });
  });

  it('is refused wherever a bit was flipped', async () => {
    const file = folder('flipped.tar');
    await writeBackup(file);
    const whole = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
        const octets = Buffer.from(whole);
        octets[at] = octets[at]! ^ (1 << bit);
        writeFileSync(file, octets);
        // The digit of the format itself may become a later one.
        expect(['backupDamaged', 'backupTooNew']).toContain(await verdict(file));
      }),
      { numRuns: tries(400) },
    );
  });

  it('is refused with something after its end, when it is something else, and when it cannot be read', async () => {
    const file = folder('longer.tar');
    await writeBackup(file);
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(1)]));
    expect(await verdict(file)).toBe('backupDamaged');
    writeFileSync(file, 'not a backup\n'.repeat(1000));
    expect(await verdict(file)).toBe('backupDamaged');
    expect(await verdict(folder('none.tar'))).toBe('backupUnreadable');
    chmodSync(file, 0o700);
    expect(await verdict(folder('.'))).toBe('backupUnreadable');
  });
});
