/** Bodies of JSON that two programs could read differently are read by none here. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CaError } from '../../../../src/domain/errors.ts';
import { readJson } from '../../../../src/faces/http/json/read-json.ts';

const read = (text: string): unknown => readJson(Buffer.from(text));

const refusal = (body: Uint8Array): unknown => {
  try {
    return readJson(body);
  } catch (error) {
    const { code, reasons } = error as CaError;
    return [code, ...reasons.map((reason) => `${reason.code} ${reason.field}`)];
  }
};

it('whatever JSON says once is read as it is', () => {
  const once = fc.json().filter((text) => !text.includes('__proto__'));
  fc.assert(
    fc.property(once, (text) => {
      expect(read(text)).toEqual(JSON.parse(text));
    }),
  );
});

it.each([
  ['beside', '{"a":1,"b":2,"a":1}', ['a']],
  ['spelled with an escape', '{"a":1,"\\u0061":2}', ['a']],
  ['deep inside', '[{"x":[{"a\\"{":1,"b":{"a\\"{":2},"a\\"{":3}]}]', ['a"{']],
  ['with spaces, and backslashes at its end', '\ufeff{ "a\\\\" \n:1, "b":"\\\\", "a\\\\"\t:2 }', ['a\\']],
  ['several of them', '{"a":1,"a":2,"b":{"c":1,"c":1},"a":3}', ['a', 'c']],
])('a name that is given twice is refused: %s', (_where, text, fields) => {
  expect(refusal(Buffer.from(text))).toEqual(['malformed', ...fields.map((field) => `invalidField ${field}`)]);
});

it('a name may be that of another object, and a value may look like one', () => {
  const text = '{"a":{"a":"a:{"},"b":[{"a":"\\"a\\":"},{"a":":"}]}';
  expect(read(text)).toEqual(JSON.parse(text));
});

it('a prototype is no field', () => {
  expect(refusal(Buffer.from('{"__proto__":{},"b":{"\\u005f_proto__":1}}'))).toEqual([
    'malformed',
    'unknownField __proto__',
  ]);
});

it.each([
  ['nothing', ''],
  ['half of it', '{"a":'],
  ['a string without an end', '"a'],
  ['octets that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
])('what is no JSON is refused: %s', (_what, body) => {
  expect(refusal(Buffer.from(body))).toEqual(['malformed']);
});

it('a megabyte of names is read, or refused, without trouble', () => {
  const names = Array.from({ length: 60_000 }, (_, index) => `"n${index}":0`).join();
  expect(Object.keys(read(`{${names}}`) as object)).toHaveLength(60_000);
  expect((refusal(Buffer.from(`{${names},${names}}`)) as unknown[]).length).toBe(101);
});

it.each([
  ['lists', '[', ']'],
  ['objects', '{"a":', '}'],
])('what is nested deeper than any request is refused: %s', (_what, open, close) => {
  const nested = (depth: number): string => `${open.repeat(depth)}0${close.repeat(depth)}`;
  expect(read(nested(32))).toEqual(JSON.parse(nested(32)));
  // Beside others that were closed before, and with brackets in a text, it is no deeper.
  expect(read(`[${nested(31)},${nested(31)},"${'['.repeat(40)}"]`)).toHaveLength(3);
  for (const depth of [33, 5_000]) expect(refusal(Buffer.from(nested(depth)))).toEqual(['malformed']);
  expect(refusal(Buffer.from(`{"list":${nested(32)}}`))).toEqual(['malformed']);
});
