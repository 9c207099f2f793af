/** `handshake --starttls`: what is said in plain first, with servers that begin TLS and with some that do not. */
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { keyPem, serverOf, system } from '../../../support/face-tls.ts';
import { plainPort, runHandshake, seeHandshake } from '../../../support/handshake-verb.ts';

const leaf = serverOf(system);
const secureContext = createSecureContext({ cert: leaf.pem, key: keyPem(leaf) });
const beginTls = (socket: Socket) =>
  void new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => {});

/** Says its greeting, then the answer to each line that has one, and begins TLS with the answer to the last. */
const talker =
  (greeting: string, answers: readonly (readonly [asked: string | Buffer, answer: string])[]) =>
  (socket: Socket): void => {
    const left = [...answers];
    socket.write(greeting);
    socket.on('data', function hear(chunk: Buffer) {
      const [asked, answer] = left.shift() ?? ['', ''];
      if (!chunk.equals(Buffer.from(asked))) return void socket.destroy();
      if (left.length === 0) socket.off('data', hear);
      socket.write(answer, () => left.length === 0 && beginTls(socket));
    });
  };

const ehlo = 'EHLO [127.0.0.1]\r\n';
const sslRequest = Buffer.from('0000000804d2162f', 'hex');
const smtp = talker('220-mail.example\r\n220 ESMTP\r\n', [
  [ehlo, '250-mail.example\r\n250-STARTTLS\r\n250 SIZE\r\n'],
  ['STARTTLS\r\n', '220 go ahead\r\n'],
]);

describe('privyseal handshake --starttls', () => {
  it.each([
    ['smtp', smtp],
    ['imap', talker('* OK ready\r\n', [['a1 STARTTLS\r\n', '* still here\r\na1 OK begin\r\n']])],
    ['postgres', talker('', [[sslRequest, 'S']])],
  ])(
    'shakes hands behind %s',
    async (protocol, talk) => {
      const { code, seen } = await seeHandshake(`localhost:${await plainPort(talk)}`, {}, '--starttls', protocol);
      expect([code, seen.protocol, seen.serverTrusted, seen.resumption]).toEqual([0, 'TLSv1.3', true, 'resumed']);
      expect(seen.serverChain.map(({ subject }) => subject)).toEqual(['CN=localhost']);
    },
    60_000,
  );

  it.each([
    ['smtp', talker('220 mail.example\r\n', [[ehlo, '250 mail.example\r\n']])],
    ['smtp', talker('554 go away\r\n', [['', '']])],
    ['imap', talker('* OK ready\r\n', [['a1 STARTTLS\r\n', 'a1 BAD what\r\n']])],
    ['postgres', talker('', [[sslRequest, 'N']])],
    ['smtp', (socket: Socket) => void socket.end()],
    ['imap', (socket: Socket) => void socket.write('x'.repeat(10_000))],
  ])(
    'says that a server of %s begins no TLS',
    async (protocol, talk) => {
      const { code, seen } = await seeHandshake(`localhost:${await plainPort(talk)}`, {}, '--starttls', protocol);
      expect([code, seen.troubles.map((trouble) => `${trouble.code} ${trouble.step}`)]).toEqual([
        4,
        ['startTlsRefused hello'],
      ]);
    },
    60_000,
  );

  it('says that nobody is there, or answers', async () => {
    const silent = await plainPort(() => {});
    const codes = async (target: string) =>
      (await seeHandshake(target, {}, '--starttls', 'imap', '--timeout', '1s')).troubles;
    expect(await codes(`localhost:${silent}`)).toEqual(['noAnswer']);
    expect(await codes('localhost:1')).toEqual(['connectionRefused']);
    const mute = await plainPort(talkThenKeepSilent);
    expect(await codes(`localhost:${mute}`)).toEqual(['noAnswer']);
  }, 60_000);

  it('draws that it was asked in plain', async () => {
    const { stdout } = await runHandshake(`localhost:${await plainPort(smtp)}`, {}, '--starttls', 'smtp');
    expect(stdout).toMatch(/─ STARTTLS ─+▶│ +in plain, smtp\n.*─ ClientHello/);
  }, 60_000);
});

/** Begins nothing after it has agreed to. */
function talkThenKeepSilent(socket: Socket): void {
  socket.write('* OK ready\r\n');
  socket.once('data', () => {
    socket.write('a1 OK begin\r\n');
    socket.resume();
  });
}
