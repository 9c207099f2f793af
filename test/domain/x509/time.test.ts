import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { tag } from '../../../src/domain/der/tag.ts';
import { tlv } from '../../../src/domain/der/writer.ts';
import { readX509Time } from '../../../src/domain/x509/time.ts';

const read = (form: 'utcTime' | 'generalizedTime', text: string): number =>
  readX509Time(new DerReader(tlv(tag[form], Buffer.from(text, 'latin1'))), 'certificate');

// RFC 5280 §4.1.2.5.
describe('a time of a certificate or list', () => {
  it('is in UTCTime to the last second of 2049, and in GeneralizedTime from the first one of 2050 on', () => {
    expect(read('utcTime', '491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000);
    expect(read('generalizedTime', '20500101000000Z')).toBe(Date.UTC(2050, 0, 1) / 1000);
  });

  it('has two digits of a year that are of the last century from 50 on', () => {
    expect(read('utcTime', '500101000000Z')).toBe(Date.UTC(1950, 0, 1) / 1000);
  });

  it('is refused in GeneralizedTime before 2050', () => {
    expect(() => read('generalizedTime', '20491231235959Z')).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
