/** The `reload` of a target in the agent's file: how a program is told that its files have changed, one schema an action. */
import { type Static, Type } from '../../api/schema.ts';

const absolutePath = '^/[^\\u0000]*$';

const AbsolutePath = (description: string, fallback?: string) =>
  Type.String({
    pattern: absolutePath,
    examples: ['/path/to/file'],
    maxLength: 4096,
    description,
    ...(fallback !== undefined && { default: fallback }),
  });

/** Without what kafka-configs takes as its own: commas, brackets, equals signs, spaces. */
const StorePath = (description: string) => Type.String({ pattern: '^/[A-Za-z0-9._/@+:~-]{1,4095}$', description });

const Seconds = (description: string, fallback: number) =>
  Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 3600,
      default: fallback,
      description: `${description}; ${fallback} if absent`,
    }),
  );

const closed = { additionalProperties: false };

/** Any program, without a shell. */
export const ExecReloadSchema = Type.Object(
  {
    action: Type.Literal('exec'),
    command: Type.Array(Type.String({ minLength: 1, maxLength: 4096, pattern: '^[^\\u0000]*$' }), {
      minItems: 1,
      maxItems: 100,
      description: 'Absolute path of the program, then its arguments, each as it is: no shell reads them',
    }),
    timeoutSeconds: Seconds('Then it gets SIGTERM, and SIGKILL five seconds later, with all that it started', 30),
  },
  closed,
);

/** A signal to the process that a pid file names. */
export const SignalReloadSchema = Type.Object(
  {
    action: Type.Literal('signal'),
    pidFile: AbsolutePath('File that holds the number of the process, and nothing else'),
    signal: Type.Optional(
      Type.Enum(['SIGHUP', 'SIGUSR1', 'SIGUSR2'], {
        default: 'SIGHUP',
        description: 'What the program takes as the order to read its files again; SIGHUP if absent',
      }),
    ),
    processName: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 15,
        description:
          'Name of the process as /proc/PID/comm shows it: a pid file that an older process left behind then hits nobody else',
      }),
    ),
  },
  closed,
);

/** A unit of systemd. */
export const SystemdReloadSchema = Type.Object(
  {
    action: Type.Literal('systemd'),
    unit: Type.String({
      pattern: '^[A-Za-z0-9:_.\\\\@][A-Za-z0-9:_.\\\\@-]{0,254}$',
      description: 'Name of the unit, as `kafka.service`',
    }),
    verb: Type.Optional(
      Type.Enum(['reload', 'restart', 'reload-or-restart'], {
        default: 'reload',
        description: 'What systemctl is asked to do; reload if absent',
      }),
    ),
    systemctl: Type.Optional(AbsolutePath('The systemctl to run; /usr/bin/systemctl if absent', '/usr/bin/systemctl')),
    timeoutSeconds: Seconds('How long systemctl may take', 90),
  },
  closed,
);

/** NGINX: the configuration is tested first, and the new workers are waited for. */
export const NginxReloadSchema = Type.Object(
  {
    action: Type.Literal('nginx'),
    configFile: Type.Optional(
      AbsolutePath('The configuration that is tested; /etc/nginx/nginx.conf if absent', '/etc/nginx/nginx.conf'),
    ),
    pidFile: Type.Optional(AbsolutePath('Pid file of the master; /run/nginx.pid if absent', '/run/nginx.pid')),
    program: Type.Optional(AbsolutePath('The nginx that tests; /usr/sbin/nginx if absent', '/usr/sbin/nginx')),
    prefix: Type.Optional(AbsolutePath('The prefix nginx was started with (-p), if it was')),
    errorLog: Type.Optional(AbsolutePath('Its error log: what it says of a refused reload is then reported')),
    timeoutSeconds: Seconds('How long the test, and then the new workers, may take', 30),
  },
  closed,
);

/** Kafka: one change of the broker's dynamic configuration, after which it reads every store again that was modified. */
export const KafkaReloadSchema = Type.Object(
  {
    action: Type.Literal('kafka'),
    command: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4096, pattern: '^[^\\u0000]*$' }), {
        minItems: 1,
        maxItems: 100,
        default: ['/opt/kafka/bin/kafka-configs.sh'],
        description: 'Kafka’s own kafka-configs tool, by its absolute path; /opt/kafka/bin/kafka-configs.sh if absent',
      }),
    ),
    bootstrapServer: Type.String({
      pattern: '^[A-Za-z0-9\\[][A-Za-z0-9._:,\\[\\]-]{0,999}$',
      description: 'Where the tool finds the cluster, as HOST:PORT',
    }),
    commandConfig: AbsolutePath(
      'Properties with which the tool connects (its own keystore, a principal that may alter)',
    ),
    brokers: Type.Array(Type.Integer({ minimum: 0, maximum: 2_147_483_647 }), {
      minItems: 1,
      maxItems: 50,
      description: 'node.id of each broker that reads these stores',
    }),
    listeners: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_]{1,100}$' }), {
        minItems: 1,
        maxItems: 20,
        default: ['SSL'],
        description: 'Listeners whose store locations are set, to what they are already; SSL if absent',
      }),
    ),
    keystore: Type.Optional(StorePath('The keystore as server.properties names it; keystore.p12 of the set if absent')),
    truststore: Type.Optional(
      StorePath('The truststore as server.properties names it; truststore.p12 of the set if absent and there is one'),
    ),
    brokerLog: Type.Optional(
      AbsolutePath('Log of the broker: a store that it refuses is reported there, and nowhere else'),
    ),
    settleSeconds: Seconds('How long the broker may take for its stores, one after another', 4),
    timeoutSeconds: Seconds('How long the tool may take for one broker', 60),
  },
  closed,
);

/** Spring Boot: its own watcher of files does it; what can be done is to see that it gets the quiet that it waits for. */
export const SpringBootReloadSchema = Type.Object(
  {
    action: Type.Literal('spring-boot'),
    quietPeriodMilliseconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 600_000,
        default: 10_000,
        description: 'The application’s spring.ssl.bundle.watch.file.quiet-period; 10000 if absent, as there',
      }),
    ),
    timeoutSeconds: Seconds('How long its folder may take to become quiet', 60),
  },
  closed,
);

/** How the program of a target learns that its files have changed. */
export const ReloadSchema = Type.Union([
  ExecReloadSchema,
  SignalReloadSchema,
  SystemdReloadSchema,
  NginxReloadSchema,
  KafkaReloadSchema,
  SpringBootReloadSchema,
]);

export type ExecReload = Static<typeof ExecReloadSchema>;
export type SignalReload = Static<typeof SignalReloadSchema>;
export type SystemdReload = Static<typeof SystemdReloadSchema>;
export type NginxReload = Static<typeof NginxReloadSchema>;
export type KafkaReload = Static<typeof KafkaReloadSchema>;
export type SpringBootReload = Static<typeof SpringBootReloadSchema>;
export type Reload = Static<typeof ReloadSchema>;
