import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutTable, shorten } from '../../../../src/faces/cli/terminal/table.ts';

const columns = [{ title: 'ID', cut: 'middle' as const }, { title: 'NAME' }, { title: 'STATE' }];
const cells = [
  ['0123456789abcdef', 'short', 'valid'],
  ['fedcba9876543210', 'a-rather-long-name', 'revoked'],
];
const layout = (width: number | undefined) =>
  layoutTable(columns, cells, {
    width,
    givesWay: [
      ['ID', 5],
      ['NAME', 6],
    ],
    leavesOut: ['ID'],
  });

describe('layoutTable', () => {
  it('shows everything when there is room', () => {
    expect(layout(undefined)).toEqual({
      lines: [
        'ID                NAME                STATE',
        '0123456789abcdef  short               valid',
        'fedcba9876543210  a-rather-long-name  revoked',
      ],
      shortened: [],
      leftOut: [],
    });
  });

  it('shortens in the given order before it leaves out', () => {
    expect(layout(36)).toEqual({
      lines: [
        'ID       NAME                STATE',
        '012…def  short               valid',
        'fed…210  a-rather-long-name  revoked',
      ],
      shortened: ['ID'],
      leftOut: [],
    });
    expect(layout(24).lines[2]).toBe('fe…10  a-rathe…  revoked');
  });

  it('leaves a column out when shortening is not enough', () => {
    expect(layout(20)).toEqual({
      lines: ['NAME         STATE', 'short        valid', 'a-rather-l…  revoked'],
      shortened: ['NAME'],
      leftOut: ['ID'],
    });
  });

  it('stands in straight columns for letters of two columns and for marks of none', () => {
    const people = [
      ['東京', 'tokyo'],
      ['e\u0301te\u0301', 'summer'],
      ['🔑', 'key'],
      ['plain', 'text'],
    ];
    const { lines } = layoutTable([{ title: 'WHO' }, { title: 'WHAT' }], people, {
      ...{ width: undefined, givesWay: [], leavesOut: [] },
    });
    expect(lines).toEqual(['WHO    WHAT', '東京   tokyo', 'e\u0301te\u0301    summer', '🔑     key', 'plain  text']);
  });

  it('never exceeds a width that its narrowest form fits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 15, max: 60 }), (width) => {
        expect(Math.max(...layout(width).lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('shorten', () => {
  it('is as long as it may be, and whole when it fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer({ min: 2, max: 30 }), (text, width) => {
        for (const cut of ['middle', 'end'] as const) {
          const short = shorten(text, width, cut);
          expect(short.length).toBe(Math.min(text.length, width));
          if (text.length <= width) expect(short).toBe(text);
        }
      }),
    );
  });

  it.each([
    ['東京都の証明書', 8, 'end', '東京都…'],
    ['東京都の証明書', 8, 'middle', '東京…書'],
    ['e\u0301e\u0301e\u0301e\u0301', 3, 'end', 'e\u0301e\u0301…'],
  ] as const)('parts no wide letter, and no mark from its letter, in %s', (text, width, cut, short) => {
    expect(shorten(text, width, cut)).toBe(short);
  });
});
