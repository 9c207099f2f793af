/** Spring Boot as examples/spring-boot has it: callers are their certificates, and stores rotate under constant requests. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { startRequests } from '../../support/constant-requests.ts';
import { exchange } from '../../support/http-exchange.ts';
import { springBootJar } from '../../support/java-programs.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf, untilServed } from '../../support/served-certificate.ts';

const jar = await springBootJar();

describeWith([jar, 'openssl'], 'the Spring Boot of the examples', () => {
  let scene: Scene;
  let app: Background;
  let port: number;

  beforeAll(async () => {
    scene = await openScene({ example: 'spring-boot', ports: [9444] });
    port = scene.port(9444);
    await scene.must(scene.path('enrol'), [], { cwd: scene.folder });
    expect(await rotate()).toMatch(/enrolled +shop: .* not taken it yet/);
    const machine = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const location = '--spring.config.location=file:application.yaml';
    app = scene.start(pathOf('java'), [...machine, '-jar', 'path' in jar ? jar.path : '', location]);
    await app.until(/Started App/);
    expect(await rotate()).toMatch(/^(activated|refreshed) +shop: /);
  }, 300_000);
  afterAll(() => scene?.dispose(), 60_000);

  const rotate = (...args: string[]): Promise<string> =>
    scene.privyseal('rotate', '-f', scene.path('privyseal-agent.yaml'), ...args);
  const inUse = (): Promise<string> => serialOf(scene.path('tls/.privyseal/current/cert.pem'));

  const credentialOf = (folder: string) => {
    const read = (name: string): string => readFileSync(join(scene.path(folder), name), 'utf8');
    return { ca: read('trust.pem'), cert: read('fullchain.pem'), key: read('key.pem') };
  };
  const whoami = async (credential: { readonly ca: string }): Promise<string> => {
    const { status, body } = await exchange(`https://localhost:${port}/whoami`, credential);
    return `${status} ${body.toString().trim()}`;
  };

  it('knows its callers by the subjects of their certificates', async () => {
    expect(await whoami(credentialOf('caller'))).toBe('200 CN=caller.shop.dev.internal');
  });

  it('shakes no hands with who has no certificate, or one of another root', async () => {
    const { ca } = credentialOf('caller');
    await expect(whoami({ ca })).rejects.toThrow(/alert|ECONNRESET|EPIPE|socket hang up/);
    await scene.privyseal('environment', 'add', 'staging');
    await scene.privyseal('product', 'add', 'staging/shop', '--name', 'caller.shop.dev.internal');
    await scene.privyseal('token', 'add', 'staging/shop', '--out', scene.path('staging.token'));
    const identity = [
      '--profile',
      'client',
      '--token-file',
      scene.path('staging.token'),
      '--out',
      scene.path('foreign'),
    ];
    await scene.privyseal('request', 'caller.shop.dev.internal', ...identity);
    await expect(whoami({ ...credentialOf('foreign'), ca })).rejects.toThrow(/alert|ECONNRESET|EPIPE|socket hang up/);
  }, 120_000);

  it('rotates under constant requests: none fails, and nothing is started again', async () => {
    const requests = startRequests({
      url: `https://localhost:${port}/whoami`,
      credential: () => credentialOf('caller'),
      expected: 'CN=caller.shop.dev.internal\n',
    });
    for (let round = 0; round < 2; round++) {
      expect(await rotate('--force')).toMatch(/^rotated +shop: /);
      await untilServed(port, await inUse());
      await requests.more(20);
    }
    const { good, failures } = await requests.stop();
    expect(failures).toEqual([]);
    expect(good).toBeGreaterThan(40);
    expect([app.running, app.output()]).toEqual([true, expect.not.stringMatching(/Unexpected SSL reload error/)]);
  }, 180_000);

  it('serves the stores of before when new ones cannot be used, and the agent says so', async () => {
    const before = await inUse();
    const file = scene.path('privyseal-agent.yaml');
    const text = readFileSync(file, 'utf8');
    // Another name for the key: the application does not find the one that it is told of.
    writeFileSync(
      file,
      text
        .replace('mode: replace', 'mode: replace\n      alias: another')
        .replace('client: own', 'withinSeconds: 3, client: own'),
    );
    expect(await rotate('--force').catch(String)).toMatch(/failed +shop: proofFailed: /);
    expect([app.output(), await inUse()]).toEqual([expect.stringMatching(/Unexpected SSL reload error/), before]);
    await untilServed(port, before);
    writeFileSync(file, text);
  }, 120_000);
});
