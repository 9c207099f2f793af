/** The nginx of examples/nginx-rotating under the agent's daemon: rotations under load, and revocations that arrive. */
import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, pathOf, run } from '../../support/judges.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf, untilServed } from '../../support/served-certificate.ts';

describeWith(['nginx', 'curl', 'wrk', 'openssl'], 'the nginx that rotates itself', () => {
  let scene: Scene;
  let nginx: Background;
  let daemon: Background;
  let port: number;

  beforeAll(async () => {
    scene = await openScene({ example: 'nginx-rotating', ports: [8444] });
    port = scene.port(8444);
    // As often as it can: the test waits for what comes of it.
    appendFileSync(scene.path('agent.yaml'), 'pollSeconds: 5\n');
    expect(await rotate()).toMatch(/enrolled +nginx: .* not taken it yet/);
    nginx = scene.start(pathOf('nginx'), ['-p', scene.path('.'), '-c', 'nginx.conf', '-g', 'daemon off;']);
    await untilServed(port, await inUse());
    daemon = scene.start(scene.command('privyseal'), ['rotate', '-f', 'agent.yaml', '--daemon']);
  }, 120_000);
  afterAll(() => scene?.dispose());

  const rotate = (...args: string[]): Promise<string> =>
    scene.privyseal('rotate', '-f', scene.path('agent.yaml'), ...args);
  const inUse = (): Promise<string> => serialOf(scene.path('tls/current/cert.pem'));

  it('rotates under load with a full handshake in every request, and no request fails', async () => {
    const master = readFileSync(scene.path('nginx.pid'), 'utf8');
    // Until it is told to stop.
    const wrk = scene.start(pathOf('wrk'), [
      '-t1',
      '-c8',
      '-d10m',
      '-H',
      'Connection: close',
      `https://127.0.0.1:${port}/`,
    ]);
    const seen = new Set([await inUse()]);
    for (let round = 0; round < 3; round++) {
      expect(await rotate('--force')).toMatch(/^rotated +nginx: /);
      await untilServed(port, await inUse());
      seen.add(await inUse());
    }
    expect([wrk.running, daemon.running, seen.size]).toEqual([true, true, 4]);
    expect([await wrk.stop('SIGINT'), wrk.output()]).toEqual([0, expect.stringMatching(/[1-9]\d* requests in/)]);
    expect(wrk.output()).not.toMatch(/Socket errors|Non-2xx/);
    expect([nginx.running, readFileSync(scene.path('nginx.pid'), 'utf8')]).toEqual([true, master]);
  }, 180_000);

  it('refuses a revoked certificate once the daemon has brought the CRL, which nobody asked it to', async ({
    annotate,
  }) => {
    const client = scene.path('client');
    await scene.privyseal('request', 'demo.dev.internal', '--profile', 'client', '--out', client);
    const ask = async (): Promise<string> => {
      const { stdout } = await run('curl', [
        ...['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--cacert', `${client}/trust.pem`],
        ...['--resolve', `demo.dev.internal:${port}:127.0.0.1`, '--cert', `${client}/fullchain.pem`],
        ...['--key', `${client}/key.pem`, `https://demo.dev.internal:${port}/`],
      ]);
      return stdout.toString();
    };
    expect(await ask()).toBe('200');
    const before = await inUse();
    const serial = await serialOf(`${client}/cert.pem`);
    await scene.privyseal('revoke', serial, '--reason', 'cessationOfOperation', '--yes');
    const revokedAt = performance.now();
    await eventually(ask, (status) => status === '400');
    await annotate(`refused ${Math.round(performance.now() - revokedAt)} ms after the revocation`);
    expect([await inUse(), daemon.running]).toEqual([before, true]);
  }, 180_000);

  it('stops at once when the daemon is told to, and leaves nginx as it is', async () => {
    expect(await daemon.stop()).toBe(0);
    await untilServed(port, await inUse());
  }, 60_000);
});
