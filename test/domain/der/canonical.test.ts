import { describe, expect, it } from 'vitest';
import { assertCanonicalDer } from '../../../src/domain/der/canonical.ts';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { readOid } from '../../../src/domain/der/value.ts';
import * as der from '../../../src/domain/der/writer.ts';

const codeOf = (hex: string): string => {
  try {
    assertCanonicalDer(Buffer.from(hex, 'hex'));
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
};

describe('assertCanonicalDer', () => {
  it('accepts what the writer makes', () => {
    const value = der.sequence(
      der.smallInteger(0),
      der.unsignedInteger(Buffer.from('00ff', 'hex')),
      der.oid('1.2.840.113549.1.1.11'),
      der.setOf(der.utf8String('é'), der.printableString('a')),
      der.namedBits([0, 5]),
      der.time(0),
      der.generalizedTime(2_600_000_000),
      der.boolean(true),
      der.nullValue(),
    );
    expect(() => assertCanonicalDer(value)).not.toThrow();
  });

  it.each([
    ['3080020100 0000', 'indefiniteLength'],
    ['30 8103 020100', 'nonMinimalLength'],
    ['30 03 020100 00', 'trailingBytes'],
    ['30 04 020100', 'truncated'],
    ['02 02 0001', 'badInteger'],
    ['02 02 ff80', 'badInteger'],
    ['02 00', 'badInteger'],
    ['01 01 01', 'badBoolean'],
    ['05 01 00', 'badNull'],
    ['06 02 8001', 'badOid'],
    ['06 02 2a80', 'badOid'],
    ['03 02 0401', 'badBitString'],
    ['0c 02 c0af', 'badString'],
    ['13 01 2a', 'badString'],
    ['16 01 ff', 'badString'],
    ['17 0d 3231303233313030303030305a', 'badTime'],
    ['31 06 020102 020101', 'unsortedSet'],
    ['24 03 040100', 'wrongForm'],
    ['10 00', 'wrongForm'],
    ['1f 01 00', 'highTagNumber'],
    ['30 85 0000000001 00', 'lengthTooLarge'],
  ])('refuses %s as %s', (hex, code) => {
    expect(codeOf(hex.replaceAll(' ', ''))).toBe(code);
  });

  it('reads the OIDs of Microsoft’s certificate templates, and none much longer', () => {
    const template = der.oid('1.3.6.1.4.1.311.21.8.8950086.10656446.2706058.12775672.480128.147.13466065.13029902');
    expect(template.length).toBeGreaterThan(38);
    expect(codeOf(Buffer.from(template).toString('hex'))).toBe('accepted');
    expect(codeOf(`06 40 ${'2a'.repeat(64)}`.replaceAll(' ', ''))).toBe('accepted');
    expect(codeOf(`06 41 ${'2a'.repeat(65)}`.replaceAll(' ', ''))).toBe('badOid');
  });

  it('reads the OIDs that are made of UUIDs (X.667), and none with a wider arc', () => {
    const uuid = `06 14 69 83${'ff'.repeat(17)}7f`;
    const read = readOid(new DerReader(Buffer.from(uuid.replaceAll(' ', ''), 'hex')));
    expect(read).toBe(`2.25.${2n ** 128n - 1n}`);
    expect(codeOf(uuid.replaceAll(' ', ''))).toBe('accepted');
    expect(codeOf(`06 15 69 81${'ff'.repeat(18)}7f`.replaceAll(' ', ''))).toBe('badOid');
  });

  it('refuses a nesting bomb without exhausting the stack', () => {
    const bomb = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from('3080', 'hex')));
    expect(codeOf(bomb.toString('hex'))).toBe('indefiniteLength');
    let deep: Uint8Array = der.nullValue();
    for (let i = 0; i < 5000; i++) deep = der.sequence(deep);
    expect(codeOf(Buffer.from(deep).toString('hex'))).toBe('tooDeep');
  });
});
