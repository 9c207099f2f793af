/** Authorities as the admin face shows them to operators: also those that wait for a certificate. */
import { type Static, Type } from './schema.ts';
import { AuthorityJson } from './service.ts';

const Time = () => Type.String({ format: 'date-time' });

export const AuthorityDetailJson = Type.Object(
  {
    name: Type.String(),
    role: AuthorityJson.properties.role,
    environment: Type.Union([Type.String(), Type.Null()]),
    parent: Type.String({ description: 'Who signs it; itself for a root' }),
    state: Type.Enum(['waiting', 'active'], {
      description: '`waiting`: its key is there, its certificate is not',
    }),
    vault: Type.String(),
    vaultKey: Type.String({ description: 'Name of its key in the vault' }),
    keyType: Type.String(),
    signatureAlgorithm: Type.String(),
    createdAt: Time(),
    csr: Type.Union([Type.String(), Type.Null()], { description: 'PEM; null unless it is signed elsewhere' }),
    certificate: Type.Union([AuthorityJson, Type.Null()], { description: 'In force; null while it waits for one' }),
  },
  { additionalProperties: false },
);
export type AuthorityDetailJson = Static<typeof AuthorityDetailJson>;

const KeyType = () =>
  Type.Enum(['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'rsa-6144', 'rsa-8192', 'ed25519'], {
    description: 'Of a new key',
  });

export const AuthorityBody = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
    environment: Type.String({ minLength: 1, description: 'Name of an environment' }),
    vault: Type.Optional(Type.String({ minLength: 1, description: 'Where its key is; as the settings say if absent' })),
    key: Type.Optional(Type.String({ minLength: 1, description: 'A key that the vault has; a new one if absent' })),
    keyType: Type.Optional(KeyType()),
    commonName: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: '^[ -~]+$' })),
  },
  { additionalProperties: false, description: 'An authority whose certificate is signed elsewhere' },
);
export type AuthorityBody = Static<typeof AuthorityBody>;
