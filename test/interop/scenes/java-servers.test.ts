/** Kafka and Spring Boot themselves: the agent's reload actions and proof, and what `handshake` says of them. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prove } from '#src/agent/proof/prove.ts';
import { ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { type Background, startBackground } from '../../support/background.ts';
import { clientOf, expiredClientOf, keyPem, serverOf, strangerRoot, system } from '../../support/face-tls.ts';
import { freePort } from '../../support/free-port.ts';
import { type Shown, seeHandshake } from '../../support/handshake-verb.ts';
import { kafkaJars, springBootJar } from '../../support/java-programs.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { installKafkaCommands } from '../../support/kafka-commands.ts';
import { type LinkedStores, linkedStores } from '../../support/linked-stores.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';

const signal = new AbortController().signal;
const [jars, jar] = [await kafkaJars(), await springBootJar()];

/** What Kafka wants of a broker: server and client, the address it is reached at, and all the names it had. */
const brokerOf = (root: TestCertificate, ...more: readonly string[]): TestCertificate =>
  serverOf(root, {
    commonName: 'broker',
    names: [
      { type: 'ip', value: '127.0.0.1' },
      ...['localhost', ...more].map((value) => ({ type: 'dns' as const, value })),
    ],
    extKeyUsage: ['serverAuth', 'clientAuth'],
  });

const proofOf = (port: number, certificate: TestCertificate, withinSeconds = 60) =>
  prove(
    { host: '127.0.0.1', serverName: 'localhost', port, withinSeconds, client: 'own' },
    {
      serial: certificate.serial,
      trustPem: system.pem + strangerRoot.pem,
      own: { certPem: certificate.pem, keyPem: keyPem(certificate) },
      signal,
    },
  );

/** What the verb says of each, over both versions of TLS. */
async function troublesAt(port: number, ...looks: Shown[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const version of ['1.2', '1.3']) {
    for (const shown of looks) {
      const { code, troubles } = await seeHandshake(`localhost:${port}`, shown, '--max-tls', version);
      seen.push([code, ...troubles]);
    }
  }
  return seen;
}

const looks: Shown[] = [
  { shown: clientOf(system) },
  {},
  { shown: clientOf(strangerRoot) },
  { shown: expiredClientOf(system) },
  { shown: clientOf(system), trust: strangerRoot },
];
const expected = [
  [0],
  [5, 'clientCertificateMissing'],
  [5, 'clientUnknownCa'],
  [5, 'clientExpired'],
  [9, 'serverIssuerMissing'],
];

const machine = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

