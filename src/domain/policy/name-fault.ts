/** What to do about a name that no certificate can hold, by the reason that reading it gave. */
import type { ReasonCode } from '../errors.ts';

const asciiOnly = 'Internationalised names are not certified, as look-alikes cannot be told apart. Use an ASCII name.';

const sentences: Partial<Record<ReasonCode, string>> = {
  badCharacters: 'The name has control characters. Leave them out.',
  badDnsName: 'This is no DNS name: labels of letters, digits and hyphens, at most 63 long and 253 in all. Correct it.',
  badIpAddress: 'This is no IP address: four numbers with dots, or IPv6, without a prefix. Correct it.',
  badEmailAddress: 'This is no plain e-mail address. Write it as local@host, without a display name.',
  badUri:
    'This is no URI that can be certified: scheme://host/path without user, query, fragment or escapes. Correct it.',
  idnNotAllowed: asciiOnly,
  nameTypeNotAllowed: 'Names of this type are never certified. Use DNS names, IP addresses, URIs or e-mail addresses.',
};

/** A sentence that says what is wrong with `name` and what to do. */
export function nameFault(code: ReasonCode, name: string): string {
  const usual = usualFaults[code]?.find(([pattern]) => pattern.test(name));
  return usual?.[1] ?? sentences[code] ?? 'This is no name that can be certified. Correct it.';
}

type Faults = readonly (readonly [RegExp, string])[];

/** What people do take for DNS names. */
const usualDnsFaults: Faults = [
  [/^\d{1,3}(?:\.\d{1,3}){3}$/, 'This is an IP address in the place of a DNS name. Ask for it as one: IP:192.0.2.1.'],
  [/^[^.].*[^.]\.$/, 'A DNS name in a certificate has no dot at its end. Leave it out.'],
  [/^[\w.-]*_[\w.-]*$/, 'A host name has no underscore (RFC 1123). Use a hyphen.'],
  [/[^ -~]/, asciiOnly],
  [/\*/, 'A wildcard is the whole left-most label of a name, and the only one: *.example.org. Correct it.'],
];

/** Two texts that mean one resource would be two names: what RFC 3986 §6 would normalise, or SPIFFE IDs do not have, is refused. */
const usualUriFaults: Faults = [
  [/^.{2049}/, 'A URI has at most 2048 characters. Shorten it.'],
  [/[?#]/, 'A URI that can be certified has no query and no fragment. Leave them out.'],
  [/%/, 'A URI that can be certified has no percent-encoding. Use letters, digits and the like as they are.'],
  [/^[^/]*:\/\/[^/]*@/, 'A URI that can be certified has no user. Leave it out.'],
  [/^(?:[^/]*[A-Z]|[^/]*:\/\/[^/]*[A-Z])/, 'The scheme and host of a URI are in lower case. Write them so.'],
  [/\/\.{1,2}(?:\/|$)/, 'A URI that can be certified has no segments that are dots. Write the path without.'],
  [
    /^[^/]*:\/\/[^/]+\/.*(?:\/$|\/\/)/,
    'A URI that can be certified has no empty segments, nor a slash at its end. Leave them out.',
  ],
  [/^(?!.*:\/\/)/, 'A URI that can be certified has a host: scheme://host/path. Correct it.'],
];

const usualFaults: Partial<Record<ReasonCode, Faults>> = { badDnsName: usualDnsFaults, badUri: usualUriFaults };
