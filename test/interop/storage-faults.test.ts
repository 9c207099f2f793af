/** Storage that fails under the running service: 503 `inventoryUnavailable`, nothing lost, and recovery without a restart. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itWith, pathOf } from '../support/judges.ts';
import { type RunningService, serviceExit, startService, temporaryFolder } from '../support/running-service.ts';
import { itWithMount } from '../support/small-disk.ts';
import { productCertificates, submit } from '../support/submit.ts';

const databaseFile = 'privyseal.db';

describe('the service, when its storage', () => {
  let folder: string;
  let service: RunningService | undefined;
  let mounted: string | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    const { exitCode = null, signalCode = null } = service?.child ?? {};
    const said = service?.output();
    await service?.dispose();
    if (mounted) execFileSync('umount', [mounted]);
    mounted = undefined;
    rmSync(folder, { recursive: true, force: true });
    service = undefined;
    // Nothing that befalls its storage ends it; a test may have stopped it.
    expect([exitCode ?? 0, signalCode], said).toEqual([0, null]);
  });

  const expectUnavailable = async (): Promise<void> => {
    const refused = await submit(service!);
    expect(refused).toMatchObject({ status: 503, problem: 'inventoryUnavailable', serial: undefined });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
  };

  /** Certificates again, within 10 s; before that nothing but the same refusal. */
  const expectRecovery = async (): Promise<string> => {
    let serial: string | undefined;
    const recovered = async (): Promise<number> => {
      const answer = await submit(service!);
      serial = answer.serial;
      return answer.status;
    };
    await expect.poll(recovered, { timeout: 10_000, interval: 100 }).toBe(201);
    return serial!;
  };

  /** Exactly these are valid; what failed left at most closed intents. */
  const expectValid = async (serials: readonly (string | undefined)[]): Promise<void> => {
    const rows = await productCertificates(service!);
    const valid = [...rows].filter(([, status]) => status === 'valid').map(([serial]) => serial);
    expect(valid.sort()).toEqual([...serials].sort());
  };

  it('is locked by another program, says 503 and recovers when the lock is gone', async () => {
    service = await startService({ home: join(folder, 'data') });
    const before = await submit(service);
    const other = new Database(service.path(databaseFile));
    other.exec('BEGIN IMMEDIATE');
    try {
      await expectUnavailable();
      expect((await service.public(`/v1/certificates/${before.serial}`)).status).toBe(200);
      // One answer serves everybody for a second.
      const readiness = async (): Promise<number> => (await service!.distribution('/readyz')).status;
      await expect.poll(readiness, { timeout: 10_000 }).toBe(503);
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
    await expectValid([before.serial, await expectRecovery()]);
  });

  itWithMount('is full, says 503 and recovers when there is room again', async () => {
    mounted = join(folder, 'small');
    mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', mounted]);
    service = await startService({ home: join(mounted, 'data') });
    const before = await submit(service);
    const ballast = join(mounted, 'ballast');
    fill(ballast);
    const until = performance.now() + 20_000;
    // What the write-ahead log has in hand may still hold some certificates.
    const kept = [before.serial];
    for (;;) {
      const answer = await submit(service);
      if (answer.status !== 201) break;
      kept.push(answer.serial);
      if (performance.now() > until) throw new Error('the full disk never showed');
    }
    await expectUnavailable();
    rmSync(ballast);
    kept.push(await expectRecovery());
    await expectValid(kept);
    await service.kill9();
    service = await startService({ home: service.home, ports: service.ports });
    await expectValid(kept);
  });

  itWithMount('is read-only at the start, refuses to start and heals', async () => {
    mounted = join(folder, 'small');
    mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0700', 'tmpfs', mounted]);
    const home = join(mounted, 'data');
    service = await startService({ home });
    const before = await submit(service);
    await service.stop();
    execFileSync('mount', ['-o', 'remount,ro', mounted]);
    const { code, output } = await serviceExit({ home, ports: service.ports });
    expect([code, output]).toEqual([1, expect.stringContaining('homeUnwritable')]);
    execFileSync('mount', ['-o', 'remount,rw', mounted]);
    service = await startService({ home, ports: service.ports });
    await expectValid([before.serial]);
  });

  itWith('strace', 'turns read-only while it runs, says 503 and recovers when it may be written again', async () => {
    service = await startService({ home: join(folder, 'data') });
    const kept = [(await submit(service)).serial];
    // What a kernel says of every write once it has made a damaged file system read-only.
    const inject = ['-f', '-qq', '-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=EROFS', '-o', '/dev/null'];
    const tracer = spawn(pathOf('strace'), [...inject, '-p', String(service.child.pid)], { stdio: 'ignore' });
    const status = async (): Promise<number> => {
      const answer = await submit(service!);
      // Until strace has its hands on every thread, certificates are issued.
      if (answer.status === 201) kept.push(answer.serial);
      return answer.status;
    };
    await expect.poll(status, { timeout: 10_000 }).toBe(503);
    await expectUnavailable();
    tracer.kill('SIGINT');
    kept.push(await expectRecovery());
    await expectValid(kept);
  });

  it('has a newer schema than the program, stops the start with a sentence and changes nothing', async () => {
    const home = join(folder, 'data');
    service = await startService({ home });
    await service.stop();
    const database = new Database(join(home, databaseFile));
    database.exec("INSERT INTO schema_migrations (name, sha256, applied_at) VALUES ('9999_later.sql', '', 0)");
    database.close();
    const size = statSync(join(home, databaseFile)).size;
    const { code, output } = await serviceExit({ home });
    expect([code, output]).toEqual([1, expect.stringContaining('schemaTooNew')]);
    expect(output).not.toMatch(/^\s+at /m);
    expect(statSync(join(home, databaseFile)).size).toBe(size);
  });

  it('holds a file that is no database, stops the start with a sentence', async () => {
    const home = join(folder, 'data');
    mkdirSync(home, { mode: 0o700 });
    writeFileSync(join(home, databaseFile), 'not a database, but long enough to have a header of one '.repeat(100), {
      mode: 0o600,
    });
    const { code, output } = await serviceExit({ home });
    expect([code, output]).toEqual([1, expect.stringContaining('databaseDamaged')]);
  });
});

/** Writes until the file system has no room. */
function fill(file: string): void {
  const block = Buffer.alloc(64 * 1024);
  for (const size of [block.length, 4096, 512]) {
    try {
      for (;;) writeFileSync(file, block.subarray(0, size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
