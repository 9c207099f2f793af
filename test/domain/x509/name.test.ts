import { describe, expect, it } from 'vitest';
import * as der from '../../../src/domain/der/writer.ts';
import { decodeName, encodeName, formatName } from '../../../src/domain/x509/name.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { checkSubject } from '../../../src/domain/x509/subject-rules.ts';
import { commonName, rawCommonName } from '../../support/csr-builder.ts';

const attributeOf = (oid: string, value: Uint8Array): Uint8Array => der.sequence(der.oid(oid), value);
const reasonsOf = (name: Uint8Array): string[] => checkSubject(decodeName(name)).map(({ code }) => code);

describe('a distinguished name', () => {
  it('comes back in its order, countryName as PrintableString and the rest as UTF8String', () => {
    const encoded = encodeName([
      { type: 'countryName', value: 'DE' },
      { type: 'organizationName', value: 'Müller' },
      { type: 'commonName', value: 'demo' },
    ]);
    expect(Buffer.from(encoded).toString('hex')).toBe(
      // SEQUENCE { SET { SEQUENCE { C, PrintableString } }, SET { SEQUENCE { O, UTF8String } }, SET { SEQUENCE { CN } } }
      '302e310b300906035504061302444531' + '10300e060355040a0c074dc3bc6c6c6572310d300b06035504030c0464656d6f',
    );
    expect(decodeName(encoded).attributes.map(({ value }) => value)).toEqual(['DE', 'Müller', 'demo']);
  });

  it('is shown most specific part first, with everything escaped that is special or not printable', () => {
    const name = encodeName([
      { type: 'organizationName', value: ' A, "B" <é>\u001b' },
      { type: 'commonName', value: '#demo #1 ' },
    ]);
    expect(formatName(decodeName(name))).toBe('CN=\\#demo #1\\ ,O=\\ A\\, \\"B\\" \\<\\c3\\a9\\>\\1b');
  });

  it('shows unknown types by their encoding and joins the attributes of one RDN', () => {
    const rdn = der.setOf(
      attributeOf('1.3.6.1.4.1.99999.3', der.printableString('x')),
      attributeOf(oids.commonName, der.utf8String('demo')),
    );
    expect(formatName(decodeName(der.sequence(rdn)))).toBe('CN=demo+1.3.6.1.4.1.99999.3=#130178');
  });

  it.each([
    ['BMPString', der.tlv(0x1e, Buffer.from('M\u00fcller & Co', 'utf16le').swap16()), 'CN=M\\c3\\bcller & Co'],
    ['TeletexString', der.tlv(0x14, Buffer.from('M\u00fcller', 'latin1')), 'CN=M\\c3\\bcller'],
  ])('that an old CA wrote as %s is read, and known as such', (_type, value, text) => {
    const name = decodeName(der.sequence(der.setOf(attributeOf(oids.commonName, value))));
    expect([formatName(name), name.retired]).toEqual([text, true]);
  });

  it('of no RDN at all is empty', () => {
    expect(formatName(decodeName(der.sequence()))).toBe('');
  });

  it.each([
    ['an empty RDN', der.sequence(der.setOf())],
    ['half a character', der.sequence(der.setOf(attributeOf(oids.commonName, der.tlv(0x1e, Buffer.of(0, 65, 0)))))],
    ['a type that is no text', der.sequence(der.setOf(attributeOf(oids.commonName, der.nullValue())))],
    [
      'a third field in an attribute',
      der.sequence(der.setOf(der.sequence(der.oid(oids.commonName), der.utf8String('a'), der.nullValue()))),
    ],
    ['bytes after it', Buffer.concat([der.sequence(), Buffer.alloc(1)])],
  ])('is refused with %s', (_, name) => {
    expect(() => decodeName(name)).toThrow('DER');
  });
});

describe('a requested subject', () => {
  it('may be empty, or hold what openssl asks for', () => {
    expect(reasonsOf(der.sequence())).toEqual([]);
    expect(
      reasonsOf(
        encodeName([
          { type: 'countryName', value: 'DE' },
          { type: 'emailAddress', value: 'a@b' },
        ]),
      ),
    ).toEqual([]);
  });

  it('counts characters, not octets or code units', () => {
    expect(reasonsOf(commonName('é'.repeat(64)))).toEqual([]);
    expect(reasonsOf(commonName('😀'.repeat(64)))).toEqual([]);
    expect(reasonsOf(commonName('😀'.repeat(65)))).toEqual(['badSubject']);
  });

  it('tells every rule it breaks, with values made printable', () => {
    const name = encodeName([
      { type: 'commonName', value: 'a\u001b[31m' },
      { type: 'commonName', value: '' },
      { type: 'countryName', value: 'DEU' },
    ]);
    expect(reasonsOf(name)).toEqual(['severalCommonNames', 'badCharacters', 'badSubject', 'badSubject']);
    const values = checkSubject(decodeName(rawCommonName(Buffer.from('a\r\nb')))).map(({ value }) => value);
    expect(values).toEqual(['a\\u{d}\\u{a}b']);
  });

  it('has at most 32 attributes', () => {
    const many = Array.from({ length: 33 }, () => ({ type: 'organizationalUnitName', value: 'a' }) as const);
    expect(reasonsOf(encodeName(many))).toEqual(['badSubject']);
  });
});
