import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import * as der from '../../../src/domain/der/writer.ts';
import {
  decodeGeneralName,
  encodeGeneralName,
  parseGeneralName,
  readGeneralName,
} from '../../../src/domain/x509/general-name.ts';

describe('parseGeneralName', () => {
  it.each([
    ['Demo.DEV.internal', 'dns', 'demo.dev.internal'],
    ['localhost', 'dns', 'localhost'],
    ['*.dev.internal', 'dns', '*.dev.internal'],
    ['3com.example', 'dns', '3com.example'],
    ['10.0.0.1', 'ip', '10.0.0.1'],
    ['2001:DB8::1', 'ip', '2001:db8::1'],
    ['spiffe://dev/product-a/web', 'uri', 'spiffe://dev/product-a/web'],
    ['https://demo.dev.internal:8443/', 'uri', 'https://demo.dev.internal:8443/'],
    ['https://dev.internal:65535', 'uri', 'https://dev.internal:65535'],
    ['https://10.0.0.1/', 'uri', 'https://10.0.0.1/'],
    ['spiffe://dev_a/web', 'uri', 'spiffe://dev_a/web'],
    ['Ops.Team@Example.ORG', 'email', 'Ops.Team@example.org'],
  ])('reads %s as %s', (text, type, value) => {
    expect(parseGeneralName(text)).toEqual({ type, value });
  });

  it.each([
    ['', 'badDnsName'],
    ['-a.internal', 'badDnsName'],
    ['a-.internal', 'badDnsName'],
    ['a.b.', 'badDnsName'],
    ['host.123', 'badDnsName'],
    ['ab--c.internal', 'badDnsName'], // RFC 5890 §2.3.1: reserved, and no A-label
    ['\u212aube.internal', 'badDnsName'], // KELVIN SIGN, which toLowerCase folds to k
    ['xn--caf-dma.internal', 'idnNotAllowed'],
    ['a\u0000.internal', 'badCharacters'],
    ['10.0.0.256', 'badIpAddress'],
    ['1.2.3', 'badIpAddress'],
    ['::zz', 'badDnsName'],
    ['spiffe://dev/a/../b', 'badUri'],
    ['spiffe://dev//b', 'badUri'],
    ['spiffe://dev/a/', 'badUri'],
    ['SPIFFE://dev/a', 'badUri'],
    ['https://Dev.internal/a', 'badUri'],
    ['https://dev.internal/%2e%2e/b', 'badUri'],
    ['https://dev.internal/?q', 'badUri'],
    ['https://dev.internal/#f', 'badUri'],
    ['https://dev.internal:0/', 'badUri'],
    ['https://dev.internal:65536/', 'badUri'],
    ['https:///a', 'badUri'],
    ['https://dev.internal/\u0000', 'badCharacters'],
    ['https://-dev.internal/', 'badUri'],
    ['https://10.0.0.256/', 'badUri'],
    ['https://xn--dma.internal/', 'idnNotAllowed'],
    ['@example.org', 'badEmailAddress'],
    ['a\u0000@example.org', 'badCharacters'],
    ['a@xn--dma.internal', 'idnNotAllowed'],
    ['a..b@example.org', 'badEmailAddress'],
    ['a@b@example.org', 'badEmailAddress'],
    ['"a b"@example.org', 'badEmailAddress'],
    ['a@*.example.org', 'badEmailAddress'],
  ])('refuses %s as %s', (text, code) => {
    expect(readGeneralName(text)).toMatchObject({ type: 'other', code });
    expect(parseGeneralName(text)).toBeUndefined();
  });

  it('takes a name of 253 characters and none longer, the wildcard included, alone or in a URI or mailbox', () => {
    const longest = `${'abc.'.repeat(62)}abcde`;
    expect(parseGeneralName(longest)).toBeDefined();
    expect(readGeneralName(`${longest}f`)).toEqual({ type: 'other', code: 'badDnsName', value: `${longest}f` });
    const wildcard = `*.${longest.slice(2)}`;
    expect(parseGeneralName(wildcard)).toEqual({ type: 'dns', value: wildcard });
    for (const longer of [`*.${longest.slice(1)}`, `*.${longest}`])
      expect(readGeneralName(longer)).toEqual({ type: 'other', code: 'badDnsName', value: longer });
    expect(parseGeneralName(`ops@${longest}`)).toEqual({ type: 'email', value: `ops@${longest}` });
    expect(readGeneralName(`ops@${longest}f`)).toMatchObject({ code: 'badEmailAddress' });
    expect(parseGeneralName(`https://${longest}/`)).toBeDefined();
    expect(readGeneralName(`https://${longest}f/`)).toMatchObject({ code: 'badUri' });
  });

  it('takes a URI of 2048 characters, a mailbox of 64, and none longer', () => {
    const uri = `spiffe://dev/${'a'.repeat(2035)}`;
    expect(parseGeneralName(uri)).toEqual({ type: 'uri', value: uri });
    expect(readGeneralName(`${uri}a`)).toMatchObject({ type: 'other', code: 'badUri' });
    expect(parseGeneralName(`${'a'.repeat(64)}@example.org`)).toBeDefined();
    expect(readGeneralName(`${'a'.repeat(65)}@example.org`)).toMatchObject({ code: 'badEmailAddress' });
  });

  it('finds the same canonical text again in its own', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.emailAddress(), fc.string()), (text) => {
        const name = parseGeneralName(text);
        if (name) expect(parseGeneralName(name.value)).toEqual(name);
      }),
    );
  });
});

