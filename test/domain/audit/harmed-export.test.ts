/** Every change to an export, at random places: what verifying it with a kept checkpoint finds. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openAuditLogFile } from '../../../src/adapters/inventory-sqlite/copies/audit-log-file.ts';
import { exportEvents } from '../../../src/domain/audit/export-events.ts';
import { exportLine } from '../../../src/domain/audit/kept-event.ts';
import type { LogVerdict } from '../../../src/domain/audit/verify-log.ts';
import { makeSignedLog, type SignedLog, verifyContent } from '../../support/audit-log.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { tries } from '../../support/tries.ts';

const folder = suiteFolder();
let log: SignedLog;
let lines: readonly string[];
beforeAll(async () => {
  log = await makeSignedLog(folder('data'));
  const opened = openAuditLogFile(log.file);
  const kept: string[] = [];
  for await (const batch of opened.events) kept.push(...batch.map((event) => exportLine(event!)));
  await opened.close();
  lines = kept;
});

/** In pieces of any size: they fall where they will. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const verdictOf = (bytes: Uint8Array, size = 1000): Promise<LogVerdict> =>
  verifyContent(log, { events: exportEvents(pieces(bytes, size)), checkpoints: [] });
const bytesOf = (changed: readonly string[]): Buffer => Buffer.from(changed.map((line) => `${line}\n`).join(''));
const index = () => fc.nat({ max: lines.length - 1 });
const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, property), { numRuns: tries(200) });

describe('verifying an export against a kept checkpoint', () => {
  it('finds nothing wrong, in whatever pieces it is read', async () => {
    await check(fc.integer({ min: 1, max: 5000 }), async (size) => {
      const verdict = await verdictOf(bytesOf(lines), size);
      expect(verdict).toMatchObject({ events: log.events, signedSeq: log.events });
      expect(verdict.fault).toBeUndefined();
    });
  });

  it('names the event of any octet that was changed', async () => {
    const whole = bytesOf(lines);
    await check(
      fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 })),
      async ([place, change]) => {
        const bytes = Buffer.from(whole);
        bytes[place] = bytes[place]! ^ change;
        const before = whole.subarray(0, place).toString('latin1').split('\n').length;
        const { fault } = await verdictOf(bytes);
        expect(fault?.seq).toBe(before);
      },
    );
  });

  it('names the first of the lines that were deleted', async () => {
    await check(fc.tuple(fc.nat({ max: lines.length - 2 }), fc.integer({ min: 1, max: 4 })), async ([first, count]) => {
      const left = lines.filter((_line, at) => at < first || at >= Math.min(first + count, lines.length - 1));
      expect((await verdictOf(bytesOf(left))).fault).toMatchObject({ code: 'missing', seq: first + 1 });
    });
  });

  it('names the place where a line was inserted', async () => {
    await check(fc.tuple(index(), index()), async ([from, to]) => {
      const changed = [...lines.slice(0, to), lines[from]!, ...lines.slice(to)];
      const { fault } = await verdictOf(bytesOf(changed));
      if (from === to) expect(fault).toMatchObject({ code: 'misplaced', seq: to + 2 });
      else expect(fault).toMatchObject({ code: from < to ? 'misplaced' : 'missing', seq: to + 1 });
    });
  });

  it('names the first of two lines that changed places', async () => {
    await check(fc.uniqueArray(index(), { minLength: 2, maxLength: 2 }), async (pair) => {
      const [first, second] = [...pair].sort((a, b) => a - b) as [number, number];
      const changed = [...lines];
      [changed[first], changed[second]] = [changed[second]!, changed[first]!];
      expect((await verdictOf(bytesOf(changed))).fault).toMatchObject({ code: 'missing', seq: first + 1 });
    });
  });

  it.each([
    ['a space', [0x20]],
    ['the first octet of a character', [0xc3]],
  ])('finds what follows its last line, be it %s', async (_what, octets) => {
    const { fault } = await verdictOf(Buffer.concat([bytesOf(lines), Buffer.from(octets)]));
    expect(fault).toMatchObject({ code: 'unreadable', seq: lines.length + 1 });
  });

  it('finds that it was cut off, at the end of a line or inside it', async () => {
    const whole = bytesOf(lines);
    await check(fc.nat({ max: whole.length - 1 }), async (length) => {
      const cut = whole.subarray(0, length);
      const lineEnds = cut.filter((octet) => octet === 0x0a).length;
      const atLineEnd = length === 0 || cut.at(-1) === 0x0a;
      expect((await verdictOf(cut)).fault).toMatchObject({
        code: atLineEnd ? 'truncated' : 'unreadable',
        seq: lineEnds + 1,
      });
    });
  });

  it('gives up on a line that has no end instead of holding it in memory', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; given < 1000; given++) yield Buffer.alloc(64 * 1024, 'a');
    }
    const { fault } = await verifyContent(log, { events: exportEvents(endless()), checkpoints: [] });
    expect(fault).toMatchObject({ code: 'unreadable', seq: 1 });
    expect(given).toBeLessThan(100);
  });
});
