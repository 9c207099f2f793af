/** Shares of a passphrase: enough of them give it, and every mistake with one is named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatShareSet, readShareSet, type ShareSet } from '#src/adapters/vault-file/share-set.ts';
import { formatShare, parseShare, placeOf, type Share } from '#src/adapters/vault-file/share-text.ts';
import { askForShares, splitPassphrase } from '#src/adapters/vault-file/shares.ts';
import { anyCodePoint } from '../../support/code-point.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { fileVault, passphrase } from './vault-under-test.ts';

const set: ShareSet = { set: '4f2a91c7', shares: 5, threshold: 3 };

function answering(lines: readonly string[]) {
  const left: (string | undefined)[] = [...lines];
  const told: string[] = [];
  const asked: string[] = [];
  const ask = async (question: string): Promise<string | undefined> => {
    asked.push(question);
    return left.shift();
  };
  return { ask, tell: (line: string) => void told.push(line), told, asked };
}

const setId = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((octets) => Buffer.from(octets).toString('hex'));
const share = fc.record({
  set: setId,
  threshold: fc.integer({ min: 2, max: 255 }),
  octets: fc.uint8Array({ minLength: 2, maxLength: 200 }),
});

describe('a share as text', () => {
  it('is read back whatever it holds, also in small letters without hyphens', () => {
    fc.assert(
      fc.property(share, (each) => {
        const text = formatShare(each);
        expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{1,5})*$/);
        expect(parseShare(text)).toEqual(each);
        expect(parseShare(` ${text.toLowerCase().replaceAll('-', ' ')}\t`)).toEqual(each);
      }),
    );
  });

  it('takes the letters that digits are misread as', () => {
    const text = formatShare({ set: '01010101', threshold: 2, octets: new Uint8Array(20) });
    expect(text).toMatch(/0.*1/);
    expect(parseShare(text.replaceAll('0', 'O').replaceAll('1', 'l'))).toEqual(parseShare(text));
  });

  it('is refused with any one character changed, left out or doubled', () => {
    const text = formatShare({ set: '4f2a91c7', threshold: 3, octets: Buffer.from('some octets of a share') });
    const characters = [...text].map((_character, index) => index).filter((index) => text[index] !== '-');
    for (const index of characters) {
      const other = text[index] === 'Z' ? 'Y' : 'Z';
      for (const change of [other, '', `${text[index]}${other}`]) {
        const changed = text.slice(0, index) + change + text.slice(index + 1);
        expect(typeof parseShare(changed), changed).toBe('string');
      }
    }
  });

  it.each(['', 'hello', 'U0000', '-----', 'ÄÖÜ', formatShare({ ...set, octets: new Uint8Array(9) }).slice(0, 12)])(
    'is not %j',
    (text) => {
      expect(parseShare(text)).toBe('notAShare');
    },
  );
});

describe('a passphrase that was split', () => {
  it('comes back from any shares that are enough, in any order, and not from fewer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: anyCodePoint, minLength: 1, maxLength: 80 }).filter((text) => text.isWellFormed()),
        fc
          .integer({ min: 2, max: 6 })
          .chain((threshold) => fc.tuple(fc.constant(threshold), fc.integer({ min: threshold, max: 9 }))),
        async (secret, [threshold, shares]) => {
          const some = { set: '00112233', shares, threshold };
          const texts = await splitPassphrase(secret, some);
          expect(new Set(texts).size).toBe(shares);
          const chosen = texts.toSorted().slice(0, threshold);
          expect(await askForShares(some, answering(chosen))).toBe(secret);
          expect(await codeOf(askForShares(some, answering(chosen.slice(1))))).toBe('sharesMissing');
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is split differently each time', async () => {
    expect(await splitPassphrase(passphrase, set)).not.toEqual(await splitPassphrase(passphrase, set));
  });

  it('asks on after a share that is mistyped, foreign, given twice or none at all, and says which', async () => {
    const [a = '', b = '', c = ''] = await splitPassphrase(passphrase, set);
    const [foreign = ''] = await splitPassphrase(passphrase, { ...set, set: '00000001' });
    const mistyped = a.slice(0, -1) + (a.endsWith('Z') ? 'Y' : 'Z');
    const console = answering([mistyped, a, a, foreign, 'hello', b, c]);
    expect(await askForShares(set, console)).toBe(passphrase);
    expect(console.told).toEqual([
      expect.stringContaining('mistyped'),
      expect.stringContaining('already'),
      expect.stringContaining('00000001'),
      expect.stringContaining('no share'),
    ]);
    expect(console.asked[1]).toBe('Share 1 of 3 (set 4f2a91c7): ');
  });

  it('names every mistake when no more lines come, and shows nothing of any share', async () => {
    const [a = '', b = ''] = await splitPassphrase(passphrase, set);
    const error = await rejectionOf(askForShares(set, answering([a, a, b.slice(1)])));
    expect(error).toMatchObject({
      code: 'sharesMissing',
      message: expect.stringMatching(/3 of its 5 .* 1 were given/),
    });
    const { message } = error as Error;
    expect(message.split('\n')).toHaveLength(3);
    for (const group of [...a.split('-'), ...b.split('-')]) expect(message).not.toContain(group);
  });

  it('does not let anybody try for ever', async () => {
    const guesses = Array.from({ length: 30 }, (_each, index) => `GUESS-${index}`);
    const console = answering(guesses);
    expect(await codeOf(askForShares(set, console))).toBe('shareUnusable');
    expect(console.told).toHaveLength(20);
  });

  it('does not come from shares of different length, which were forged', async () => {
    const [a = '', b = ''] = await splitPassphrase(passphrase, set);
    // Places are drawn at random: the forged one must be neither of these.
    const [placeA, placeB] = [a, b].map((text) => placeOf(parseShare(text) as Share));
    const place = [1, 2, 3].find((each) => each !== placeA && each !== placeB)!;
    const forged = formatShare({ set: set.set, threshold: 3, octets: new Uint8Array([1, 2, place]) });
    expect(await codeOf(askForShares(set, answering([a, b, forged])))).toBe('shareUnusable');
  });
});

describe('shares.json', () => {
  it('is read as it was written, and is not there in a vault that was not split', async () => {
    const store = fileVault();
    await (await store.open()).close();
    expect(await readShareSet(store.directory)).toBeUndefined();
    store.put('shares.json', formatShareSet(set));
    expect(await readShareSet(store.directory)).toEqual(set);
  });

  it.each(['', '{}', formatShareSet({ ...set, threshold: 6 }), `${formatShareSet(set)} `])(
    'is not %j',
    async (text) => {
      const store = fileVault();
      await (await store.open()).close();
      store.put('shares.json', text);
      expect(await codeOf(readShareSet(store.directory))).toBe('keyFileDamaged');
    },
  );
});
