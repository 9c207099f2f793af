import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectWholeChain } from '../../contracts/inventory/audit.ts';
import { migratedStore, type SqliteStore } from '../../support/inventory-stores.ts';
import { itWith, run } from '../../support/judges.ts';
import { serialsOf, startWriting, writingProgram } from './writing-child.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = await migratedStore();
});
afterEach(() => store.remove());

describe('a process that is killed', () => {
  it('has lost nothing it acknowledged, and left a whole audit chain', async () => {
    for (let round = 0; round < 3; round++) {
      const writing = startWriting([store.file, '16']);
      const enough = () => writing.lines.length > 60 + 40 * round;
      await writing.hear(enough);
      await writing.kill();
      await expectAllKept(writing.lines);
    }
  });

  const expectAllKept = async (lines: readonly string[]): Promise<void> => {
    const inventory = await store.open();
    const issued = new Set(serialsOf(lines, 'issued'));
    for (const serial of serialsOf(lines, 'ack')) {
      const record = await inventory.certificate(serial);
      expect(record).toBeDefined();
      if (issued.has(serial)) expect(record!.state).toBe('issued');
      if (record!.state === 'issued') expect(await inventory.certificateDer(serial)).toHaveLength(600);
    }
    expectWholeChain(await inventory.auditEvents(0, 100_000));
    await inventory.close();
  };
});

describe('an acknowledgement', () => {
  itWith('strace', 'is told only after the log is on the disk', async () => {
    const trace = join(store.folder, 'trace');
    const calls = 'trace=fsync,fdatasync,write';
    const args = [
      '-f',
      '-y',
      '-s',
      '64',
      '-e',
      calls,
      '-o',
      trace,
      process.execPath,
      writingProgram,
      store.file,
      '1',
      '10',
    ];
    expect((await run('strace', args)).stdout.toString()).toContain('closed');
    const synced = syncsBeforeEach(readFileSync(trace, 'utf8').split('\n'), /write\(1<.*"(ack|issued) [0-9a-f]{40}/);
    expect(synced).toHaveLength(20);
    expect(Math.min(...synced)).toBeGreaterThanOrEqual(1);
  });

  /** How many syncs of the log had returned since the telling before, for each telling. */
  const syncsBeforeEach = (lines: readonly string[], telling: RegExp): number[] => {
    const counts: number[] = [];
    const unfinished = new Set<string>();
    let since = 0;
    for (const line of lines) {
      const thread = line.split(' ', 1)[0]!;
      if (/ f(data)?sync\(\d+<.*-wal>.*unfinished/.test(line)) unfinished.add(thread);
      else if (/ f(data)?sync\(\d+<.*-wal>\) += 0/.test(line)) since += 1;
      else if (/ f(data)?sync resumed>.*= 0/.test(line) && unfinished.delete(thread)) since += 1;
      if (!telling.test(line)) continue;
      counts.push(since);
      since = 0;
    }
    return counts;
  };
});
