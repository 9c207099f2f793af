/** A Kafka broker as examples/kafka has it: who may do what by certificate, and rotations that lose no record. */
import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { kafkaJars } from '../../support/java-programs.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { installKafkaCommands } from '../../support/kafka-commands.ts';
import { startTraffic, type Traffic } from '../../support/kafka-traffic.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf, servedSerials, untilServed } from '../../support/served-certificate.ts';

const cluster = 'Y1s4TJnHRhyFdqMZ2u0eGw';

const jars = await kafkaJars();

describeWith([jars, 'openssl'], 'the Kafka of the examples', () => {
  let scene: Scene;
  let broker: Background;
  let producer: Background;
  let consumer: Background;
  let traffic: Traffic;
  let port: number;

  beforeAll(async () => {
    scene = await openScene({ example: 'kafka', ports: [9192, 9193] });
    port = scene.port(9192);
    installKafkaCommands(scene.command('.'), jarsPath());
    await scene.must(scene.path('enrol'), [], { cwd: scene.folder });
    await scene.must(scene.command('kafka-storage.sh'), ['format', '-t', cluster, '-c', 'server.properties']);
    broker = scene.start(scene.command('kafka-server-start.sh'), ['server.properties']);
    await broker.until(/Kafka Server started/);
    await scene.must(scene.path('allow'));
    await scene.must(pathOf('javac'), ['-cp', `${jarsPath()}/*`, 'RotatingClient.java']);
    producer = client('produce', 'orders-writer.properties', 'orders');
    consumer = client('consume', 'orders-reader.properties', 'orders', 'billing');
    traffic = startTraffic(producer, consumer);
  }, 300_000);
  afterAll(() => scene?.dispose(), 60_000);

  const jarsPath = (): string => ('path' in jars ? jars.path : '');

  /** The example's client; it ends with the scene. */
  function client(...args: string[]): Background {
    const machine = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
    return scene.start(pathOf('java'), [...machine, quiet, '-cp', `.:${jarsPath()}/*`, 'RotatingClient', ...args]);
  }

  /** What a client says that is expected to fail with its first line. */
  async function failureOf(...args: string[]): Promise<string> {
    const program = client(...args);
    program.input.end('x\n');
    await program.ended;
    return program.output();
  }

  const connection = (who = 'admin'): string[] => [
    ...['--bootstrap-server', `127.0.0.1:${port}`, '--command-config', `${who}.properties`],
  ];

  /** The broker reads its stores again, whatever the command says: only a handshake tells. */
  const tellBroker = (): Promise<string> =>
    scene.must(scene.command('kafka-configs.sh'), [
      ...[...connection(), '--alter', '--entity-type', 'brokers', '--entity-name', '1'],
      ...['--add-config', 'listener.name.ssl.ssl.keystore.location=broker/keystore.p12'],
    ]);

  /** A new certificate for `names` and, with `roots`, the truststore for these; the stores replace those of `folder`. */
  async function renewStores(folder: string, token: string, names: readonly string[], roots?: string): Promise<string> {
    const next = scene.path(`${folder}-next`);
    const profile = folder === 'broker' ? 'peer' : 'client';
    await scene.privyseal('request', ...names, '--profile', profile, '--token-file', scene.path(token), '--out', next);
    if (roots) writeFileSync(join(next, 'trust.pem'), roots);
    await scene.privyseal('keystore', next, '--password-file', scene.path(`${folder}/store-password`));
    const serial = await serialOf(join(next, 'cert.pem'));
    for (const store of ['truststore.p12', 'keystore.p12'])
      renameSync(join(next, store), join(scene.path(folder), store));
    renameSync(next, scene.path(`${folder}-${serial}`));
    return serial;
  }

  const brokerNames = ['broker.kafka.dev.internal', '127.0.0.1'];

  /** The same names in another environment, whose root the broker does not trust. */
  async function enrolInStaging(): Promise<void> {
    await scene.privyseal('environment', 'add', 'staging');
    await scene.privyseal('product', 'add', 'staging/kafka', '--name', '.kafka.dev.internal', '--name', '127.0.0.1');
    const token = scene.path('staging.token');
    await scene.privyseal('token', 'add', 'staging/kafka', '--uses', '10', '--out', token);
    cpSync(scene.path('orders-writer'), scene.path('foreign'), { recursive: true });
    await renewStores('foreign', 'staging.token', ['orders-writer.kafka.dev.internal']);
  }

  let current: string;
  async function rotateBroker(): Promise<void> {
    current = await renewStores('broker', 'kafka.token', brokerNames);
    await tellBroker();
    await untilServed(port, current);
  }

  it('lets producers produce and consumers consume', async () => {
    await traffic.flows();
  }, 120_000);

  it('lets neither a producer consume nor a consumer produce', async () => {
    const consuming = await failureOf('consume', 'orders-writer.properties', 'orders', 'billing');
    expect(consuming).toMatch(/failed: .*GroupAuthorizationException/);
    const producing = await failureOf('produce', 'orders-reader.properties', 'orders');
    expect(producing).toMatch(/failed: .*(Topic|Cluster)AuthorizationException/);
  }, 120_000);

  it('rotates the broker’s certificate while records flow', async () => {
    await rotateBroker();
    await traffic.flows();
  }, 120_000);

  it('keeps what it has when it silently refuses a certificate of another subject, and only the handshake shows it', async () => {
    const refused = await renewStores('broker', 'kafka.token', ['admin.kafka.dev.internal', ...brokerNames]);
    expect(await tellBroker()).toMatch(/Completed updating config/);
    await broker.until(/Keystore DistinguishedName does not match/);
    expect([await servedSerials(port), refused]).toEqual([new Set([current]), expect.not.stringContaining(current)]);
    // The way back is a set that it takes.
    await rotateBroker();
    await traffic.flows();
  }, 120_000);

  it('has clients that renew themselves when their stores change', async () => {
    await renewStores('orders-writer', 'orders-writer.token', ['orders-writer.kafka.dev.internal']);
    await producer.until(/^renewed the producer$/m);
    await renewStores('orders-reader', 'orders-reader.token', ['orders-reader.kafka.dev.internal']);
    await consumer.until(/^renewed the consumer$/m);
    await traffic.flows();
  }, 120_000);

  it('refuses who shows no certificate, and who shows one of another root', async () => {
    await enrolInStaging();
    const settings = readFileSync(scene.path('orders-writer.properties'), 'utf8');
    writeFileSync(scene.path('anonymous.properties'), settings.replaceAll(/^ssl\.keystore.*\n/gm, ''));
    writeFileSync(scene.path('foreign.properties'), settings.replace('orders-writer/keystore', 'foreign/keystore'));
    const list = (who: string): Promise<string> =>
      scene.must(scene.command('kafka-topics.sh'), [...connection(who), '--list']).catch(String);
    expect(await list('orders-writer')).toMatch(/^orders$/m);
    expect(await list('anonymous')).toMatch(/SslAuthenticationException/);
    expect(await list('foreign')).toMatch(/SslAuthenticationException/);
  }, 180_000);

  it('loses no record, repeats none and keeps their order', async () => {
    const { written, read } = await traffic.end();
    expect(read).toEqual(written);
    expect([producer.output(), consumer.output()].join('\n')).not.toMatch(/failed|kept the old/);
    expect(broker.running).toBe(true);
  }, 120_000);
});
