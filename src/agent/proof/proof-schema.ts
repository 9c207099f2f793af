/** The `proof` of a target in the agent's file: where a TLS handshake must show the new certificate. */
import { type Static, Type } from '../../api/schema.ts';

export const ProofSchema = Type.Object(
  {
    host: Type.String({
      pattern: '^[A-Za-z0-9._:-]{1,253}$',
      description: 'Name or address that the program listens on, as this machine reaches it',
    }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'Its TLS port' }),
    serverName: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._:-]{1,253}$',
        description: 'Name that is asked for (SNI) and that the certificate must be for; the host if absent',
      }),
    ),
    withinSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 30,
        description: 'How long after the reload the new certificate may take to show; 30 if absent',
      }),
    ),
    client: Type.Optional(
      Type.Enum(['own', 'none'], {
        default: 'none',
        description:
          'Which client certificate is shown when the program asks for one: the target’s own new one, or none; none if absent. With none the serial is seen all the same',
      }),
    ),
  },
  { additionalProperties: false },
);

export type Proof = Static<typeof ProofSchema>;
