/** What to do about a name that no certificate can hold, by the reason that reading it gave. */
import type { ReasonCode } from '../errors.ts';

const sentences: Partial<Record<ReasonCode, string>> = {
  badCharacters: 'The name has control characters. Leave them out.',
  badDnsName: 'This is no DNS name: labels of letters, digits and hyphens, at most 63 long and 253 in all. Correct it.',
  badIpAddress: 'This is no IP address: four numbers with dots, or IPv6, without a prefix. Correct it.',
  badEmailAddress: 'This is no plain e-mail address. Write it as local@host, without a display name.',
  badUri:
    'This is no URI that can be certified: scheme://host/path without user, query, fragment or escapes. Correct it.',
  idnNotAllowed: 'Internationalised names are not certified, as look-alikes cannot be told apart. Use an ASCII name.',
  nameTypeNotAllowed: 'Names of this type are never certified. Use DNS names, IP addresses, URIs or e-mail addresses.',
};

/** A sentence that says what is wrong and what to do. */
export const nameFault = (code: ReasonCode): string =>
  sentences[code] ?? 'This is no name that can be certified. Correct it.';
