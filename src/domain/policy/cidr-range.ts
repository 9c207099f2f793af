/** CIDR ranges of IP addresses (RFC 4632, RFC 4291 §2.3), and the addresses that no wide range gives away. */
import { parseIpAddress } from '../x509/ip-address.ts';

export interface CidrRange {
  /** 4 or 16 octets, the bits after the prefix zero. */
  readonly octets: Uint8Array;
  readonly prefixLength: number;
}

/** `10.0.0.0/8`, `fd00::/8`; undefined for anything else, also with bits set after the prefix. */
export function parseCidr(text: string): CidrRange | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const octets = parseIpAddress(address);
  if (!octets || length === undefined || rest.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefixLength = Number(length);
  if (prefixLength > octets.length * 8) return undefined;
  const range = { octets, prefixLength };
  return Buffer.compare(masked(octets, prefixLength), octets) === 0 ? range : undefined;
}

/** True if the address is of the range's family and inside it. */
export const contains = ({ octets, prefixLength }: CidrRange, address: Uint8Array): boolean =>
  octets.length === address.length && Buffer.compare(masked(address, prefixLength), octets) === 0;

function masked(octets: Uint8Array, prefixLength: number): Uint8Array {
  return octets.map((octet, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
    return octet & (0xff << (8 - bits));
  });
}

/** RFC 6890: unspecified, loopback, link-local, multicast, IPv4-mapped; addresses that are nobody's alone. */
const specialPurpose = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '::ffff:0:0/96',
  'fe80::/10',
  'ff00::/8',
].map((text) => parseCidr(text)!);

/** True if `address`, which lies in `range`, is of a special purpose and `range` is wider than that: only a rule inside it means it. */
export function overlapsSpecialPurpose(range: CidrRange, address: Uint8Array): boolean {
  const special = specialPurpose.find((candidate) => contains(candidate, address));
  return special !== undefined && range.prefixLength < special.prefixLength;
}
