/** REST shapes of vaults and of what their check found. */

import { wholeListOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

const Fault = (description: string) =>
  Type.Union(
    [
      Type.Null(),
      Type.Object(
        { code: Type.String({ examples: ['signerUnavailable'] }), message: Type.String() },
        { additionalProperties: false },
      ),
    ],
    { description },
  );

export const VaultJson = Type.Object(
  {
    name: Type.String({ examples: ['file'] }),
    configured: Type.Boolean({ description: 'False when authorities name it and the settings do not' }),
    fault: Fault('Why it cannot be used now; null when it answers with every key that it must have'),
    takesNewAuthorities: Type.Boolean({
      description: 'Keys of new authorities are made here unless they say otherwise',
    }),
    authorities: Type.Array(Type.String({ examples: ['dev-issuing'] }), {
      description: 'Names of those whose keys it holds',
    }),
  },
  { additionalProperties: false },
);
export type VaultJson = Static<typeof VaultJson>;

export const VaultList = wholeListOf(VaultJson);
export type VaultList = Static<typeof VaultList>;

const Figure = (description: string) => Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description });

export const VaultKeyCheckJson = Type.Object(
  {
    authority: Type.String({ examples: ['dev-issuing'] }),
    generation: Type.Integer({ minimum: 1, description: 'Of the authority; each has a key of its own' }),
    key: Type.String({ description: 'Its name in the vault', examples: ['dev-issuing.1f0c9a2e'] }),
    keyType: Type.String({ examples: ['ec-p256'] }),
    signatureAlgorithm: Type.String({ examples: ['ecdsa-with-SHA256'] }),
    verified: Type.Boolean({ description: 'Every probe verified with the public key of the authority’s certificate' }),
    fault: Fault('Why not'),
    latencyMs: Figure('Median of signatures one after the other'),
    slowestMs: Figure('The longest of them'),
    signaturesPerSecond: Figure('With 16 side by side'),
  },
  { additionalProperties: false },
);
export type VaultKeyCheckJson = Static<typeof VaultKeyCheckJson>;

export const VaultCheckJson = Type.Object(
  {
    name: Type.String({ examples: ['file'] }),
    checkedAt: Time(),
    fault: Fault('Why the vault itself cannot be used now, also where it holds no key of an authority yet'),
    keys: Type.Array(VaultKeyCheckJson, { description: 'One for each generation of an authority whose key is there' }),
  },
  { additionalProperties: false },
);
export type VaultCheckJson = Static<typeof VaultCheckJson>;

export const VaultPath = Type.Object({ vault: Type.String({ minLength: 1, description: 'Name of a vault' }) });
