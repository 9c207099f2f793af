/** What is said in plain before TLS: STARTTLS of SMTP (RFC 3207) and IMAP (RFC 9051 §6.2.1), and PostgreSQL's SSLRequest. */
import type { Socket } from 'node:net';

export const startTlsProtocols = ['smtp', 'imap', 'postgres'] as const;
export type StartTlsProtocol = (typeof startTlsProtocols)[number];

/** The server does not begin TLS; `said` is what it answered. */
export class StartTlsRefused extends Error {
  readonly code = 'STARTTLS_REFUSED';
  readonly said: string;
  constructor(said: string) {
    super('the server does not begin TLS');
    this.said = said;
  }
}

/** Resolves when the next octets on the connection are to be TLS; rejects with StartTlsRefused, or when it breaks. */
export const startTls = (socket: Socket, protocol: StartTlsProtocol): Promise<void> => conversations[protocol](socket);

const conversations: Readonly<Record<StartTlsProtocol, (socket: Socket) => Promise<void>>> = {
  async smtp(socket) {
    demand(await answer(socket, smtpReply), /^220/);
    socket.write('EHLO [127.0.0.1]\r\n');
    demand(await answer(socket, smtpReply), /^250[ -]STARTTLS\r?$/im);
    socket.write('STARTTLS\r\n');
    demand(await answer(socket, smtpReply), /^220/);
  },
  async imap(socket) {
    demand(await answer(socket, /\n$/), /^\* OK/i);
    socket.write('a1 STARTTLS\r\n');
    demand(await answer(socket, /(?:^|\n)a1 .*\r?\n$/i), /(?:^|\n)a1 OK/i);
  },
  async postgres(socket) {
    // A length of 8, and 1234.5679, which no version of the protocol is.
    socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    demand(await answer(socket, /^./s), /^S/);
  },
};

/** A reply may have several lines; the last one has a space behind its code. */
const smtpReply = /(?:^|\n)\d{3}(?: .*)?\r?\n$/;

function demand(said: string, wanted: RegExp): void {
  if (!wanted.test(said)) throw new StartTlsRefused(said);
}

const longestAnswer = 8192;

/** What comes, up to where it is whole; or all there is when the connection ends before. */
function answer(socket: Socket, whole: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const done = (settle: () => void): void => {
      socket.off('data', hear).off('error', reject).off('close', close).pause();
      settle();
    };
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('latin1');
      if (whole.test(said)) done(() => resolve(said));
      else if (said.length > longestAnswer) done(() => reject(new StartTlsRefused(said)));
    };
    const close = (): void => done(() => reject(new StartTlsRefused(said)));
    socket.on('data', hear).on('error', reject).on('close', close).resume();
  });
}
