/** REST shapes of deployments: where a certificate is in use, as its targets report it. */
import { SerialSchema } from './certificate.ts';
import { wholeListOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

const exampleRoot = '5f1ec43d6a0a5d4ee1f42f6f8c0b1c8dd6f3a8f6f1e8bb6a0c8fb4dd5a1fd0a3';

/** 1 to 65535. */
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

const Target = Type.String({
  pattern: '^[A-Za-z0-9._:/-]{1,100}$',
  description: 'Name of the place, unique in its product',
  examples: ['web-1', 'kafka/broker-2'],
});

const trustSha256 = Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$', examples: [exampleRoot] }), {
  maxItems: 20,
  description: 'SHA-256 of the DER of each root that the target trusts, hexadecimal',
});

export const DeploymentBody = Type.Object(
  {
    target: Target,
    outcome: Type.Enum(['proved', 'deployed', 'failed'], {
      description: '`proved`: a handshake showed this certificate; `deployed`: put there, not looked at; `failed`',
    }),
    endpoint: Type.Optional(
      Type.String({
        pattern: `^(\\[[0-9A-Fa-f:.]{2,45}\\]|[A-Za-z0-9._-]{1,253}):${port}$`,
        description: 'Where the handshake was, `host:port`',
        examples: ['web-1.dev.internal:443'],
      }),
    ),
    servedSerial: Type.Optional(
      Type.String({
        ...SerialSchema,
        description: 'Serial of the certificate that the handshake showed, whoever issued it',
      }),
    ),
    detail: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: 'What there is to say, for people' }),
    ),
    trustSha256: Type.Optional(trustSha256),
  },
  {
    additionalProperties: false,
    examples: [{ target: 'web-1', outcome: 'proved', endpoint: 'web-1.dev.internal:443' }],
  },
);
export type DeploymentBody = Static<typeof DeploymentBody>;

/** The newest report of one target. */
export const DeploymentJson = Type.Object(
  {
    serial: SerialSchema,
    target: Target,
    outcome: Type.Enum(['proved', 'deployed', 'failed', 'awaited'], {
      description: '`awaited`: no report yet from a target that has, or last had, the predecessor',
    }),
    endpoint: Type.Union([Type.String(), Type.Null()]),
    servedSerial: Type.Union([SerialSchema, Type.Null()]),
    detail: Type.Union([Type.String(), Type.Null()]),
    trustSha256,
    reportedAt: Time('When it was reported, or first awaited'),
    reporter: Type.String({ description: 'Actor, as in the audit log', examples: ['product:dev/demo'] }),
  },
  { additionalProperties: false },
);
export type DeploymentJson = Static<typeof DeploymentJson>;

export const DeploymentList = wholeListOf(DeploymentJson);
export type DeploymentList = Static<typeof DeploymentList>;
