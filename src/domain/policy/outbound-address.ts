/** Which addresses the service connects to of its own accord: public ones, and what its operators configured. */
import { parseIpAddress } from '../x509/ip-address.ts';
import { type CidrRange, contains, parseCidr } from './cidr-range.ts';

const ranges = (...texts: string[]): CidrRange[] => texts.map((text) => parseCidr(text)!);

/** The registries of special-purpose addresses (RFC 6890 and its successors), multicast, and what was private once. */
const notPublic = [
  ...ranges('0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'),
  ...ranges('192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'),
  ...ranges('203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'),
  ...ranges('::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'),
  ...ranges('5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'),
];

/** An IPv4 address inside of one of IPv6 (RFC 4291 §2.5.5.2, RFC 6052 §2.1) is judged as what it reaches. */
const wrapping = ranges('::ffff:0:0/96', '64:ff9b::/96');

/** An address of these ranges is `configured`; `undefined`: it is none, or not one to connect to. */
export function judgeAddress(text: string, configured: readonly CidrRange[]): 'public' | 'configured' | undefined {
  const octets = parseIpAddress(text);
  if (!octets) return undefined;
  const reached = wrapping.some((range) => contains(range, octets)) ? octets.subarray(12) : octets;
  const isWithin = (all: readonly CidrRange[]): boolean => all.some((range) => contains(range, reached));
  if (isWithin(configured)) return 'configured';
  return isWithin(notPublic) ? undefined : 'public';
}
