/** A real `openssl s_server` on a free port of loopback, ended with the test. */
import { spawn } from 'node:child_process';
import { expect, onTestFinished } from 'vitest';
import { keyPem } from './face-tls.ts';
import { freePort } from './free-port.ts';
import { pathOf } from './judges.ts';
import { ownEnvironment } from './own-environment.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { TestCertificate } from './test-hierarchy.ts';

export interface OpensslServer {
  readonly port: number;
  /** Ends it, so that another can take its port. */
  stop(): Promise<void>;
}

export interface ServerMaterial {
  readonly leaf: TestCertificate;
  /** Sent behind the leaf. */
  readonly chain?: readonly TestCertificate[];
  /** Whose client certificates it believes. */
  readonly ca?: TestCertificate;
  /** The port of a server that was stopped; a free one if absent. */
  readonly port?: number;
}

export async function opensslServer(material: ServerMaterial, ...args: string[]): Promise<OpensslServer> {
  const { leaf, chain = [], ca, port = await freePort() } = material;
  const { write } = temporaryFolder();
  const files = [
    ...['-cert', write('tls.crt', leaf.pem), '-key', write('tls.key', keyPem(leaf))],
    ...(chain.length > 0 ? ['-cert_chain', write('chain.pem', chain.map(({ pem }) => pem).join(''))] : []),
    ...(ca ? ['-CAfile', write('ca.pem', ca.pem)] : []),
  ];
  const server = spawn(pathOf('openssl'), ['s_server', '-accept', `127.0.0.1:${port}`, ...files, ...args], {
    // It ends with its standard input.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: ownEnvironment(),
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk) => {
      said += String(chunk);
    });
  }
  const stop = () =>
    new Promise<void>((done) => {
      if (server.exitCode !== null || server.signalCode !== null) return done();
      server.once('close', () => done());
      server.kill('SIGKILL');
    });
  onTestFinished(stop);
  await expect.poll(() => said, { timeout: 20_000, interval: 25 }).toContain('ACCEPT');
  return { port, stop };
}
