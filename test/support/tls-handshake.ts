/** TLS connections that a test holds in its hands, and sessions that it tries to resume. */
import { connect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A TLS connection that is open until the test ends. */
export function connected(port: number, options: object): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost', ...options }, () => resolve(socket)).once('error', reject);
    onTestFinished(() => void socket.destroy());
  });
}

/** One connection with a request; the session ticket, if any came, is the last one seen. */
export async function handshake(port: number, version: 'TLSv1.2' | 'TLSv1.3', options: object) {
  const socket = await connected(port, { ...options, minVersion: version, maxVersion: version });
  let session: Buffer | undefined = socket.getSession();
  socket.on('session', (newer: Buffer) => {
    session = newer;
  });
  const reused = socket.isSessionReused();
  const text = await new Promise<string>((resolve) => {
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.on('close', () => resolve(received));
    socket.write('GET /v1/certificates HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  });
  return { session, reused, status: Number(text.split(' ')[1]) };
}
