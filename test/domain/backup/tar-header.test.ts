import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTarHeader, encodeTarHeader, type TarMember, tarSpan } from '#src/domain/backup/tar-header.ts';

const members = fc.record({
  name: fc.stringMatching(/^[a-z0-9./-]{1,100}$/),
  size: fc.oneof(fc.nat(), fc.maxSafeNat()),
  modifiedAt: fc.nat(),
});

describe('a tar header', () => {
  it('is read back as it was written, whatever the size of the member', () => {
    fc.assert(
      fc.property(members, (member) => {
        expect(decodeTarHeader(encodeTarHeader(member))).toEqual(member);
      }),
    );
  });

  it('has one spelling: a flipped bit makes it another member, or none', () => {
    fc.assert(
      fc.property(members, fc.nat(511), fc.nat(7), (member, at, bit) => {
        const header = encodeTarHeader(member);
        header[at] = header[at]! ^ (1 << bit);
        expect(decodeTarHeader(header)).toBeUndefined();
      }),
    );
  });

  it('is what POSIX says', () => {
    const member: TarMember = { name: 'vault/vault.json', size: 1000, modifiedAt: 0o17_000_000_000 };
    const header = Buffer.from(encodeTarHeader(member)).toString('latin1');
    expect(header.slice(0, 16)).toBe('vault/vault.json');
    expect(header.slice(100, 108)).toBe('0000600\0');
    expect(header.slice(124, 136)).toBe('00000001750\0');
    expect(header.slice(136, 148)).toBe('17000000000\0');
    expect(header.slice(156, 157)).toBe('0');
    expect(header.slice(257, 265)).toBe('ustar\u000000');
    const withoutChecksum = `${header.slice(0, 148)}${' '.repeat(8)}${header.slice(156)}`;
    const sum = [...Buffer.from(withoutChecksum, 'latin1')].reduce((total, octet) => total + octet, 0);
    expect(header.slice(148, 156)).toBe(`${sum.toString(8).padStart(6, '0')}\0 `);
  });

  it('gives a database of 8 GiB and more a size that tar programs read', () => {
    const header = Buffer.from(encodeTarHeader({ name: 'privyseal.db', size: 8 ** 11, modifiedAt: 0 }));
    expect(header.subarray(124, 136).toString('hex')).toBe('800000000000000200000000');
  });

  it('spans whole blocks', () => {
    expect([0, 1, 511, 512, 513].map(tarSpan)).toEqual([512, 1024, 1024, 1024, 1536]);
  });
});
