/** The questions that bench/inventory.ts asks: every filter, search and order, each about many different certificates. */
import type { Sample } from './inventory-rows.ts';

/** Paths of the admin face, one for each sample; asked in turn. */
export type Questions = Readonly<Record<string, readonly string[]>>;

const daySeconds = 86_400;
const rfc3339 = (seconds: number): string => new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');

export function questionsAbout(samples: readonly Sample[]): Questions {
  const now = Math.floor(Date.now() / 1_000);
  const list = (queryOf: (about: Sample) => Record<string, string>): string[] =>
    samples.map((about) => `/v1/certificates?${new URLSearchParams({ limit: '100', ...queryOf(about) })}`);
  const host = (name: string): string => name.split('.')[0]!;
  const product = (name: string): string => name.split('.').slice(1).join('.');
  return {
    'by serial': list(({ serial }) => ({ serial })),
    'by key': list(({ keySha256 }) => ({ key: keySha256 })),
    'by issuer': list(({ issuerSerial }) => ({ issuer: issuerSerial })),
    newest: list(() => ({})),
    'of a product': list(({ owner }) => ({ product: owner })),
    'of three products': list(({ owner }) => ({ product: owner })).map(
      (path) => `${path}&product=dev/product-1&product=dev/product-2`,
    ),
    'of a profile': list(() => ({ profile: 'server' })),
    'of a rare profile': list(() => ({ profile: 'peer' })),
    'of an environment': list(() => ({ environment: 'dev' })),
    'of an authority': list(() => ({ authority: 'dev-issuing' })),
    'of a requester': list(({ requestedBy }) => ({ requestedBy })),
    valid: list(() => ({ status: 'valid' })),
    expired: list(() => ({ status: 'expired' })),
    revoked: list(() => ({ status: 'revoked' })),
    'pending or held': list(() => ({ status: 'pending' })).map((path) => `${path}&status=held`),
    'without successor': list(() => ({ successor: 'none' })),
    name: list(({ name }) => ({ name })),
    'suffix of a product': list(({ name }) => ({ name: `*.${product(name)}` })),
    'suffix of all': list(() => ({ name: '*.dev.internal' })),
    'text of one host': list(({ name }) => ({ q: `${host(name)}.` })),
    'text of all': list(() => ({ q: 'internal' })),
    'text of none': list(({ serial }) => ({ q: `nowhere-${serial.slice(-8)}` })),
    'issued within an hour': list(({ requestedAt }) => ({
      'issued.after': rfc3339(Math.floor(requestedAt / 1_000) - 1_800),
      'issued.before': rfc3339(Math.floor(requestedAt / 1_000) + 1_800),
    })),
    'expires in 14 days': list(() => ({
      'notAfter.after': rfc3339(now),
      'notAfter.before': rfc3339(now + 14 * daySeconds),
    })),
    'expires in 14 days, no successor': list(() => ({
      'notAfter.after': rfc3339(now),
      'notAfter.before': rfc3339(now + 14 * daySeconds),
      successor: 'none',
    })),
    'valid of a product, by expiry': list(({ owner }) => ({ product: owner, status: 'valid', sort: 'notAfter' })),
    'rare profile, by expiry': list(() => ({ profile: 'peer', sort: 'notAfter' })),
    'revoked of a product': list(({ owner }) => ({ product: owner, status: 'revoked' })),
    'by expiry': list(() => ({ sort: 'notAfter' })),
    'by expiry, last first': list(() => ({ sort: '-notAfter' })),
    oldest: list(() => ({ sort: 'requestedAt' })),
    'by name': list(() => ({ sort: 'name' })),
    'by name, downwards': list(() => ({ sort: '-name' })),
    'a product by name': list(({ owner }) => ({ product: owner, sort: 'name' })),
    'count of a product': list(({ owner }) => ({ product: owner, count: 'true' })),
    summary: ['/v1/inventory/summary'],
    'expiring in 90 days': ['/v1/inventory/expiring?days=90'],
  };
}
