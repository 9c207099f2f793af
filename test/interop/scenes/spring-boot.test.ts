/** Spring Boot as examples/spring-boot has it: callers are their certificates, and stores rotate under constant requests. */
import { readFileSync, renameSync } from 'node:fs';
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
    const machine = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const location = '--spring.config.location=file:application.yaml';
    app = scene.start(pathOf('java'), [...machine, '-jar', 'path' in jar ? jar.path : '', location]);
    await app.until(/Started App/);
  }, 300_000);
  afterAll(() => scene?.dispose(), 60_000);

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
    await obtain('foreign', ['caller.shop.dev.internal'], ['--profile', 'client', '--token-file', 'staging.token']);
    await expect(whoami({ ...credentialOf('foreign'), ca })).rejects.toThrow(/alert|ECONNRESET|EPIPE|socket hang up/);
  }, 120_000);

  const obtain = (folder: string, names: readonly string[], options: readonly string[]): Promise<string> =>
    scene.must(scene.command('privyseal'), [
      ...['--home', join(scene.folder, 'data'), 'request', ...names, ...options, '--out', scene.path(folder)],
    ]);

  async function rotate(round: string): Promise<void> {
    const next = `next-${round}`;
    await obtain(next, ['shop.dev.internal', 'localhost'], ['--profile', 'server', '--token-file', 'shop.token']);
    await scene.privyseal('keystore', scene.path(next), '--password-file', scene.path('secrets/store-password'));
    for (const store of ['truststore.p12', 'keystore.p12'])
      renameSync(scene.path(`${next}/${store}`), scene.path(`tls/${store}`));
    await untilServed(port, await serialOf(scene.path(`${next}/cert.pem`)));
  }

  it('rotates under constant requests: none fails, and nothing is started again', async () => {
    const requests = startRequests({
      url: `https://localhost:${port}/whoami`,
      credential: () => credentialOf('caller'),
      expected: 'CN=caller.shop.dev.internal\n',
    });
    for (const round of ['first', 'second']) {
      await rotate(round);
      await requests.more(20);
    }
    const { good, failures } = await requests.stop();
    expect(failures).toEqual([]);
    expect(good).toBeGreaterThan(40);
    expect([app.running, app.output()]).toEqual([true, expect.not.stringMatching(/Unexpected SSL reload error/)]);
  }, 180_000);
});
