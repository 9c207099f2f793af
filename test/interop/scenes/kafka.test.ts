/** A Kafka broker as examples/kafka has it: who may do what by certificate, and rotations that lose no record. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { eventually } from '../../support/eventually.ts';
import { kafkaJars } from '../../support/java-programs.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { installKafkaCommands } from '../../support/kafka-commands.ts';
import { startTraffic, type Traffic } from '../../support/kafka-traffic.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { acceptedAuthorities, serialOf, servedSerials, untilServed } from '../../support/served-certificate.ts';

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
    edit((text) => text.replace('/opt/kafka/bin/kafka-configs.sh', scene.command('kafka-configs.sh')));
    await rotate(...clients);
    expect(await rotate('broker')).toMatch(/enrolled +broker: .* not taken it yet/s);
    await scene.must(scene.command('kafka-storage.sh'), ['format', '-t', cluster, '-c', 'server.properties']);
    broker = scene.start(scene.command('kafka-server-start.sh'), ['server.properties']);
    await broker.until(/Kafka Server started/);
    expect(await rotate('broker')).toMatch(/^(activated|refreshed) +broker/);
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

  const rotate = (...args: string[]): Promise<string> =>
    scene.privyseal('rotate', '-f', scene.path('privyseal-agent.yaml'), ...args);
  const clients = ['admin', 'orders-writer', 'orders-reader'];

  /** Rewrites the agent's file as a person would. */
  function edit(change: (text: string) => string): void {
    const file = scene.path('privyseal-agent.yaml');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }

  const inUse = (target: string): Promise<string> => serialOf(scene.path(`${target}/current/cert.pem`));

  /** A client that has seen its stores change has a new connection with what is in them now. */
  const renewals = (): number[] =>
    [producer, consumer].map(({ output }) => output().match(/^renewed the (producer|consumer)$/gm)?.length ?? 0);

  async function clientsRenewed(before: readonly number[]): Promise<void> {
    await eventually(renewals, (now) => now.every((count, index) => count > before[index]!));
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

  it('rotates the broker’s certificate through the agent while records flow', async () => {
    expect(await rotate('--force', 'broker')).toMatch(/^rotated +broker: /);
    await untilServed(port, await inUse('broker'));
    await traffic.flows();
  }, 120_000);

  it('keeps what it has when it silently refuses a certificate of another subject: the handshake shows it', async () => {
    const before = await inUse('broker');
    const [names, others] = ['[broker.kafka', '[admin.kafka.dev.internal, broker.kafka'];
    edit((text) => text.replace(names, others).replace('withinSeconds: 20', 'withinSeconds: 3'));
    // The broker's own tool has reported success.
    expect(await rotate('broker').catch(String)).toMatch(/failed +broker: proofFailed: .* not the new /);
    await broker.until(/Keystore DistinguishedName does not match/);
    expect(await inUse('broker')).toBe(before);
    expect(await servedSerials(port)).toEqual(new Set([before]));
    edit((text) => text.replace(others, names).replace('withinSeconds: 3', 'withinSeconds: 20'));
    await traffic.flows();
  }, 120_000);

  it('has clients that renew themselves when their stores change', async () => {
    const before = renewals();
    expect(await rotate('--force', ...clients)).toMatch(/rotated +orders-writer: .*rotated +orders-reader: /s);
    await clientsRenewed(before);
    await traffic.flows();
  }, 120_000);

  it('refuses who shows no certificate, and who shows one of another root', async () => {
    await enrolInStaging();
    const settings = readFileSync(scene.path('orders-writer.properties'), 'utf8');
    writeFileSync(scene.path('anonymous.properties'), settings.replaceAll(/^ssl\.keystore.*\n/gm, ''));
    const foreign = settings.replaceAll(/orders-writer\/current(?=.keystore|:store)/g, 'foreign');
    writeFileSync(
      scene.path('foreign.properties'),
      foreign.replace(/(ssl.truststore.password=.*)orders-writer\/current/, '$1foreign'),
    );
    const list = (who: string): Promise<string> =>
      scene
        .must(scene.command('kafka-topics.sh'), [
          ...['--bootstrap-server', `127.0.0.1:${port}`, '--command-config', `${who}.properties`, '--list'],
        ])
        .catch(String);
    expect(await list('orders-writer')).toMatch(/^orders$/m);
    expect(await list('anonymous')).toMatch(/SslAuthenticationException/);
    expect(await list('foreign')).toMatch(/SslAuthenticationException/);
  }, 180_000);

  /** The same names in another environment, whose root the broker does not trust. */
  async function enrolInStaging(): Promise<void> {
    await scene.privyseal('environment', 'add', 'staging');
    await scene.privyseal('product', 'add', 'staging/kafka', '--name', '.kafka.dev.internal', '--name', '127.0.0.1');
    const token = scene.path('staging.token');
    await scene.privyseal('token', 'add', 'staging/kafka', '--uses', '10', '--out', token);
    const identity = ['--profile', 'client', '--token-file', token, '--out', scene.path('foreign')];
    await scene.privyseal('request', 'orders-writer.kafka.dev.internal', ...identity);
    const password = scene.path('orders-writer/current/store-password');
    await scene.privyseal('keystore', scene.path('foreign'), '--password-file', password);
    cpSync(password, scene.path('foreign/store-password'));
  }

  it('changes its root in steps while records flow: both roots, the new certificates, the new root alone', async () => {
    const [dev, staging] = ['dev', 'staging'].map((name) => scene.path(`${name}-root.pem`)) as [string, string];
    cpSync(scene.path('broker/current/trust.pem'), dev);
    cpSync(scene.path('foreign/trust.pem'), staging);
    const step = async (change: (text: string) => string): Promise<void> => {
      const before = renewals();
      edit(change);
      await rotate();
      await untilServed(port, await inUse('broker'));
      await clientsRenewed(before);
      await traffic.flows();
    };
    await step((text) => text.replaceAll('outputs: {', `alsoTrust: [${dev}, ${staging}]\n      outputs: {`));
    expect(await acceptedAuthorities(port)).toEqual(['Privyseal dev root', 'Privyseal staging root']);
    const enrolled = (text: string): string =>
      text
        .replaceAll(/product: dev\/.*/g, 'product: staging/kafka')
        .replaceAll(/tokenFile: .* }/g, 'tokenFile: staging.token }');
    await step(enrolled);
    await step((text) => text.replaceAll(/alsoTrust: .*\n +/g, ''));
    expect(await acceptedAuthorities(port)).toEqual(['Privyseal staging root']);
  }, 300_000);

  it('loses no record, repeats none and keeps their order', async () => {
    const { written, read } = await traffic.end();
    expect(read).toEqual(written);
    expect([producer.output(), consumer.output()].join('\n')).not.toMatch(/failed|kept the old/);
    expect(broker.running).toBe(true);
  }, 120_000);
});
