/** nginx as examples/nginx has it: client certificates required and optional, revocation, and rotation under load. */
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Background } from '../../support/background.ts';
import { describeWith, pathOf, run } from '../../support/judges.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf, untilServed } from '../../support/served-certificate.ts';

describeWith(['nginx', 'curl', 'wrk', 'openssl'], 'the nginx of the examples', () => {
  let scene: Scene;
  let nginx: Background;
  let required: number;
  let optional: number;

  beforeAll(async () => {
    scene = await openScene({ example: 'nginx', ports: [8444, 8445] });
    [required, optional] = [scene.port(8444), scene.port(8445)];
    await obtain('tls', 'server');
    await obtain('client', 'client');
    await scene.must(scene.path('update-crls'));
    nginx = scene.start(pathOf('nginx'), [...nginxArguments(), '-g', 'daemon off;']);
    await untilServed(required, await serialOf(scene.path('tls/cert.pem')));
  }, 120_000);
  afterAll(() => scene?.dispose());

  const nginxArguments = (): string[] => ['-p', scene.path('.'), '-c', 'nginx.conf'];
  const obtain = (folder: string, profile: string): Promise<string> =>
    scene.privyseal('request', 'demo.dev.internal', '--profile', profile, '--out', scene.path(folder));

  /** Status and body for whoever shows the certificate of `folder`, or none. */
  async function ask(port: number, folder?: string, path = '/'): Promise<string> {
    const shown = folder ? ['--cert', join(folder, 'fullchain.pem'), '--key', join(folder, 'key.pem')] : [];
    const url = `https://demo.dev.internal:${port}${path}`;
    const resolve = ['--resolve', `demo.dev.internal:${port}:127.0.0.1`];
    const trust = ['--cacert', scene.path('client/trust.pem')];
    const options = ['--silent', '--show-error', '--write-out', '%{stderr}%{http_code}'];
    const { stdout, stderr } = await run('curl', [...options, ...trust, ...resolve, ...shown, url]);
    return stderr === '200' ? `200 ${stdout.toString().trim()}` : stderr;
  }

  it('lets in who shows a certificate, and answers 400 to who does not', async () => {
    expect(await ask(required, scene.path('client'))).toBe('200 hello CN=demo.dev.internal');
    expect(await ask(required)).toBe('400');
  });

  it('where certificates are optional serves strangers, knows who shows one, and keeps the members’ part for those', async () => {
    const client = scene.path('client');
    expect(await ask(optional)).toBe('200 hello stranger');
    expect(await ask(optional, client)).toBe('200 hello CN=demo.dev.internal');
    expect(await ask(optional, undefined, '/members/')).toBe('403');
    expect(await ask(optional, client, '/members/')).toBe('200 hello member CN=demo.dev.internal');
  });

  it('answers 400 to a certificate of another environment, also where certificates are optional', async () => {
    await scene.privyseal('environment', 'add', 'staging');
    await scene.privyseal('product', 'add', 'staging/shop', '--name', 'demo.dev.internal');
    const token = scene.path('staging.token');
    await scene.privyseal('token', 'add', 'staging/shop', '--out', token);
    const folder = scene.path('staging');
    await scene.privyseal(
      'request',
      'demo.dev.internal',
      '--profile',
      'client',
      '--token-file',
      token,
      '--out',
      folder,
    );
    expect([await ask(required, folder), await ask(optional, folder)]).toEqual(['400', '400']);
  });

  it('rotates under load with a full handshake in every request, and no request fails', async () => {
    const master = readFileSync(scene.path('nginx.pid'), 'utf8');
    // Until it is told to stop.
    const load = ['-t1', '-c8', '-d10m', '-H', 'Connection: close', `https://127.0.0.1:${optional}/`];
    const wrk = scene.start(pathOf('wrk'), load);
    for (const round of ['first', 'second', 'third']) {
      await obtain(`tls-${round}`, 'server');
      renameSync(scene.path('tls'), scene.path(`tls-before-${round}`));
      renameSync(scene.path(`tls-${round}`), scene.path('tls'));
      await scene.must('nginx', [...nginxArguments(), '-s', 'reload']);
      await untilServed(optional, await serialOf(scene.path('tls/cert.pem')));
    }
    expect(wrk.running).toBe(true);
    expect([await wrk.stop('SIGINT'), wrk.output()]).toEqual([0, expect.stringMatching(/[1-9]\d* requests in/)]);
    expect(wrk.output()).not.toMatch(/Socket errors|Non-2xx/);
    expect([nginx.running, readFileSync(scene.path('nginx.pid'), 'utf8')]).toEqual([true, master]);
  }, 180_000);

  it('refuses a revoked certificate once the CRL has reached it', async ({ annotate }) => {
    await obtain('leaver', 'client');
    const leaver = scene.path('leaver');
    expect(await ask(required, leaver)).toMatch(/^200/);
    const serial = await serialOf(scene.path('leaver/cert.pem'));
    await scene.privyseal('revoke', serial, '--reason', 'cessationOfOperation', '--yes');
    const revokedAt = performance.now();
    const afterUpdate = async (): Promise<string> => {
      await scene.must(scene.path('update-crls'));
      return ask(required, leaver);
    };
    await expect.poll(afterUpdate, { timeout: 60_000, interval: 200 }).toBe('400');
    await annotate(`refused ${Math.round(performance.now() - revokedAt)} ms after the revocation`);
    // A worker of before the reload may take a connection yet.
    await expect.poll(() => ask(optional, leaver)).toBe('400');
    expect(await ask(required, scene.path('client'))).toBe('200 hello CN=demo.dev.internal');
  }, 120_000);
});
