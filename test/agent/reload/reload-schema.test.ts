import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { ProofSchema } from '#src/agent/proof/proof-schema.ts';
import { ReloadSchema } from '#src/agent/reload/reload-schema.ts';
import { shaped } from '#src/api/shape.ts';

const accepted = (value: unknown): boolean => Value.Check(ReloadSchema, value);

describe('the schema of a reload', () => {
  it.each([
    { action: 'exec', command: ['/usr/bin/true'] },
    { action: 'signal', pidFile: '/run/haproxy.pid' },
    { action: 'systemd', unit: 'postgresql@15-main.service', verb: 'restart' },
    { action: 'nginx' },
    { action: 'kafka', bootstrapServer: 'kafka-1:9093', commandConfig: '/etc/kafka/admin.properties', brokers: [1] },
    { action: 'spring-boot' },
  ])('takes $action with no more than it needs', (reload) => {
    expect(accepted(reload)).toBe(true);
  });

  it.each([
    [{ action: 'shell', command: 'true' }],
    [{ action: 'exec', command: [] }],
    [{ action: 'exec', command: 'systemctl reload nginx' }],
    [{ action: 'exec', command: ['/usr/bin/true'], shell: true }],
    [{ action: 'exec', command: ['/usr/bin/true'], timeoutSeconds: 0 }],
    [{ action: 'signal', pidFile: 'run/nginx.pid' }],
    [{ action: 'signal', pidFile: '/run/x.pid', signal: 'SIGKILL' }],
    [{ action: 'systemd', unit: '--root=/tmp/x' }],
    [{ action: 'systemd', unit: 'a b' }],
    [{ action: 'systemd', unit: 'web', verb: 'stop' }],
    [{ action: 'nginx', configFile: 'nginx.conf' }],
    [{ action: 'kafka', bootstrapServer: 'kafka-1:9093', commandConfig: '/etc/kafka/admin.properties', brokers: [] }],
    [{ action: 'kafka', bootstrapServer: '--help', commandConfig: '/x', brokers: [1] }],
    [
      {
        action: 'kafka',
        bootstrapServer: 'x:1',
        commandConfig: '/x',
        brokers: [1],
        keystore: '/a,ssl.client.auth=none',
      },
    ],
    [{ action: 'spring-boot', quietPeriodMilliseconds: 0 }],
  ])('refuses %j', (reload) => {
    expect(accepted(reload)).toBe(false);
  });
});

describe('the schema of a proof', () => {
  it('takes host and port, and refuses what is none', () => {
    expect(shaped(ProofSchema, { host: 'localhost', port: 8443 })).toEqual({ host: 'localhost', port: 8443 });
    expect(shaped(ProofSchema, { host: '::1', port: 8443, client: 'own', withinSeconds: 5 })).toBeDefined();
    for (const wrong of [{ port: 0 }, { port: 65_536 }, { host: 'a b' }, { host: 'http://x' }, { client: 'all' }]) {
      expect(shaped(ProofSchema, { host: 'localhost', port: 8443, ...wrong })).toBeUndefined();
    }
  });
});
