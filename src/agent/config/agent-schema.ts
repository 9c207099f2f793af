/** The agent's file, `privyseal-agent.yaml`: every key with its default; docs/agent.md shows it annotated. */
import { type Static, Type } from '../../api/schema.ts';
import { keyTypes } from '../../domain/x509/key-type.ts';
import { ProofSchema } from '../proof/proof-schema.ts';
import { ReloadSchema } from '../reload/reload-schema.ts';

const closed = { additionalProperties: false };

const Path = (description: string) => Type.String({ minLength: 1, maxLength: 4096, description });

const Mode = (fallback: string) =>
  Type.String({ pattern: '^0?[0-7]{3}$', examples: ['"0640"'], default: fallback, description: 'Octal, in quotes' });

/** Who is given a file; only root may give files away. */
const Owner = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z0-9_.$-]{1,64}(:[A-Za-z0-9_.$-]{1,64})?$',
    examples: ['root:www-data'],
    description: '`user` or `user:group`, by name or number; the agent’s own if absent',
  }),
);

const Output = (mode: string) =>
  Type.Optional(
    Type.Object(
      {
        mode: Mode(mode),
        owner: Owner,
        name: Type.Optional(
          Type.String({
            pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$',
            description: 'Name of the file, in `replace` mode; that of the output if absent',
          }),
        ),
      },
      closed,
    ),
  );

/** Every file a target can have; the mode is its default. */
const outputs = {
  'key.pem': Output('0600'),
  'cert.pem': Output('0644'),
  'fullchain.pem': Output('0644'),
  'chain.pem': Output('0644'),
  'trust.pem': Output('0644'),
  'crl.pem': Output('0644'),
  'combined.pem': Output('0600'),
  'keystore.p12': Output('0600'),
  'truststore.p12': Output('0644'),
  'store-password': Output('0600'),
};

export type OutputName = keyof typeof outputs;

/** What a target that says nothing of outputs gets. */
const usualOutputs: readonly OutputName[] = [
  'key.pem',
  'cert.pem',
  'fullchain.pem',
  'chain.pem',
  'trust.pem',
  'crl.pem',
];

const FilesSchema = Type.Object(
  {
    folder: Path('Folder of the files; it is made if it is not there'),
    mode: Type.Enum(['link', 'replace'], {
      default: 'link',
      description: '`link`: the files are in `current/`, which switches as a whole; `replace`: in the folder itself',
    }),
    owner: Owner,
    outputs: Type.Optional(
      Type.Object(outputs, { ...closed, description: 'Files to keep; the six of PEM but combined.pem if absent' }),
    ),
    alias: Type.String({
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      default: 'privyseal',
      description: 'Name of the key in keystore.p12',
    }),
    passwordFile: Type.Optional(
      Path(
        'Password of the stores, readable by the agent’s user alone; one is made and kept in store-password if absent',
      ),
    ),
    alsoTrust: Type.Optional(
      Type.Array(Path('PEM file of roots'), {
        minItems: 1,
        maxItems: 20,
        description: 'Roots to trust besides the environment’s, for moving from one root or CA to another',
      }),
    ),
  },
  closed,
);

const TargetSchema = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
      description: 'How the target is called, once in the file',
    }),
    product: Type.Optional(
      Type.String({ pattern: '^[^/\\s]+/[^/\\s]+$', description: 'A certificate of another product is refused' }),
    ),
    profile: Type.Optional(
      Type.String({ minLength: 1, maxLength: 32, description: 'Profile; the first one the product may use if absent' }),
    ),
    names: Type.Array(Type.String({ minLength: 1, maxLength: 2048 }), {
      minItems: 1,
      maxItems: 100,
      description: 'Names to certify: DNS names, IP addresses, URIs, e-mail addresses',
    }),
    keyType: Type.Enum([...keyTypes], { default: 'ec-p256', description: 'Kind of the key' }),
    lifetimeSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'Wanted lifetime; the profile’s if absent' }),
    ),
    enrol: Type.Object(
      { tokenFile: Path('Enrolment token, for the first certificate, readable by the agent’s user alone') },
      closed,
    ),
    files: FilesSchema,
    reload: Type.Optional(ReloadSchema),
    proof: Type.Optional(ProofSchema),
    keep: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 3,
      description: 'Certificates whose sets are kept, with the one in use',
    }),
  },
  closed,
);

const url = (scheme: string, description: string) =>
  Type.String({ pattern: `^${scheme}://[^\\s/?#]+/?$`, examples: ['https://ca.example.org:8443'], description });

export const AgentSchema = Type.Object(
  {
    service: Type.Object(
      {
        url: url('https', 'Public face of the service'),
        distributionUrl: Type.Optional(url('https?', 'Where CRLs are fetched; as the certificates say if absent')),
        ca: Path('What to trust as the service: its `trust/system.pem`'),
      },
      closed,
    ),
    targets: Type.Array(TargetSchema, { minItems: 1, maxItems: 1000 }),
    stateFolder: Path('Folder of what the agent remembers; it is made if it is not there'),
    host: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,35}$',
        description:
          'What the service is told this machine is called, in front of the target’s name; its host name if absent',
      }),
    ),
    pollSeconds: Type.Integer({
      minimum: 5,
      maximum: 86_400,
      default: 300,
      description: 'How often a daemon asks for renewal information, roots and CRLs',
    }),
    metricsPort: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'Port of the metrics on the loopback address; none if absent',
      }),
    ),
  },
  closed,
);

/** The user that the agent's file belongs to, or everybody, where its mode says so: whose word the agent follows in any case. */
export type Writer = number | 'anybody';
export type AgentFile = Static<typeof AgentSchema> & { readonly writer?: Writer };
export type TargetConfig = AgentFile['targets'][number];
export type FilesConfig = TargetConfig['files'];

/** The files of a target that a program reads. */
export const outputsOf = (files: FilesConfig): readonly OutputName[] =>
  files.outputs === undefined ? usualOutputs : (Object.keys(files.outputs) as OutputName[]);
