/** What the documents have an operator type when it matters, typed as it stands: the drill of a restore, and the end of a product. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { describeWith, type RunResult, run } from '../support/judges.ts';
import { projectFolder, type RunningService, startService } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The block of commands in a page that has this line, or a part of it. */
function blockWith(page: string, line: string): string {
  const text = readFileSync(join(projectFolder, 'docs', page), 'utf8');
  const blocks = Array.from(text.matchAll(/^```\n([\s\S]+?)^```$/gm), ([, commands]) => commands!);
  return blocks.find((commands) => commands.includes(line))!;
}

const launcher = `'${process.execPath}' '${join(projectFolder, 'bin/privyseal.js')}'`;

describeWith(['openssl', 'curl'], 'an operator who types', () => {
  let service: RunningService;

  const shell = (cwd: string, ...script: string[]): Promise<RunResult> =>
    run('/bin/bash', ['-c', ['set -e', `npx() { shift; ${launcher} "$@"; }`, ...script].join('\n')], {
      cwd,
      env: { PRIVYSEAL_HOME: service.home, PRIVYSEAL_DISTRIBUTION_PORT: String(service.ports.distribution) },
    });

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service?.dispose());

  it('the drill of docs/backup.md finds revoked what was revoked since the backup', async () => {
    const { serial } = await submit(service);
    const ports = { 18443: await freePort(), 19443: await freePort(), 18080: await freePort() };
    const drill = Object.entries(ports)
      .reduce((text, [shown, taken]) => text.replaceAll(shown, String(taken)), blockWith('backup.md', '--home drill'))
      .replaceAll('SERIAL', serial!)
      .replace('node_modules/.bin/node bin/privyseal.js', launcher)
      // A person looks into the log before going on.
      .replace(
        / drill\.log &/,
        `$&\ncurl -sf -o ready --retry 60 --retry-delay 1 --retry-all-errors http://localhost:${ports[18080]}/readyz`,
      );
    const { path } = temporaryFolder();
    const { code, stdout, stderr } = await shell(
      path,
      'npx privyseal backup privyseal-monday.tar && cp privyseal-monday.tar monday.tar',
      `npx privyseal revoke ${serial} --reason superseded --yes`,
      `until curl -sf ${service.urls.distribution}/crl/dev-issuing.pem | openssl crl -noout -text | grep -qi ${serial}; do :; done`,
      blockWith('backup.md', 'tar xOf privyseal-monday.tar'),
      `cp '${service.path('vault/passphrase')}' passphrase`,
      drill,
    );
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(stdout.toString()).toMatch(/^Status +revoked$/m);
    expect(stdout.toString()).toMatch(new RegExp(`Serial Number: ${serial}`, 'i'));
    expect(existsSync(join(path, 'drill'))).toBe(false);
  });

  it('the root that docs/installing.md has fetched and compared is the environment’s, and judges what is issued', async () => {
    const { code, stdout, stderr } = await shell(
      temporaryFolder().path,
      `mkdir alice && cp '${service.path('trust/system.pem')}' alice`,
      'npx privyseal authority list',
      blockWith('installing.md', '/v1/trust-bundles/prod')
        .replace('https://ca.example.org:8443', service.urls.public)
        .replace('trust-bundles/prod', 'trust-bundles/dev'),
      'npx privyseal request demo.dev.internal --out demo',
      'openssl verify -CAfile prod.pem -untrusted demo/chain.pem demo/cert.pem',
    );
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const [, fingerprint] = /^([0-9a-f]{64}) {2}-$/m.exec(stdout.toString())!;
    expect(stdout.toString()).toMatch(new RegExp(`^dev-root .+ ${fingerprint}$`, 'm'));
    expect(stdout.toString()).toMatch(/^demo\/cert\.pem: OK$/m);
  });

  it('the end of a product of docs/installing.md leaves no good certificate and no product', async () => {
    const { code, stderr } = await shell(
      temporaryFolder().path,
      'npx privyseal product add dev/shop --name shop.dev',
      'npx privyseal token add dev/shop --uses 2 --out token',
      'npx privyseal request shop.dev --token-file token --out one',
      'npx privyseal request shop.dev --token-file token --out two',
      blockWith('installing.md', 'product remove prod/shop').replaceAll('prod/shop', 'dev/shop'),
    );
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const list = async (path: string): Promise<{ id?: string; status?: string }[]> =>
      JSON.parse((await service.admin(path)).body.toString()).items;
    expect((await list('/v1/products')).map(({ id }) => id)).toEqual(['dev/demo']);
    const certificates = await list('/v1/certificates?product=dev/shop');
    expect(certificates.map(({ status }) => status)).toEqual(['revoked', 'revoked']);
  });
});
