/** What vaults hold beside what was certified. */
import { describe, expect, it } from 'vitest';
import { type CertifiedKey, judgeBegunKeys, judgeKeys, judgeVaults } from '../../../src/domain/diagnosis/judge-keys.ts';

const certified = (changes: Partial<CertifiedKey> = {}): CertifiedKey => ({
  authority: 'dev-root',
  vault: 'bao',
  key: 'dev-root.1',
  publicKeySha256: 'aa',
  ...changes,
});

describe('judging the keys of a vault', () => {
  it('says nothing of those that are the certified ones, also where another shares the name', () => {
    expect(judgeKeys([certified()], new Map([['dev-root.1', ['bb', 'aa']]]))).toEqual([]);
  });

  it('wants no certain key where none is certified yet', () => {
    expect(judgeKeys([certified({ publicKeySha256: null })], new Map([['dev-root.1', ['bb']]]))).toEqual([]);
  });

  it.each([
    ['is missing', new Map([['other', ['aa']]])],
    ['is another one', new Map([['dev-root.1', ['bb']]])],
  ])('fails for one that %s, and names authority, key and vault', (_what, held) => {
    const [finding, ...others] = judgeKeys([certified()], held);
    expect(finding).toMatchObject({ check: 'vault', state: 'fail' });
    expect(finding!.says).toContain('dev-root (dev-root.1 in bao)');
    expect(finding!.next).toBeTruthy();
    expect(others).toEqual([]);
  });
});

describe('judging keys that were begun', () => {
  const begun = { vault: 'bao', key: 'dev-root.2', purpose: 'dev-root', isTakenUp: true };

  it('warns of each that is there, and says what will become of it', () => {
    const [taken, ...others] = judgeBegunKeys([begun, { ...begun, key: 'never-made' }], ['dev-root.1', 'dev-root.2']);
    expect(taken).toMatchObject({ check: 'vault', state: 'warn', next: expect.stringContaining('takes this key') });
    expect(taken!.says).toContain('bao holds dev-root.2');
    expect(others).toEqual([]);
    const [left] = judgeBegunKeys([{ ...begun, isTakenUp: false }], ['dev-root.2']);
    expect(left!.next).toContain('before a restore');
  });
});

describe('judging the vaults of the settings', () => {
  it('fails for those that they do not name, each once, with their authorities', () => {
    const keys = [certified(), certified({ key: 'dev-issuing.1' }), certified({ vault: 'file' })];
    expect(judgeVaults(keys, ['file', 'bao'])).toEqual([]);
    const [finding] = judgeVaults(keys, ['file']);
    expect(finding).toMatchObject({ state: 'fail' });
    expect(finding!.says).toContain('no vault bao for dev-root (dev-root.1 in bao), dev-root (dev-issuing.1 in bao)');
  });
});
