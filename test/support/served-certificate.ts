/** What a TLS server really shows and really trusts, seen by a handshake: the only judge of a reload. */
import { connect } from 'node:tls';
import { eventually } from './eventually.ts';
import { run } from './judges.ts';

/** The serial, in lower-case hex, that is served at `127.0.0.1:port`; no client certificate is shown. */
function servedSerial(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no handshake with port ${port}`)));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber.toLowerCase());
      // A server that wants a certificate says so only now.
      socket.on('error', () => {});
      socket.destroy();
    });
  });
}

/**
 * The serials of as many handshakes, one after another: a server may hold its certificate once for every thread or process
 * that accepts (Kafka, three network threads; nginx, its workers), and hand connections out among them.
 */
export async function servedSerials(port: number, handshakes = 6): Promise<ReadonlySet<string>> {
  const served = new Set<string>();
  for (let count = 0; count < handshakes; count++) served.add(await servedSerial(port));
  return served;
}

/** Waits until `port` serves the certificate with this serial, and no other. */
export async function untilServed(port: number, serial: string): Promise<void> {
  await eventually(
    async () => [...(await servedSerials(port))],
    (served) => served.length === 1 && served[0] === serial,
  );
}

/** The CNs, sorted, of the authorities that the server asks client certificates of: its truststore as it is in force. */
export async function acceptedAuthorities(port: number): Promise<readonly string[]> {
  const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`]);
  const names = /^Acceptable client certificate CA names\n(.*?)^(?:Requested|Client|Peer)/ms.exec(stdout.toString());
  return [...(names?.[1] ?? '').matchAll(/CN = (.+)$/gm)].map(([, name]) => name!).sort();
}

/** The serial of a PEM certificate's file, as `servedSerial` writes it. */
export async function serialOf(file: string): Promise<string> {
  const { stdout } = await run('openssl', ['x509', '-in', file, '-noout', '-serial']);
  return stdout.toString().trim().replace('serial=', '').toLowerCase();
}
