/** IP addresses between their octets and their one canonical text: dotted quad, and RFC 5952 for IPv6. */

/** 4 or 16 octets of an address in plain text, or undefined; no zone, no prefix, no leading zeros in a dotted quad. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const octets = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return octets && new Uint8Array(octets);
}

const decimalOctet = /^(?:0|[1-9]\d{0,2})$/;

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  const isQuad = parts.length === 4 && parts.every((part) => decimalOctet.test(part) && Number(part) <= 255);
  return isQuad ? parts.map(Number) : undefined;
}

/** RFC 4291 §2.2: eight groups, at most one `::` for one or more of them, the last two possibly as a dotted quad. */
function parseIpv6(text: string): number[] | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const left = parseGroups(head, tail === undefined);
  if (tail === undefined) return left?.length === 16 ? left : undefined;
  const right = parseGroups(tail, true);
  if (!left || !right || left.length + right.length > 14) return undefined;
  return [...left, ...new Array<number>(16 - left.length - right.length).fill(0), ...right];
}

function parseGroups(text: string, mayEndInQuad: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const octets: number[] = [];
  for (const [index, group] of groups.entries()) {
    const quad = mayEndInQuad && index === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined;
    if (quad) octets.push(...quad);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group))
      octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return octets;
}

/** Canonical text of 4 or 16 octets; a RangeError for any other number of them. */
export function formatIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw new RangeError('an IP address has 4 or 16 octets');
  // RFC 5952 §5: the IPv4-mapped prefix ::ffff:0:0/96 is shown with its dotted quad.
  const isMapped = octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 0xff && octets[11] === 0xff;
  if (isMapped) return `::ffff:${octets.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i]! << 8) | octets[2 * i + 1]!).toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** RFC 5952 §4.2: `::` stands for the longest run of two or more zero groups, the first of equals. */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === '0') continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
