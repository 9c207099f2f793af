/** Products A, B and C of examples/products: who may call whom, by environment, by authority, and after a revocation. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, run } from '../../support/judges.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf } from '../../support/served-certificate.ts';

const names = { 'dev-a': 'dev.product-a.dev', 'dev-b': 'dev.product-b.dev', 'prod-a': 'prod.product-a.dev' } as const;
const ports = { 'dev-a': 8561, 'dev-b': 8562, 'prod-a': 8563 } as const;
type Service = keyof typeof names;
const services = Object.keys(names) as Service[];

describeWith(['openssl', 'curl'], 'products A, B and C', () => {
  let scene: Scene;
  const running = {} as Record<Service, Background>;

  beforeAll(async () => {
    scene = await openScene({ example: 'products', ports: Object.values(ports) });
    await scene.must(scene.path('enrol'), [], { cwd: scene.folder });
    await scene.must(scene.path('another-ca'));
    expect(await rotate()).toMatch(/prod-a\.pid is not there/);
    for (const name of services) {
      running[name] = scene.start(process.execPath, ['service.mjs', name, String(scene.port(ports[name]))]);
      await running[name].until(/is ready/);
    }
    await rotate();
  }, 180_000);
  afterAll(() => scene?.dispose());

  const rotate = (): Promise<string> => scene.privyseal('rotate', '-f', scene.path('privyseal-agent.yaml'));
  const filesOf = (name: string): string => (name in names ? scene.path(`tls/${name}/current`) : scene.path(name));

  /** What `caller` is told by a service, trusting what `trusts` trusts; curl's own words when there is no answer. */
  async function call(caller: string, service: Service, trusts: string = service): Promise<string> {
    const port = scene.port(ports[service]);
    const own = ['--cert', join(filesOf(caller), 'fullchain.pem'), '--key', join(filesOf(caller), 'key.pem')];
    const where = ['--resolve', `${names[service]}:${port}:127.0.0.1`, `https://${names[service]}:${port}/`];
    const trust = ['--cacert', join(filesOf(trusts), 'trust.pem')];
    const { stdout, stderr, code } = await run('curl', ['--silent', '--show-error', ...trust, ...own, ...where]);
    return code === 0 ? stdout.toString().trim() : stderr;
  }

  it('A and B of one environment call each other', async () => {
    expect(await call('dev-a', 'dev-b', 'dev-a')).toBe('dev-b greets dev.product-a.dev');
    expect(await call('dev-b', 'dev-a', 'dev-b')).toBe('dev-a greets dev.product-b.dev');
  });

  // Node tells the last of several reasons: there is neither an issuer nor a list of one.
  it('C is refused with a certificate of another environment', async () => {
    expect(await call('staging-c', 'dev-a')).toMatch(/^dev-a refuses: UNABLE_TO_GET_(CRL|ISSUER_CERT)/);
    // And it refuses the server as well: their roots are apart.
    expect(await call('staging-c', 'dev-a', 'staging-c')).toMatch(/^curl: \(60\)/);
  });

  it('C is refused with a certificate of another CA, though it has B’s name and a root of the same name', async () => {
    expect(await call('other-ca', 'dev-b')).toMatch(/^dev-b refuses: (UNABLE_TO|CERT_SIGNATURE|INVALID_CA)/);
  });

  it('C of the same environment is let in, until it is revoked and the agent has brought the list', async () => {
    expect(await call('dev-c', 'dev-a')).toBe('dev-a greets dev.product-c.dev');
    const serial = await serialOf(scene.path('dev-c/cert.pem'));
    await scene.privyseal('revoke', serial, '--reason', 'privilegeWithdrawn', '--yes');
    const afterTurn = async (): Promise<string> => {
      await rotate();
      return call('dev-c', 'dev-a');
    };
    await eventually(afterTurn, (answer) => answer === 'dev-a refuses: CERT_REVOKED');
    expect(await call('dev-b', 'dev-a')).toBe('dev-a greets dev.product-b.dev');
  }, 120_000);

  it('a certificate of prod is refused in dev, and one of dev in prod, by both sides', async () => {
    for (const [caller, service] of [
      ['prod-a', 'dev-a'],
      ['dev-a', 'prod-a'],
    ] as const) {
      expect(await call(caller, service)).toMatch(/ refuses: UNABLE_TO_GET_(CRL|ISSUER_CERT)/);
      expect(await call(caller, service, caller)).toMatch(/^curl: \(60\)/);
    }
    expect(await call('prod-a', 'prod-a')).toBe('prod-a greets prod.product-a.dev');
  });

  it('every environment has a root of its own, whose key is in the vault and nowhere in clear', async () => {
    const { items } = JSON.parse(await scene.privyseal('authority', 'list', '--json')) as {
      items: readonly { name: string; sha256: string }[];
    };
    const roots = items.filter(({ name }) => /^(dev|staging|prod)-root$/.test(name));
    expect(new Set(roots.map(({ sha256 }) => sha256)).size).toBe(3);
    const vault = scene.service.path('vault');
    const files = readdirSync(vault, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const contents = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
    expect(contents.filter((text) => /BEGIN (EC |RSA )?PRIVATE KEY/.test(text))).toEqual([]);
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['passphrase']));
  });
});
