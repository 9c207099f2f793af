/** Lines of an export: an event comes back as it was kept, however the octets arrive, and nothing else is one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportEvents } from '../../../src/domain/audit/export-events.ts';
import { exportLine, type KeptEvent, parseExportLine } from '../../../src/domain/audit/kept-event.ts';
import { canonicalAuditEvent } from '../../../src/domain/records/audit-event.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((octets) => Buffer.from(octets).toString('hex'));
const anyEvent: fc.Arbitrary<KeptEvent> = fc
  .record({
    seq: fc.integer({ min: 1, max: 1e15 - 1 }),
    object: fc.string({ unit: 'grapheme' }),
    previousHash: hash,
    hash,
  })
  .map(({ seq, object, ...hashes }) => {
    const entry = { at: 0, kind: 'service.started', actor: 'service', object } as const;
    return { seq, canonical: canonicalAuditEvent(seq, entry), ...hashes };
  });
const textOf = (events: readonly KeptEvent[]): Buffer =>
  Buffer.from(events.map((one) => `${exportLine(one)}\n`).join(''));

async function read(chunks: readonly Uint8Array[]): Promise<readonly (KeptEvent | undefined)[]> {
  async function* coming() {
    yield* chunks;
  }
  const found: (KeptEvent | undefined)[] = [];
  for await (const batch of exportEvents(coming())) found.push(...batch);
  return found;
}

describe('an export', () => {
  it('gives every event back, in whatever pieces its octets come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 3 }), fc.array(fc.nat()), async (events, places) => {
        const text = textOf(events);
        const cuts = places.map((place) => place % (text.length + 1)).sort((a, b) => a - b);
        const pieces = [0, ...cuts].map((from, index) => text.subarray(from, cuts[index] ?? text.length));
        expect(await read(pieces)).toEqual(events);
      }),
    );
  });

  it('cut off anywhere is no event from there on', async () => {
    await fc.assert(
      fc.asyncProperty(anyEvent, anyEvent, fc.nat(), async (first, second, place) => {
        const text = textOf([first, second]);
        const start = textOf([first]).length;
        const end = start + 1 + (place % (text.length - start - 1));
        expect(await read([text.subarray(0, end)])).toEqual([first, undefined]);
      }),
    );
  });

  it('with a byte order mark before it does not begin with an event', async () => {
    const [event] = fc.sample(anyEvent, 1);
    const marked = Buffer.concat([Buffer.from('\ufeff'), textOf([event!, event!])]);
    expect(await read([marked])).toEqual([undefined, event]);
  });

  it.each(['0', '01', '-1', '1.0', '1e3', '', '1000000000000000'])('has no event with the number %j', (digits) => {
    const [event] = fc.sample(anyEvent, 1);
    const canonical = event!.canonical.replace(/^\{"seq":\d+/, `{"seq":${digits}`);
    expect(parseExportLine(exportLine({ ...event!, canonical }))).toBeUndefined();
  });
});
