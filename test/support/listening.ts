/** Servers that a test talks to: on a free port of loopback until it ends, whoever turns away at the handshake. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Resolves to the port. */
export async function listening(server: Server | TlsServer, host = 'localhost'): Promise<number> {
  server.on('tlsClientError', () => {});
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
