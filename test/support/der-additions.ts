/** A DER value with one element more at the end of any of its constructed values: what a strict reader refuses everywhere. */
import { tlv } from '../../src/domain/der/writer.ts';

/** One for each constructed value, the outermost last; in `der` lengths are below 64 KiB. */
export function withOneMore(der: Uint8Array, element: Uint8Array): Uint8Array[] {
  const [tag = 0] = der;
  if ((tag & 0x20) === 0) return [];
  const children = elementsOf(der.subarray(headOf(der)));
  const replaced = children.flatMap((child, index) =>
    withOneMore(child, element).map((other) => tlv(tag, ...children.with(index, other))),
  );
  return [...replaced, tlv(tag, ...children, element)];
}

const headOf = ([, length = 0]: Uint8Array): number => (length < 0x80 ? 2 : 2 + (length & 0x7f));

function elementsOf(content: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (let rest = content; rest.length > 0; ) {
    const head = headOf(rest);
    const length =
      head === 2 ? rest[1]! : Buffer.from(rest.buffer, rest.byteOffset + 2, head - 2).readUIntBE(0, head - 2);
    elements.push(rest.subarray(0, head + length));
    rest = rest.subarray(head + length);
  }
  return elements;
}
