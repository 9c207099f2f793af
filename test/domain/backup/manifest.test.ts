import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeManifest, parseManifest } from '#src/domain/backup/manifest.ts';
import { backupManifest } from '../../support/backup-builders.ts';

const refusal = (text: string): string => {
  try {
    parseManifest(text, 'b.tar');
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const written = encodeManifest(backupManifest());
const edited = (from: string | RegExp, to: string): string => {
  const text = written.replace(from, to);
  if (text === written) throw new Error('the edit changes nothing');
  return text;
};

describe('a manifest', () => {
  it('is read back as it was written', () => {
    expect(parseManifest(written, 'b.tar')).toEqual(backupManifest());
    const bare = backupManifest({
      authorities: [{ ...backupManifest().authorities[0]!, crlNumber: null, crlUrl: null }],
    });
    expect(parseManifest(encodeManifest(bare), 'b.tar')).toEqual(bare);
  });

  it('names the lists of every generation of an authority', () => {
    const authorities = ['dev-issuing', 'dev-issuing.2', 'dev-issuing.10'].map((name) => ({
      ...backupManifest().authorities[0]!,
      name,
    }));
    const rotated = backupManifest({ authorities });
    expect(parseManifest(encodeManifest(rotated), 'b.tar')).toEqual(rotated);
  });

  it('that could not be read back is never written', () => {
    const authorities = [{ ...backupManifest().authorities[0]!, name: '../etc' }];
    expect(() => encodeManifest(backupManifest({ authorities }))).toThrow(/could not be read back/);
  });

  it('of a later format is of a newer program', () => {
    expect(refusal(edited('privyseal-backup/1', 'privyseal-backup/2'))).toBe('backupTooNew');
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]\n'],
    ['null', 'null\n'],
    ['another format', edited('privyseal-backup/1', 'other/1')],
    ['an unknown field', edited('"program"', '"more": 1,\n  "program"')],
    ['another spelling', JSON.stringify(backupManifest())],
    ['a path out of the home', edited('vault/vault.json', '../vault.json')],
    ['the passphrase as a part', edited('vault/vault.json', 'vault/passphrase')],
    ['a part twice', edited('vault/vault.json', 'privyseal.db')],
    ['no database at first', edited('"privyseal.db"', '"trust/dev.pem"')],
    ['a negative size', edited('"size": 700', '"size": -1')],
    ['a size that is no whole number', edited('"size": 700', '"size": 1.5')],
    ['a hash that is none', edited(/"sha256": "../, '"sha256": "zz')],
    ['a time that is none', edited('2026-01-01T00', '2026-99-01T00')],
    ['a number of a list that is text', edited('"crlNumber": 7', '"crlNumber": "7"')],
    ['a checkpoint that is no text', edited('"a checkpoint', '"\\u0000a checkpoint')],
    ['an address that is none', edited('http://', 'file://')],
    ['a generation that is none', edited('"name": "dev-issuing"', '"name": "dev-issuing.0"')],
  ])('that is %s is damaged', (_what, text) => {
    expect(refusal(text)).toBe('backupDamaged');
  });

  it('is never half understood: whatever is read is what was written', () => {
    fc.assert(
      fc.property(fc.nat(written.length - 1), fc.string({ maxLength: 3 }), (at, other) => {
        const text = written.slice(0, at) + other + written.slice(at + 1);
        if (text === written) return;
        try {
          expect(encodeManifest(parseManifest(text, 'b.tar'))).toBe(text);
        } catch (error) {
          expect(['backupDamaged', 'backupTooNew']).toContain((error as { code: string }).code);
        }
      }),
    );
  });
});
