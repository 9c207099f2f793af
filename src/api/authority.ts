/** Authorities as the admin face shows them to operators: also those that wait for a certificate. */
import { pemExample } from './certificate.ts';
import { type Static, Time, Type } from './schema.ts';
import { AuthorityJson } from './service.ts';

export const AuthorityDetailJson = Type.Object(
  {
    name: Type.String(),
    role: AuthorityJson.properties.role,
    environment: Type.Union([Type.String(), Type.Null()]),
    parent: Type.String({ description: 'Who signs it; itself for a root' }),
    state: Type.Enum(['waiting', 'active', 'external'], {
      description: '`waiting`: its key is there, its certificate is not. `external`: its key is elsewhere',
    }),
    vault: Type.Union([Type.String(), Type.Null()]),
    vaultKey: Type.Union([Type.String(), Type.Null()], { description: 'Name of its key in the vault' }),
    keyType: Type.String(),
    signatureAlgorithm: Type.String(),
    createdAt: Time(),
    csr: Type.Union([Type.String(), Type.Null()], {
      description: 'PEM, of its newest generation; null unless it is signed elsewhere',
    }),
    certificate: Type.Union([AuthorityJson, Type.Null()], { description: 'In force; null while it waits for one' }),
    stopped: Type.Union([Type.String(), Type.Null()], {
      description: 'Why one that is compromised issues nothing, and what its replacement waits for',
    }),
    coming: Type.Union([AuthorityJson, Type.Null()], {
      description: 'Of the generation that a rotation brings; null before it has a certificate, and without a rotation',
    }),
  },
  { additionalProperties: false },
);
export type AuthorityDetailJson = Static<typeof AuthorityDetailJson>;

export const KeyType = (description: string) =>
  Type.Enum(['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'rsa-6144', 'rsa-8192', 'ed25519'], {
    description,
  });

export const AuthorityBody = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
    environment: Type.String({ minLength: 1, description: 'Name of an environment' }),
    vault: Type.Optional(Type.String({ minLength: 1, description: 'Where its key is; as the settings say if absent' })),
    key: Type.Optional(Type.String({ minLength: 1, description: 'A key that the vault has; a new one if absent' })),
    keyType: Type.Optional(KeyType('Of a new key')),
    commonName: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: '^[ -~]+$' })),
  },
  {
    additionalProperties: false,
    description: 'An authority whose certificate is signed elsewhere',
    examples: [{ name: 'prod-issuing', environment: 'prod' }],
  },
);
export type AuthorityBody = Static<typeof AuthorityBody>;

export const AuthorityImportBody = Type.Object(
  {
    chain: Type.String({ minLength: 1, description: 'PEM: the certificate for the CSR, then each issuer' }),
    root: Type.Optional(Type.String({ minLength: 1, description: 'PEM of the root, if it is not in the chain' })),
    rootSha256: Type.Optional(
      Type.String({
        pattern: '^[0-9a-fA-F]{64}$',
        description: 'Confirms the root of the chain: its SHA-256, compared with what its owner says',
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        chain: pemExample('CERTIFICATE'),
        rootSha256: '4aeb29acd535b1bd2c83397c95e1f84d649e251f6a0518bcb7b061b1f5a56a30',
      },
    ],
  },
);
export type AuthorityImportBody = Static<typeof AuthorityImportBody>;

export const CrlImportBody = Type.Object(
  { crl: Type.String({ minLength: 1, description: 'PEM' }) },
  { additionalProperties: false, examples: [{ crl: pemExample('X509 CRL') }] },
);
export type CrlImportBody = Static<typeof CrlImportBody>;
