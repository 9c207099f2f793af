/** Ids of requests: UUIDs of version 7 (RFC 9562 §5.7), whose text is in the order of time. */

/** `random` is 10 octets, of which 74 bits are used. */
export function makeRequestId(nowMs: number, random: Uint8Array): string {
  const octets = Buffer.alloc(16);
  octets.writeUIntBE(nowMs, 0, 6);
  octets.set(random.subarray(0, 10), 6);
  octets[6] = 0x70 | (octets[6]! & 0x0f);
  octets[8] = 0x80 | (octets[8]! & 0x3f);
  const hex = octets.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The id as it is kept, undefined for text that is none. */
export function parseRequestId(text: string): string | undefined {
  const id = text.toLowerCase();
  return pattern.test(id) ? id : undefined;
}
