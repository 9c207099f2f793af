/** The examples' pages are typed in as they stand, against a running service: what a reader pastes works. */
import { X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { readmeScript } from '../support/example-page.ts';
import { freePort } from '../support/free-port.ts';
import { describeWith, itWith, pathOf, run } from '../support/judges.ts';
import { projectFolder, type RunningService, startService } from '../support/running-service.ts';
import { serialOf } from '../support/served-certificate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describeWith(['openssl', 'curl'], 'the examples', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service?.dispose());

  /** A copy of the project's examples with the home beside them, as in the project folder. */
  function checkout(): string {
    const { path } = temporaryFolder();
    cpSync(join(projectFolder, 'examples'), join(path, 'examples'), { recursive: true });
    symlinkSync(service.home, join(path, 'data'));
    return path;
  }

  const environment = (): Record<string, string> => ({
    PRIVYSEAL_PUBLIC_PORT: String(service.ports.public),
    PRIVYSEAL_ADMIN_PORT: String(service.ports.admin),
    PRIVYSEAL_DISTRIBUTION_PORT: String(service.ports.distribution),
    PRIVYSEAL_DISTRIBUTION_URL: service.urls.distribution,
    PATH: `${process.env.PATH}:/usr/sbin`,
  });

  itWith(['curl', 'openssl'], 'with curl get, refuse, list and revoke', async () => {
    const cwd = checkout();
    const script = readmeScript(readFileSync(join(cwd, 'examples/curl/README.md'), 'utf8'));
    const { code, stdout, stderr } = await run('/bin/sh', ['-c', script], { cwd, env: environment() });
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(stdout.toString()).toMatch(/: OK\n/);
    expect(stdout.toString()).toMatch(/problems\/rejectedIdentifier/);
    expect(stdout.toString()).toMatch(/"status":"revoked"/);
    expect(stdout.toString()).toMatch(/nextUpdate=/);
  });

  itWith(
    ['curl', 'openssl', 'jq'],
    'of another CA go on with curl and jq: a profile, a product, a token, a rotation',
    async () => {
      const cwd = checkout();
      const script = readmeScript(readFileSync(join(projectFolder, 'docs/coming-from.md'), 'utf8'));
      const { code, stdout, stderr } = await run('/bin/sh', ['-c', script], { cwd, env: environment() });
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      const [fingerprint, status, ...valid] = stdout.toString().trim().split('\n');
      const system = new X509Certificate(readFileSync(service.path('trust/system.pem')));
      expect(fingerprint).toContain(system.fingerprint256.replaceAll(':', '').toLowerCase());
      expect([status, valid]).toEqual(['revoked', [expect.stringContaining('\ta.shop.internal\t')]]);
    },
  );

  itWith(['nginx', 'curl', 'openssl'], 'with nginx let a client in until it is revoked', async () => {
    const cwd = checkout();
    const [required, optional] = [String(await freePort()), String(await freePort())];
    for (const name of ['nginx.conf', 'README.md']) {
      const file = join(cwd, 'examples/nginx', name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('8444', required).replaceAll('8445', optional));
    }
    const script = readmeScript(readFileSync(join(cwd, 'examples/nginx/README.md'), 'utf8'));
    try {
      const { code, stdout, stderr } = await run('/bin/sh', ['-c', script], { cwd, env: environment() });
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      const lines = stdout.toString().split('\n');
      expect(lines.filter((line) => /^(hello|\d{3}$)/.test(line))).toEqual([
        'hello CN=demo.dev.internal',
        '400',
        'hello stranger',
        '403',
        'hello member CN=demo.dev.internal',
        '400',
      ]);
      const served = lines.find((line) => line.startsWith('serial='));
      expect(served).toBe(`serial=${(await serialOf(join(cwd, 'examples/nginx/tls/cert.pem'))).toUpperCase()}`);
    } finally {
      // After a failure in the middle; when all went well it has stopped already.
      await run(pathOf('nginx'), ['-p', join(cwd, 'examples/nginx'), '-c', 'nginx.conf', '-s', 'stop']);
    }
  });
});
