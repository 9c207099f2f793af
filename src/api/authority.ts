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
    certificate: Type.Union([AuthorityJson, Type.Null()], { description: 'In force; null while it waits for one' }),
  },
  { additionalProperties: false },
);
export type AuthorityDetailJson = Static<typeof AuthorityDetailJson>;
