/** The `reload` of a target in the agent's file: how a program is told that its files have changed, one schema an action. */
import { type Static, Type } from '../../api/schema.ts';

const absolutePath = '^/[^\\u0000]*$';

const AbsolutePath = (description: string, fallback?: string) =>
  Type.String({
    pattern: absolutePath,
    maxLength: 4096,
    description,
    ...(fallback !== undefined && { default: fallback }),
  });

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

/** How the program of a target learns that its files have changed. */
export const ReloadSchema = Type.Union([ExecReloadSchema, SignalReloadSchema, SystemdReloadSchema, NginxReloadSchema]);

export type ExecReload = Static<typeof ExecReloadSchema>;
export type SignalReload = Static<typeof SignalReloadSchema>;
export type SystemdReload = Static<typeof SystemdReloadSchema>;
export type NginxReload = Static<typeof NginxReloadSchema>;
export type Reload = Static<typeof ReloadSchema>;
