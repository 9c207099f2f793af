import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type SecureVersion, type TlsOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandLine } from '../../../support/command-line.ts';
import { clientOf, keyPem, productRoot, serverOf, strangerRoot, system } from '../../../support/face-tls.ts';
import { runHandshake, type SeenHandshake, seeHandshake } from '../../../support/handshake-verb.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import type { TestCertificate } from '../../../support/test-hierarchy.ts';

const server = serverOf(system);
const client = clientOf(productRoot, { commonName: 'client' });

/** Asks for nothing but what `options` say. */
async function listen(options: TlsOptions = {}, onSocket: (socket: Socket) => void = () => {}): Promise<string> {
  const listening = createTlsServer({ cert: server.pem, key: keyPem(server), ...options }, (socket) => {
    onSocket(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  return `localhost:${(listening.address() as { port: number }).port}`;
}

const mutual = { requestCert: true, rejectUnauthorized: true, ca: productRoot.pem };

/** The verb with trust in `system`, showing `shown`. */
const look = (target: string, shown?: TestCertificate, ...args: string[]) =>
  seeHandshake(target, { ...(shown && { shown }) }, ...args);

const names = ({ messages }: SeenHandshake, from: string): string[] =>
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

  it.each(['TLSv1.2', 'TLSv1.3'] as SecureVersion[])(
    'believes nothing that a certificate says, over %s',
    async (version) => {
      const alert = 'Received TLS Record\nHeader:\n    Level=fatal(2), description=certificate expired(45)\n';
      const broken = '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n';
      const lying = serverOf(system, { comment: `\n${broken}${server.pem}${alert}    Finished, Length=1\n` });
      const target = await listen({ cert: lying.pem + system.pem, key: keyPem(lying), maxVersion: version });
      const { code, seen } = await look(target);
      expect([code, seen.refusal, seen.troubles]).toEqual([0, null, []]);
      const [shown, ...more] = seen.messages.filter(({ name }) => name === 'Certificate');
      expect([shown?.certificates, more]).toEqual([[lying.serial, system.serial], []]);
      expect(names(seen, 'server').filter((name) => name === 'Finished')).toHaveLength(1);
    },
  );

  it('ends although the server never ends its side', async () => {
    const held: Socket[] = [];
    onTestFinished(() => held.forEach((socket) => void socket.destroy()));
    const target = await listen({ allowHalfOpen: true }, (socket) => void held.push(socket));
    for (const args of [[], ['--http', '--timeout', '1s']]) expect((await look(target, client, ...args)).code).toBe(0);
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

  it('says that what is trusted is no root', async () => {
    const ca = { basicConstraints: { ca: true }, keyUsage: ['keyCertSign'] } as const;
    const issuing = serverOf(system, { commonName: 'issuing', ...ca });
    const served = serverOf(issuing);
    for (const sent of [served.pem + issuing.pem, served.pem + issuing.pem + system.pem]) {
      const target = await listen({ cert: sent, key: keyPem(served) });
      const { code, troubles } = await seeHandshake(target, { trust: issuing });
      expect([code, troubles]).toEqual([9, ['serverRootMissing']]);
    }
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

  it('knows both chains by names, key and issuer, what was offered and agreed, and that nothing is wrong', async () => {
    const { seen } = await look(await listen(mutual), client);
    expect(seen.troubles).toEqual([]);
    expect(seen.serverChain[0]).toMatchObject({ subject: 'CN=localhost', key: 'ec-p256', issuedBy: 'trusted' });
    expect(seen.clientChain[0]).toMatchObject({ subject: 'CN=client', serial: client.serial, issuedBy: 'unknown' });
    expect(seen.offered.versions).toEqual(['TLS 1.3', 'TLS 1.2']);
    expect(seen.offered.groups).toContain('x25519');
    expect(seen.group).not.toBeNull();
  });

  it('takes no answer over HTTP for no refusal', async () => {
    const { code, seen } = await look(await listen(mutual), client, '--http', '--timeout', '2s');
    expect([code, seen.httpStatus, seen.troubles]).toEqual([0, null, []]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as SecureVersion[])('tries whether %s resumes a session', async (version) => {
    const { seen } = await look(await listen({ maxVersion: version }));
    expect(seen.resumption).toBe('resumed');
  });
});

describe('the drawing of a handshake', () => {
  it('has an arrow for each message, both chains, and a verdict in words', async () => {
    const { stdout } = await runHandshake(await listen(mutual), {});
    expect(stdout).toMatch(/│─ ClientHello ─+▶│ {2}asks for localhost\n/);
    expect(stdout).toMatch(/│◀─+ CertificateRequest ─│ {2}of CN=Test Product Root\n/);
    expect(stdout).toMatch(/│─ Certificate ─+▶│ {2}none\n/);
    expect(stdout).toMatch(/│◀─+ Alert ─│ {2}fatal: certificate_required\n/);
    expect(stdout).toMatch(/└ issued by CN=Test System, trusted by \S+ca\.pem\n/);
    expect(stdout).toMatch(/✗ the server judging the client’s certificate: .+\n {2}Show one with --cert FILE/);
  });

  it('says who verified what when all went well, and that a certificate is optional', async () => {
    expect((await runHandshake(await listen(mutual), { shown: client })).stdout).toMatch(
      /The server verified that the client has its key \(.+\), and let it in\.\n(.*\n)*✓/,
    );
    const optional = { ...mutual, rejectUnauthorized: false };
    expect((await runHandshake(await listen(optional), {})).stdout).toContain('went on without one');
  });

  it('is a Mermaid diagram with --mermaid, and a picture with --svg, which nothing can break out of', async () => {
    const hostile = serverOf(system, { commonName: 'a;b#c<script>"&' });
    const target = await listen({ ...mutual, cert: hostile.pem, key: keyPem(hostile) });
    const mermaid = (await runHandshake(target, {}, '--mermaid')).stdout;
    expect(mermaid.split('\n')[0]).toBe('sequenceDiagram');
    expect(mermaid).toMatch(/S-xC: Alert<br\/>fatal: certificate_required/);
    expect(mermaid).toMatch(/CN=a\\*#59;b#35;c\\*#60;script\\*#62;\\*#34;#38;/);
    const svg = (await runHandshake(target, {}, '--svg')).stdout;
    expect(svg).toMatch(/^<svg [^<>]+>\n<title>/);
    expect(svg).toMatch(/CN=a\\*;b#c\\*&lt;script\\*&gt;\\*&quot;&amp;/);
    expect(svg.match(/<script|&(?!(?:amp|lt|gt|quot);)/g)).toBeNull();
  });
});
