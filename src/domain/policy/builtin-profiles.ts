/** The profiles every environment starts with: `server`, `client` and `peer`. */
import { parseProfile } from './parse-profile.ts';
import type { Profile } from './profile.ts';

const day = 86_400;

/** 30 days by default: short enough that rotation is a habit, and at most what browsers accept (398 days). */
const lifetimeSeconds = { minimum: 300, default: 30 * day, maximum: 397 * day };

const shared = {
  keyUsage: ['digitalSignature', 'keyEncipherment'],
  lifetimeSeconds,
  // Clocks of products run behind by seconds, not minutes, where certificates are rotated at all.
  backdateSeconds: 60,
  keys: { kinds: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa', 'ed25519'], rsaMinimumBits: 2048 },
};

const serverNames = { types: ['dns', 'ip', 'uri'], wildcards: true, maximum: 100 };
const clientNames = { types: ['dns', 'uri', 'email'], wildcards: false, maximum: 100 };

const definitions = [
  {
    ...shared,
    name: 'server',
    extendedKeyUsage: ['serverAuth'],
    subject: { commonName: 'firstName' },
    names: serverNames,
  },
  {
    ...shared,
    name: 'client',
    extendedKeyUsage: ['clientAuth'],
    subject: { commonName: 'firstName' },
    names: clientNames,
  },
  // A Kafka broker, or any service that also calls others, is client and server with one certificate.
  {
    ...shared,
    name: 'peer',
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    subject: { commonName: 'firstName' },
    names: serverNames,
  },
];

export const builtinProfiles = (environment: string, authority: string): readonly Profile[] =>
  definitions.map((definition) => parseProfile(definition, { environment, authority, version: 1 }));
