import { appendFileSync, chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KafkaReload } from '#src/agent/reload/reload-schema.ts';
import { ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The scenes alter a real broker; here is what the tool is asked, and what its answers and the broker's log lead to. */
function kafkaConfigs({ code = 0, truststore = true } = {}) {
  const { path, write } = temporaryFolder();
  const [calls, log] = [write('calls', ''), write('server.log', '')];
  write('keystore.p12', 'store');
  if (truststore) write('truststore.p12', 'store');
  const tool = write('kafka-configs.sh', `#!/bin/sh\necho "$*" >> ${calls}\necho "said so"\nexit ${code}\n`);
  chmodSync(tool, 0o755);
  return {
    path,
    log,
    calls: () => readFileSync(calls, 'utf8').trim().split('\n'),
    reload: (more: Partial<KafkaReload> = {}, signal = new AbortController().signal) =>
      runReload(
        {
          action: 'kafka',
          command: [tool, '--quiet'],
          bootstrapServer: '127.0.0.1:9093',
          commandConfig: '/etc/kafka/admin.properties',
          brokers: [1],
          brokerLog: log,
          settleSeconds: 1,
          ...more,
        },
        { files: path, signal },
      ),
  };
}

const refusalOf = async (attempt: Promise<unknown>): Promise<ReloadError> => {
  const error = await attempt.catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(ReloadError);
  return error as ReloadError;
};

/** As Kafka 4.3.1 writes it. */
const fault = `[2026-11-01 10:00:00,000] ERROR Encountered metadata publishing fault: Error updating node with new configuration: ConfigResource(type=BROKER, name='1') in MetadataDelta up to 42 (org.apache.kafka.server.fault.LoggingFaultHandler)
org.apache.kafka.common.config.ConfigException: Validation of dynamic config update of SSLFactory failed: org.apache.kafka.common.KafkaException: Keystore DistinguishedName does not match
\tat org.apache.kafka.common.network.SslChannelBuilder.validateReconfiguration(SslChannelBuilder.java:116)
`;

describe('reload action kafka', () => {
  it('sets both stores to the paths that they have, for each listener and broker, in one alteration a broker', async () => {
    const { path, calls, reload } = kafkaConfigs();
    await reload({ brokers: [1, 12], listeners: ['SSL', 'CONTROLLER'] });
    const call = (broker: number) =>
      [
        '--quiet --bootstrap-server 127.0.0.1:9093 --command-config /etc/kafka/admin.properties',
        `--alter --entity-type brokers --entity-name ${broker} --add-config`,
        [
          `listener.name.ssl.ssl.keystore.location=${path}/keystore.p12`,
          `listener.name.ssl.ssl.truststore.location=${path}/truststore.p12`,
          `listener.name.controller.ssl.keystore.location=${path}/keystore.p12`,
          `listener.name.controller.ssl.truststore.location=${path}/truststore.p12`,
        ].join(','),
      ].join(' ');
    expect(calls()).toEqual([call(1), call(12)]);
  });

  it('leaves a truststore alone that is not of the set, unless it is named', async () => {
    const { path, calls, reload } = kafkaConfigs({ truststore: false });
    await reload();
    expect(calls()[0]).not.toContain('truststore');
    await reload({ truststore: join(path, 'keystore.p12') });
    expect(calls()[1]).toContain('truststore.location=');
  });

  it('is refused when the tool fails, with what it said', async () => {
    const { reload } = kafkaConfigs({ code: 1 });
    expect((await refusalOf(reload())).output).toBe('said so');
  });

  it('is refused when the broker’s log tells of a fault, although the tool ended with 0', async () => {
    const { log, reload } = kafkaConfigs();
    appendFileSync(log, fault.replaceAll('DistinguishedName', 'of long ago'));
    await reload();
    const reloading = reload({ settleSeconds: 60 });
    setTimeout(() => appendFileSync(log, fault), 300);
    const { output } = await refusalOf(reloading);
    expect(output).toContain('Keystore DistinguishedName does not match');
    expect(output).not.toContain('of long ago');
  });

  it('is refused before the tool is asked when a store is not there or has a name that the tool would take apart', async () => {
    const { path, calls, reload } = kafkaConfigs();
    await refusalOf(reload({ keystore: '/no/such/store.p12' }));
    await refusalOf(
      runReload(
        { action: 'kafka', bootstrapServer: 'x:1', commandConfig: '/x', brokers: [1] },
        {
          files: join(path, 'a,b'),
          signal: new AbortController().signal,
        },
      ),
    );
    expect(calls()).toEqual(['']);
  });

  it('rejects with the reason when it is interrupted while the broker settles', async () => {
    const { reload } = kafkaConfigs();
    const stop = new AbortController();
    const reason = new Error('stopping');
    setTimeout(() => stop.abort(reason), 300);
    await expect(reload({ settleSeconds: 600 }, stop.signal)).rejects.toBe(reason);
  });
});
