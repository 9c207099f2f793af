/** A real nginx on a free port of loopback, with a folder of its own; its configuration is the test's. */

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';
import { pathOf } from './judges.ts';
import { ownEnvironment } from './own-environment.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface SmallNginx {
  readonly port: number;
  readonly configFile: string;
  readonly pidFile: string;
  readonly errorLog: string;
  /** Writes `tls.crt`, `tls.key` or whatever else the directives name; paths are relative to this folder. */
  write(name: string, content: string): string;
  /** Replaces the configuration's file; a running nginx does not read it by itself. */
  configure(...directives: string[]): void;
  start(): Promise<void>;
}

export async function smallNginx(...directives: string[]): Promise<SmallNginx> {
  const { path, write } = temporaryFolder();
  const port = await freePort();
  mkdirSync(join(path, 'temporary'));
  const configure = (...more: string[]) => void write('nginx.conf', configuration(path, port, more));
  configure(...directives);
  const [configFile, pidFile, errorLog] = ['nginx.conf', 'nginx.pid', 'error.log'].map((name) => join(path, name));
  return {
    port,
    write,
    configure,
    configFile: configFile!,
    pidFile: pidFile!,
    errorLog: errorLog!,
    async start() {
      const started = spawn(pathOf('nginx'), ['-p', path, '-c', configFile!], {
        stdio: 'ignore',
        env: ownEnvironment(),
      });
      onTestFinished(
        () =>
          new Promise<void>((done) => {
            if (started.exitCode !== null || !started.kill('SIGTERM')) return done();
            started.once('close', () => done());
          }),
      );
      await expect.poll(() => answers(port), { timeout: 20_000, interval: 25 }).toBe(true);
    },
  };
}

function configuration(path: string, port: number, directives: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(path, 'temporary')};`,
  );
  return [
    ...[
      'daemon off;',
      'worker_processes 2;',
      `pid ${join(path, 'nginx.pid')};`,
      `error_log ${join(path, 'error.log')} info;`,
    ],
    ...['events { worker_connections 64; }', 'http {', 'access_log off;', ...temporary, 'server {'],
    ...[`listen 127.0.0.1:${port} ssl;`, 'ssl_protocols TLSv1.2 TLSv1.3;'],
    ...['ssl_certificate tls.crt;', 'ssl_certificate_key tls.key;', ...directives],
    ...['location / { return 200 "$ssl_client_s_dn $ssl_client_verify\\n"; }', '}', '}', ''],
  ].join('\n');
}

async function answers(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    }).on('error', () => done(false));
  });
}