describeWith([jars], 'Kafka', () => {
  const path = suiteFolder();
  let [port, controllerPort] = [0, 0];
  let stores: LinkedStores;
  let broker: Background;
  const first = brokerOf(system);

  const storesOf = (name: string): string[] => [
    ...[`ssl.keystore.type=PKCS12`, `ssl.keystore.location=${name}/keystore.p12`, `ssl.keystore.password=changeit`],
    ...[`ssl.truststore.type=PKCS12`, `ssl.truststore.location=${name}/truststore.p12`],
    'ssl.truststore.password=changeit',
  ];

  beforeAll(async () => {
    [port, controllerPort] = [await freePort(), await freePort()];
    for (const folder of ['bin', 'stores', 'admin']) mkdirSync(path(folder));
    installKafkaCommands(path('bin'), 'path' in jars ? jars.path : '');
    stores = linkedStores(path('stores'));
    stores.use(first, system);
    const admin = linkedStores(path('admin'));
    admin.use(clientOf(system, { commonName: 'admin' }), system, strangerRoot);
    writeFileSync(path('admin.properties'), ['security.protocol=SSL', ...storesOf(admin.current), ''].join('\n'));
    writeFileSync(path('server.properties'), serverProperties().join('\n'));
    const format = startBackground(join(path('bin'), 'kafka-storage.sh'), [
      ...['format', '-t', 'Y1s4TJnHRhyFdqMZ2u0eGw', '-c', path('server.properties')],
    ]);
    expect([await format.ended, format.output()]).toEqual([0, expect.any(String)]);
    const logging = `-Dorg.slf4j.simpleLogger.logFile=${path('server.log')}`;
    const kafka = [...machine, logging, '-cp', `${'path' in jars ? jars.path : ''}/*`, 'kafka.Kafka'];
    broker = startBackground(pathOf('java'), [...kafka, path('server.properties')]);
    const outcome = await proofOf(port, first, 120);
    expect([outcome, broker.output()]).toEqual([expect.objectContaining({ kind: 'proved' }), expect.any(String)]);
  }, 300_000);
  afterAll(() => broker?.stop(), 60_000);

  const serverProperties = (): string[] => [
    ...['process.roles=broker,controller', 'node.id=1', `controller.quorum.voters=1@127.0.0.1:${controllerPort}`],
    ...['controller.listener.names=CONTROLLER', `advertised.listeners=SSL://127.0.0.1:${port}`],
    `listeners=SSL://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    ...['inter.broker.listener.name=SSL', 'listener.security.protocol.map=SSL:SSL,CONTROLLER:SSL'],
    ...[`log.dirs=${path('data')}`, 'ssl.client.auth=required', ...storesOf(stores.current)],
    ...['ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT', 'super.users=User:broker;User:admin'],
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    ...['log.cleaner.dedupe.buffer.size=2097152', 'offsets.topic.replication.factor=1', ''],
  ];

  const reload = () =>
    runReload(
      {
        action: 'kafka',
        command: [join(path('bin'), 'kafka-configs.sh')],
        bootstrapServer: `127.0.0.1:${port}`,
        commandConfig: path('admin.properties'),
        brokers: [1],
        brokerLog: path('server.log'),
        settleSeconds: 5,
        timeoutSeconds: 180,
      },
      { files: stores.current, signal },
    );

  it('tells handshake who it takes and who not', async () => {
    expect(await troublesAt(port, ...looks)).toEqual([...expected, ...expected]);
  }, 120_000);

  it('takes a new set when the action tells it, on both listeners', async () => {
    const second = brokerOf(system);
    stores.use(second, system);
    expect(await proofOf(port, second, 1)).toMatchObject({ kind: 'failed', servedSerial: first.serial });
    await reload();
    expect(await proofOf(port, second)).toMatchObject({ kind: 'proved' });
    expect(await proofOf(controllerPort, second)).toMatchObject({ kind: 'proved' });
  }, 240_000);

  it('refuses a certificate that lost a name, which the action reads in its log, and takes the next good one', async () => {
    const named = brokerOf(system, 'kafka.example');
    stores.use(named, system);
    await reload();
    expect(await proofOf(port, named)).toMatchObject({ kind: 'proved' });
    stores.use(brokerOf(system), system);
    const refusal = await reload().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ReloadError);
    expect((refusal as ReloadError).output).toMatch(/SubjectAlt/i);
    expect(await proofOf(port, named)).toMatchObject({ kind: 'proved' });
    const back = brokerOf(system, 'kafka.example');
    stores.use(back, system);
    await reload();
    expect(await proofOf(port, back)).toMatchObject({ kind: 'proved' });
    expect(await proofOf(controllerPort, back)).toMatchObject({ kind: 'proved' });
  }, 360_000);

  it('takes another root in two steps: the trust first, then the certificate under it', async () => {
    const [old, next] = [brokerOf(system, 'kafka.example'), brokerOf(strangerRoot, 'kafka.example')];
    stores.use(old, system, strangerRoot);
    await reload();
    expect(await proofOf(port, old)).toMatchObject({ kind: 'proved' });
    stores.use(next, system, strangerRoot);
    await reload();
    expect(await proofOf(port, next)).toMatchObject({ kind: 'proved' });
    expect(await proofOf(controllerPort, next)).toMatchObject({ kind: 'proved' });
    expect(broker.running).toBe(true);
  }, 360_000);
});

describeWith([jar], 'Spring Boot', () => {
  const path = suiteFolder();
  let port = 0;
  let stores: LinkedStores;
  let app: Background;
  const first = brokerOf(system);

  beforeAll(async () => {
    port = await freePort();
    mkdirSync(path('stores'));
    stores = linkedStores(path('stores'));
    stores.use(first, system);
    writeFileSync(path('application.yaml'), JSON.stringify(settings()));
    chmodSync(path('application.yaml'), 0o600);
    const location = `--spring.config.location=file:${path('application.yaml')}`;
    app = startBackground(pathOf('java'), [...machine, '-jar', 'path' in jar ? jar.path : '', location]);
    const outcome = await proofOf(port, first, 120);
    expect([outcome, app.output()]).toEqual([expect.objectContaining({ kind: 'proved' }), expect.any(String)]);
  }, 300_000);
  afterAll(() => app?.stop(), 60_000);

  const settings = () => {
    const store = (name: string) => ({
      type: 'PKCS12',
      // Through `current` it would not see that move.
      location: `file:${path('stores')}/${name}`,
      password: stores.password,
    });
    return {
      server: { address: '127.0.0.1', port, ssl: { bundle: 'web', 'client-auth': 'need' } },
      'spring.ssl.bundle': {
        'watch.file.quiet-period': '500ms',
        'jks.web': {
          'reload-on-update': true,
          'key.alias': 'privyseal',
          keystore: store('keystore.p12'),
          truststore: store('truststore.p12'),
        },
      },
    };
  };

  it('tells handshake who it takes and who not', async () => {
    expect(await troublesAt(port, ...looks)).toEqual([...expected, ...expected]);
  }, 120_000);

  it('takes each new set by itself, as the action waits to see', async () => {
    for (const certificate of [brokerOf(system), brokerOf(system)]) {
      stores.use(certificate, system);
      await runReload({ action: 'spring-boot', quietPeriodMilliseconds: 500 }, { files: stores.current, signal });
      expect(await proofOf(port, certificate)).toMatchObject({ kind: 'proved' });
    }
    expect(app.running).toBe(true);
  }, 240_000);
});
