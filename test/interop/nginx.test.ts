/** A real nginx with certificates of the service: mutual TLS with ssl_crl, and with its own OCSP questions (ssl_ocsp). */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type IssuedCertificate, issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { describeWith, itWith, pathOf, run } from '../support/judges.ts';
import { demoName } from '../support/key-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';

describeWith(['nginx', 'openssl', 'curl'], 'nginx', () => {
  let service: RunningService;
  let folder: string;
  let server: IssuedCertificate;
  let nginx: ChildProcess | undefined;
  let port: number;
  const file = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = temporaryFolder();
    mkdirSync(file('temporary'));
    service = await startService();
    server = await issueCertificate(service, folder, { name: 'server', profile: 'server' });
    port = await freePort();
  });

  afterEach(async () => {
    await stopNginx();
  });

  afterAll(async () => {
    await service?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function fetchCrls(): Promise<void> {
    let pem = '';
    for (const authority of ['dev-issuing', 'dev-root']) {
      const { body } = await service.distribution(`/crl/${authority}.crl`);
      pem += (await run('openssl', ['crl', '-inform', 'DER'], { input: body })).stdout.toString();
    }
    writeFileSync(file('crls.pem'), pem);
  }

  function configure(...directives: string[]): void {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${file('temporary')};`,
    );
    const lines = [
      ...['daemon off;', 'worker_processes 1;', `pid ${file('nginx.pid')};`, `error_log ${file('nginx.log')} info;`],
      ...['events {}', 'http {', 'access_log off;', ...temporary, 'server {', `listen 127.0.0.1:${port} ssl;`],
      ...[`ssl_certificate ${server.files.full};`, `ssl_certificate_key ${server.files.key};`],
      ...[`ssl_client_certificate ${service.path('trust/dev.pem')};`, 'ssl_verify_client on;', 'ssl_verify_depth 2;'],
      ...['ssl_session_cache off;', 'ssl_session_tickets off;', ...directives],
      ...['location / { return 200 "$ssl_client_s_dn $ssl_client_verify\\n"; }', '}', '}'],
    ];
    writeFileSync(file('nginx.conf'), lines.join('\n'));
  }

  async function startNginx(): Promise<void> {
    const args = ['-p', folder, '-c', file('nginx.conf')];
    const checked = await run('nginx', ['-t', ...args]);
    expect([checked.code, checked.stderr]).toEqual([0, expect.stringContaining('test is successful')]);
    nginx = spawn(pathOf('nginx'), args, { stdio: 'ignore' });
    for (let tries = 0; tries < 200 && (await ask()) === '000'; tries++) await pause(25);
  }

  async function stopNginx(): Promise<void> {
    const ended = nginx && new Promise((done) => nginx!.on('close', done));
    nginx?.kill('SIGTERM');
    await ended;
    nginx = undefined;
  }

  /** The HTTP status, `000` when there was none. */
  async function ask(...args: string[]): Promise<string> {
    const { stdout } = await run('curl', [
      ...[
        '--silent',
        '--output',
        '/dev/null',
        '--write-out',
        '%{http_code}',
        '--cacert',
        service.path('trust/dev.pem'),
      ],
      ...['--resolve', `${demoName}:${port}:127.0.0.1`, ...args, `https://${demoName}:${port}/`],
    ]);
    return stdout.toString();
  }

  const askWith = ({ files }: IssuedCertificate): Promise<string> => ask('--cert', files.full, '--key', files.key);

  itWith(
    ['nginx', 'curl'],
    'with ssl_crl accepts a certificate before its revocation and refuses it after',
    async () => {
      const client = await issueCertificate(service, folder, { name: 'client', profile: 'client' });
      const kept = await issueCertificate(service, folder, { name: 'kept', profile: 'client' });
      await fetchCrls();
      configure(`ssl_crl ${file('crls.pem')};`);
      await startNginx();
      expect([await askWith(client), await askWith(kept), await ask()]).toEqual(['200', '200', '400']);

      await revokeCertificate(service, client.serial);
      const listed = async (): Promise<string> => {
        await fetchCrls();
        return (await run('openssl', ['crl', '-in', file('crls.pem'), '-noout', '-text'])).stdout.toString();
      };
      await expect.poll(listed, { timeout: 5_000, interval: 200 }).toContain(client.serial.toUpperCase());
      await stopNginx();
      await startNginx();
      expect([await askWith(client), await askWith(kept)]).toEqual(['400', '200']);
    },
  );

  itWith(
    ['nginx', 'curl'],
    'refuses a certificate of the service’s own system authority and a server’s as a client',
    async () => {
      await fetchCrls();
      configure(`ssl_crl ${file('crls.pem')};`);
      await startNginx();
      const admin = ['--cert', service.path('admin/admin.crt'), '--key', service.path('admin/admin.key')];
      expect([await ask(...admin), await askWith(server)]).toEqual(['400', '400']);
    },
  );

  itWith(['nginx', 'curl'], 'with ssl_ocsp asks us itself, over HTTP/1.0 GET, and follows the answer', async () => {
    const client = await issueCertificate(service, folder, { name: 'asked', profile: 'client' });
    // nginx wants a resolver for the name in the certificate, unless the responder is named with an address.
    configure('ssl_ocsp leaf;', `ssl_ocsp_responder http://127.0.0.1:${service.ports.distribution}/ocsp/dev-issuing;`);
    await startNginx();
    expect([await askWith(client), await ask()]).toEqual(['200', '400']);
    await revokeCertificate(service, client.serial);
    expect(await askWith(client)).toBe('400');
  });
});