describe('a GeneralName in DER', () => {
  it.each(['demo.dev.internal', '10.0.0.1', '::1', 'spiffe://dev/a', 'ops@dev.internal'])('%s comes back', (text) => {
    const name = parseGeneralName(text)!;
    expect(decodeGeneralName(new DerReader(encodeGeneralName(name)))).toEqual(name);
  });

  // RFC 5280 appendix A.2, IMPLICIT TAGS: 0 to 8 in this order, an explicit one for directoryName, which is a CHOICE.
  it.each([
    ['81 03 61 40 62', 'email', 'a@b'],
    ['82 03 61 2e 62', 'dns', 'a.b'],
    ['86 06 61 3a 2f 2f 62 2f', 'uri', 'a://b/'],
    ['87 04 0a 00 00 01', 'ip', '10.0.0.1'],
    ['87 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01', 'ip', '::1'],
  ])('%s is the %s %s', (hex, type, value) => {
    const octets = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(decodeGeneralName(new DerReader(octets))).toEqual({ type, value });
    expect(Buffer.from(encodeGeneralName(parseGeneralName(value)!))).toEqual(octets);
  });

  it.each([
    ['a0 00', 'otherName'],
    ['a3 00', 'x400Address'],
    ['a4 02 30 00', 'directoryName'],
    ['a5 00', 'ediPartyName'],
    ['88 01 2a', 'registeredID'],
  ])('%s is told by its kind, which is never issued: %s', (hex, value) => {
    const octets = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(decodeGeneralName(new DerReader(octets))).toEqual({ type: 'other', code: 'nameTypeNotAllowed', value });
  });

  it.each([
    ['', ''],
    ['0a0001', '0a0001'],
    ['0a00000100', '0a00000100'],
    ['0a0000ffffff0000', '0a0000ffffff0000'], // an address and its mask, as only name constraints have them
  ])('with the %s octets of no IP address is told as they are', (hex, value) => {
    const name = der.implicit(7, Buffer.from(hex, 'hex'));
    expect(decodeGeneralName(new DerReader(name))).toEqual({ type: 'other', code: 'badIpAddress', value });
  });

  it('of no kind at all is a DerError', () => {
    expect(() => decodeGeneralName(new DerReader(der.implicit(9, Buffer.of(1))))).toThrow('unexpectedTag');
    expect(() => decodeGeneralName(new DerReader(der.utf8String('a')))).toThrow('unexpectedTag');
  });
});
