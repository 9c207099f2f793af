import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpAddress, parseIpAddress } from '../../../src/domain/x509/ip-address.ts';

describe('IP addresses', () => {
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952 §4.2.3: the first of equal runs
    ['2001:0DB8::0001', '2001:db8::1'], // §4.1, §4.3
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // §4.2.2: one group is not shortened
    ['0:0:0:0:0:0:0:0', '::'],
    ['1::', '1::'],
    ['::1', '::1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'], // §5
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['10.0.0.1', '10.0.0.1'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatIpAddress(parseIpAddress(text)!)).toBe(canonical);
  });

  it.each([
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '0x0a.0.0.1',
    '10.0.0.1/8',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    '',
  ])('refuses %s', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  const octets = fc.oneof(...[4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length })));
  const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 });

  it('come back from their text as they were', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          octets,
          sparse.map((list) => new Uint8Array(list)),
        ),
        (address) => {
          expect(parseIpAddress(formatIpAddress(address))).toEqual(address);
        },
      ),
    );
  });

  it('are addresses to Node, too', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const address = parseIpAddress(text);
        expect(address === undefined).toBe(isIP(text) === 0);
      }),
    );
  });
});
