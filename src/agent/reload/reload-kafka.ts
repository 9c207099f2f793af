/**
 * Reload action `kafka`. A broker reads its stores again only when its dynamic configuration is altered; one alteration makes it
 * read every modified store of every listener. Measured with Kafka 4.3.1; docs/reload.md tells what follows from it.
 */
import { access } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { followLog, type LogTail } from './log-tail.ts';
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { KafkaReload } from './reload-schema.ts';
import { runSuccessfully } from './run-program.ts';

const pollMs = 250;

export async function reloadKafka(reload: KafkaReload, context: ReloadContext): Promise<ReloadDone> {
  const { brokers, brokerLog, settleSeconds = 4 } = reload;
  const locations = await locationsOf(reload, context.files);
  for (const broker of brokers) {
    const log = await followLog(brokerLog);
    await alter(reload, broker, locations, context.signal);
    await settle(broker, log, settleSeconds, context.signal);
  }
  return {
    detail: `store locations of ${brokers.length === 1 ? 'broker' : 'brokers'} ${brokers.join(', ')} set again`,
  };
}

/**
 * The locations that the broker has already: the same path is read again, and a restart finds it where server.properties
 * says. A new path would be kept by the cluster, for this listener alone, and beat server.properties from then on.
 */
async function locationsOf(reload: KafkaReload, files: string): Promise<string> {
  const { listeners = ['SSL'], keystore = join(files, 'keystore.p12'), truststore } = reload;
  await mustBeThere(keystore);
  if (truststore !== undefined) await mustBeThere(truststore);
  const trust = truststore ?? (await isThere(join(files, 'truststore.p12')));
  const settings = listeners.flatMap((listener) => {
    // Kafka's own prefix of a listener is in lower case (KafkaConfig, `listener.name.<name>.`).
    const prefix = `listener.name.${listener.toLowerCase()}.ssl`;
    return [
      `${prefix}.keystore.location=${keystore}`,
      ...(trust === undefined ? [] : [`${prefix}.truststore.location=${trust}`]),
    ];
  });
  return settings.join(',');
}

const isThere = (file: string): Promise<string | undefined> =>
  access(file).then(
    () => file,
    () => undefined,
  );

async function mustBeThere(file: string): Promise<void> {
  if (/[,=[\]\s]/.test(file)) throw new ReloadError(`${file} holds what kafka-configs takes as its own punctuation.`);
  if ((await isThere(file)) === undefined) throw new ReloadError(`${file} is not there, or cannot be read.`);
}

async function alter(reload: KafkaReload, broker: number, locations: string, signal: AbortSignal): Promise<void> {
  const { command = ['/opt/kafka/bin/kafka-configs.sh'], bootstrapServer, commandConfig, timeoutSeconds = 60 } = reload;
  if (!isAbsolute(command[0] ?? '')) throw new ReloadError('The command is no absolute path.');
  await runSuccessfully({
    command: [
      ...command,
      ...['--bootstrap-server', bootstrapServer, '--command-config', commandConfig],
      ...['--alter', '--entity-type', 'brokers', '--entity-name', String(broker), '--add-config', locations],
    ],
    timeoutSeconds,
    signal,
  });
}

/**
 * The tool ends before the broker begins, and with 0 whatever comes of it. About twelve factories then read the stores one
 * after another; files that changed meanwhile would mix two sets. So it is waited, and the log is asked.
 */
async function settle(broker: number, log: LogTail, settleSeconds: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + settleSeconds * 1000;
  do {
    await pause(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const refusal = refusalIn(await log.written());
    if (refusal !== undefined) throw new ReloadError(`Broker ${broker} refused its new stores.`, refusal);
  } while (performance.now() < until);
}

/** With the causes, which follow in lines of their own; undefined when nothing was refused. */
function refusalIn(text: string): string | undefined {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /Encountered metadata publishing fault|metadata loading fault/.test(line));
  if (at < 0) return undefined;
  const causes = lines.slice(at + 1).filter((line) => /^Caused by: |^[\w.$]+(?:Exception|Error): /.test(line));
  return [lines[at], ...causes.slice(0, 10)].join('\n');
}
