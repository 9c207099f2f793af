/** What nameConstraints may be made of, and how its subtrees are read (RFC 5280 §4.2.1.10). */
import { describe, expect, it } from 'vitest';
import { contextTag } from '../../../src/domain/der/tag.ts';
import { implicit, nullValue, sequence, tlv } from '../../../src/domain/der/writer.ts';
import { decodeNameConstraints } from '../../../src/domain/x509/name-constraints.ts';

const ofText = (kind: number, text: string): Uint8Array => implicit(kind, Buffer.from(text, 'latin1'));
const dns = ofText(2, 'A.example');
const permitted = (...subtrees: Uint8Array[]): Uint8Array => tlv(contextTag(0, true), ...subtrees);
const excluded = (...subtrees: Uint8Array[]): Uint8Array => tlv(contextTag(1, true), ...subtrees);
const range = (octets: number): Uint8Array => implicit(7, new Uint8Array(octets).fill(0xff));

it('tells apart what is permitted and what is excluded, in the order in which it is written', () => {
  const value = sequence(
    permitted(sequence(dns), sequence(ofText(1, 'Ops@A.example'))),
    excluded(sequence(ofText(6, '.B.example')), sequence(range(8))),
  );
  expect(decodeNameConstraints(value)).toEqual({
    permitted: [
      { kind: 'dns', value: 'a.example' },
      { kind: 'email', value: 'Ops@a.example' },
    ],
    excluded: [
      { kind: 'uri', value: '.b.example' },
      { kind: 'ip', address: new Uint8Array(4).fill(0xff), mask: new Uint8Array(4).fill(0xff) },
    ],
  });
});

it('reads ranges of both families, and says of kinds with other rules that they are there', () => {
  const directoryName = tlv(contextTag(4, true), sequence());
  const { permitted: read } = decodeNameConstraints(sequence(permitted(sequence(range(32)), sequence(directoryName))));
  expect(read.map((subtree) => (subtree.kind === 'ip' ? subtree.mask.length : subtree.kind))).toEqual([16, 'other']);
});

describe('what cannot be read is refused:', () => {
  it.each([
    ['a minimum, which is 0 and left out', permitted(sequence(dns, implicit(0, Uint8Array.of(1))))],
    ['a list that is empty', excluded()],
    ['an address without its mask', permitted(sequence(range(4)))],
    ['an IPv6 address without its mask', permitted(sequence(range(16)))],
    ['a range that is too long', permitted(sequence(range(33)))],
    ['something behind both lists', Buffer.concat([permitted(sequence(dns)), nullValue()])],
    ['the lists in a wrong order', Buffer.concat([excluded(sequence(dns)), permitted(sequence(dns))])],
  ])('%s', (_, fields) => {
    expect(() => decodeNameConstraints(sequence(fields))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/./) }),
    );
  });
});
