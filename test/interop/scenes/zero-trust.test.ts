/** Zero trust as examples/zero-trust has it: a public service that knows some, and two that believe each other alone. */
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { startRequests } from '../../support/constant-requests.ts';
import { describeWith, pathOf, run } from '../../support/judges.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf, untilServed } from '../../support/served-certificate.ts';

describeWith(['python3', 'openssl', 'curl'], 'the services of the zero-trust example', () => {
  let scene: Scene;
  let catalog: Background;
  let billing: Background;

  beforeAll(async () => {
    scene = await openScene({ example: 'zero-trust', ports: [8551, 8552] });
    await scene.must(scene.path('enrol'), [], { cwd: scene.folder });
    expect(await rotate()).toMatch(/catalog\.pid is not there.*billing\.pid is not there/s);
    catalog = scene.start(process.execPath, ['catalog.mjs']);
    billing = scene.start(pathOf('python3'), ['billing.py']);
    await Promise.all([catalog.until(/catalog is ready/), billing.until(/billing is ready/)]);
    await rotate();
  }, 180_000);
  afterAll(() => scene?.dispose());

  const rotate = (...args: string[]): Promise<string> =>
    scene.privyseal('rotate', '-f', scene.path('privyseal-agent.yaml'), ...args);
  const current = (service: string): string => scene.path(`tls/${service}/current`);

  /** Status and body for whoever shows the certificate in `folder`, or none; curl's own words when there is no answer. */
  async function ask(service: 'catalog' | 'billing', path: string, folder?: string): Promise<string> {
    const port = scene.port(service === 'catalog' ? 8551 : 8552);
    const shown = folder ? ['--cert', join(folder, 'fullchain.pem'), '--key', join(folder, 'key.pem')] : [];
    const name = `${service}.acme.internal`;
    const { stdout, stderr, code } = await run('curl', [
      ...['--silent', '--show-error', '--write-out', '%{http_code}', '--cacert', scene.path('customer/trust.pem')],
      ...['--resolve', `${name}:${port}:127.0.0.1`, ...shown, `https://${name}:${port}${path}`],
    ]);
    return code === 0 ? stdout.toString() : stderr;
  }

  it('serve everybody what is public, and one service what is for it alone', async () => {
    expect(await ask('catalog', '/prices')).toBe('a shovel is 12\n200');
    expect(await ask('catalog', '/prices', scene.path('customer'))).toBe('a shovel is 12\n200');
    expect(await ask('catalog', '/wholesale', current('billing'))).toBe('a shovel is 7\n200');
    expect(await ask('catalog', '/wholesale')).toBe('for billing alone\n403');
    expect(await ask('catalog', '/wholesale', scene.path('customer'))).toBe('for billing alone\n403');
  });

  it('never take a certificate of another organisation for none', async () => {
    await scene.privyseal('environment', 'add', 'rival', '--hierarchy', 'root');
    await scene.privyseal('product', 'add', 'rival/billing', '--name', 'billing.acme.internal');
    await scene.privyseal('token', 'add', 'rival/billing', '--out', scene.path('rival.token'));
    const identity = ['--profile', 'peer', '--token-file', scene.path('rival.token'), '--out', scene.path('rival')];
    await scene.privyseal('request', 'billing.acme.internal', ...identity);
    expect(await ask('catalog', '/prices', scene.path('rival'))).toMatch(/400$/);
    expect(await ask('catalog', '/wholesale', scene.path('rival'))).toMatch(/400$/);
    expect(await ask('billing', '/discount', scene.path('rival'))).toMatch(/^curl: /);
    await billing.until(/no handshake: .*CERTIFICATE_VERIFY_FAILED/);
  }, 120_000);

  it('believe each other by their certificates, Node and Python in both directions', async () => {
    expect(await ask('catalog', '/discount')).toBe('billing says: 200 ten percent\n200');
    expect(await ask('billing', '/invoice', scene.path('customer'))).toBe(
      'customer.acme.internal: catalog says: 200 a shovel is 7\n200',
    );
    expect(await ask('billing', '/discount', scene.path('customer'))).toBe('for catalog alone\n403');
    expect(await ask('billing', '/discount')).toMatch(/^curl: /);
    await billing.until(/no handshake: .*PEER_DID_NOT_RETURN_A_CERTIFICATE/);
  });

  it('both rotate while they call each other, and no call fails', async () => {
    const ca = readFileSync(scene.path('customer/trust.pem'), 'utf8');
    // All of one set, also while the link is switched.
    const credential = () => {
      const set = realpathSync(current('billing'));
      const read = (name: string): string => readFileSync(join(set, name), 'utf8');
      return { ca, cert: read('fullchain.pem'), key: read('key.pem'), servername: 'catalog.acme.internal' };
    };
    const requests = startRequests({
      url: `https://127.0.0.1:${scene.port(8551)}/discount`,
      credential,
      expected: 'billing says: 200 ten percent\n',
    });
    const before = await Promise.all(['catalog', 'billing'].map((name) => serialOf(join(current(name), 'cert.pem'))));
    expect(await rotate('--force')).toMatch(/rotated +catalog: .*rotated +billing: /s);
    await requests.more(20);
    const after = await Promise.all(['catalog', 'billing'].map((name) => serialOf(join(current(name), 'cert.pem'))));
    await untilServed(scene.port(8551), after[0]!);
    await untilServed(scene.port(8552), after[1]!);
    expect(after.filter((serial) => before.includes(serial))).toEqual([]);
    const { good, failures } = await requests.stop();
    expect([failures, good > 20]).toEqual([[], true]);
    expect([catalog.running, billing.running]).toEqual([true, true]);
  }, 120_000);
});
