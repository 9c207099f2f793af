/** The kinds of keys that authorities may hold; one row each, callers receive the resolved entry. */

export const keyTypes = [
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'rsa-6144',
  'rsa-8192',
  'ed25519',
] as const;
export type KeyType = (typeof keyTypes)[number];

/** What kind of mathematics a key is, as signature algorithms need it. */
export type KeyFamily = 'ec' | 'rsa' | 'ed25519';

export const keyFamily = (type: KeyType): KeyFamily =>
  type === 'ed25519' ? 'ed25519' : type.startsWith('rsa') ? 'rsa' : 'ec';
