import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type SecureVersion, type TlsOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { clientOf, keyPem, productRoot, serverOf, strangerRoot, system } from '../../support/face-tls.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';

const server = serverOf(system);
const client = clientOf(productRoot, { commonName: 'client' });

/** Asks for nothing but what `options` say. */
async function listen(options: TlsOptions = {}): Promise<string> {
  const listening = createTlsServer({ cert: server.pem, key: keyPem(server), ...options }, (socket) => {
    socket.on('error', () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  return `localhost:${(listening.address() as { port: number }).port}`;
}

const mutual = { requestCert: true, rejectUnauthorized: true, ca: productRoot.pem };

interface Message {
  readonly from: string;
  readonly name: string;
  readonly certificates?: readonly string[];
  readonly authorities?: readonly string[];
  readonly alert?: string;
}

interface Seen {
  readonly protocol: string;
  readonly serverTrusted: boolean;
  readonly certificateRequested: boolean;
  readonly refusal: string | null;
  readonly distrust: string | null;
  readonly messages: readonly Message[];
}

/** The verb with trust in `system`, showing `shown`. */
async function look(target: string, shown?: TestCertificate, ...args: string[]) {
  const folder = temporaryFolder().path;
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const ca = ['--ca', file('ca.pem', system.pem)];
  const own = shown ? ['--cert', file('c.pem', shown.pem), '--key', file('k.pem', keyPem(shown))] : [];
  const { code, stdout } = await commandLine(['handshake', target, ...ca, ...own, ...args, '--json'], { cwd: folder });
  return { code, seen: JSON.parse(stdout) as Seen };
}

const names = ({ messages }: Seen, from: string): string[] =>
  messages.flatMap((message) => (message.from === from ? [message.name] : []));

describe('privyseal handshake', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as SecureVersion[])('sees both sides of mutual %s', async (version) => {
    const target = await listen({ ...mutual, maxVersion: version });
    const { code, seen } = await look(target, client);
    expect([code, seen.protocol, seen.serverTrusted, seen.refusal]).toEqual([0, version, true, null]);
    const asked = seen.messages.find(({ name }) => name === 'CertificateRequest');
    expect(asked).toMatchObject({ from: 'server', authorities: [expect.stringContaining('Test Product Root')] });
    const certificates = seen.messages.filter(({ name }) => name === 'Certificate');
    expect(certificates.map(({ from, certificates: [first] = [] }) => [from, first])).toEqual([
      ['server', server.serial],
      ['client', client.serial],
    ]);
    expect(names(seen, 'client')[0]).toBe('ClientHello');
    expect(names(seen, 'client')).toContain('CertificateVerify');
  });

  it('is told of no mutual TLS where the server asks for nothing', async () => {
    const { code, seen } = await look(await listen(), client);
    expect([code, seen.certificateRequested, names(seen, 'client')]).toEqual([0, false, ['ClientHello', 'Finished']]);
  });

  it('waits for the verdict of TLS 1.3, which comes after the handshake', async () => {
    const { code, seen } = await look(await listen(mutual));
    expect([code, seen.refusal]).toEqual([5, 'certificate_required']);
    expect(seen.messages.find(({ from, name }) => from === 'client' && name === 'Certificate')?.certificates).toEqual(
      [],
    );
  });

  it('ends with 5 when a server of Node hangs up on a certificate that it does not know', async () => {
    const { code, seen } = await look(await listen(mutual), clientOf(strangerRoot));
    expect([code, seen.refusal]).toEqual([5, 'closed_without_alert']);
  });

  it('ends with 9 when the server is not believed, or is not who was asked for', async () => {
    const stranger = serverOf(strangerRoot);
    const untrusted = await look(await listen({ cert: stranger.pem, key: keyPem(stranger) }));
    expect([untrusted.code, untrusted.seen.serverTrusted]).toEqual([9, false]);
    const misnamed = await look(await listen(), undefined, '--servername', 'other.example');
    expect([misnamed.code, misnamed.seen.distrust]).toEqual([9, 'ERR_TLS_CERT_ALTNAME_INVALID']);
  });

  it('ends with 4 where nobody speaks TLS, and 2 for what is no address or no key', async () => {
    const plain = createServer((socket) => socket.end('hello\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void plain.close());
    const target = `localhost:${(plain.address() as { port: number }).port}`;
    expect((await look(target)).code).toBe(4);
    expect((await commandLine(['handshake', 'localhost'])).code).toBe(2);
    const folder = temporaryFolder().path;
    writeFileSync(join(folder, 'no.pem'), 'no key');
    const bad = ['--cert', 'no.pem', '--key', 'no.pem'];
    expect((await commandLine(['handshake', target, ...bad], { cwd: folder })).code).toBe(2);
  });

  it('draws it: one line a message, and a verdict in words', async () => {
    const target = await listen(mutual);
    const folder = temporaryFolder().path;
    writeFileSync(join(folder, 'ca.pem'), system.pem);
    const { stdout } = await commandLine(['handshake', target, '--ca', 'ca.pem'], { cwd: folder });
    expect(stdout).toMatch(/──▶ ClientHello +asks for localhost\n/);
    expect(stdout).toMatch(/◀── CertificateRequest +of CN=Test Product Root\n/);
    expect(stdout).toMatch(/──▶ Certificate +none\n/);
    expect(stdout).toMatch(/◀── Alert +fatal: certificate_required\n/);
    expect(stdout).toMatch(/The client showed no certificate and was refused: certificate_required\./);
  });
});
