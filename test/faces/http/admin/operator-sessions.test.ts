/** What is left of an operator's TLS connections and sessions when its certificate stops being good, over real sockets. */
import { once } from 'node:events';
import type { Server as HttpsServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import { CaError } from '../../../../src/domain/errors.ts';
import { buildAdminFace } from '../../../../src/faces/http/admin/build-admin-face.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { clientOf, clientTls, system, tlsMaterial } from '../../../support/face-tls.ts';
import { openFace } from '../../../support/open-face.ts';
import { rejectionOf } from '../../../support/rejection.ts';
import { makeServices, operatorCaller } from '../../../support/services-double.ts';
import { connected, handshake } from '../../../support/tls-handshake.ts';

const operator = clientOf(system, { commonName: 'alice' });
const other = clientOf(system, { commonName: 'bob' });
const material = tlsMaterial([system]);

async function openAdmin() {
  const revoked = new Set<string>();
  const double = makeServices({
    authenticateOperator: async (der) => {
      const { serial } = Buffer.compare(der, operator.der) === 0 ? operator : other;
      if (revoked.has(serial)) throw new CaError('unauthorized', 'revoked');
      return operatorCaller('admin', serial);
    },
  });
  const opened = await openFace(buildAdminFace(makeFaceDeps(double.services, { tls: material })));
  const revoke = (serial: string): void => {
    revoked.add(serial);
    double.announceRevoked(serial);
  };
  return { ...double, ...opened, revoke };
}

describe('a connection of an operator', () => {
  it('ends when its certificate is revoked, or its role changes, although no request was made in its name', async () => {
    const { port, revoke, announceRoleChange } = await openAdmin();
    const theirs = await connected(port, clientTls(other));
    for (const end of [() => revoke(operator.serial), () => announceRoleChange(operator.serial)]) {
      const socket = await connected(port, clientTls(operator));
      // The server's side of the handshake may end after the client's: an answer shows that it has.
      socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      const closed = once(socket.resume(), 'close');
      end();
      await closed;
    }
    expect(theirs.destroyed).toBe(false);
  });

  it('ends in the middle of a request whose body is still coming', async () => {
    const { port, revoke, calls } = await openAdmin();
    const socket = await connected(port, clientTls(operator));
    const head = 'POST /v1/environments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    socket.write(`${head}Content-Length: 20\r\n\r\n{"name":`);
    await expect.poll(() => calls.map(({ name }) => name)).toContain('authenticateOperator');
    const closed = once(socket.resume(), 'close');
    revoke(operator.serial);
    await closed;
    expect(calls.map(({ name }) => name)).not.toContain('createEnvironment');
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s from before a revocation', (version) => {
  it('is not resumed: the certificate is shown and judged anew', async () => {
    const { port, revoke } = await openAdmin();
    const before = await handshake(port, version, clientTls(operator));
    revoke(operator.serial);
    const again = await handshake(port, version, { ...clientTls(operator), session: before.session });
    expect([before.status, again.reused, again.status]).toEqual([200, false, 403]);
    const bare = handshake(port, version, { ...clientTls(), session: before.session });
    expect(await rejectionOf(bare.then(({ status }) => status || Promise.reject(new Error('cut off'))))).toBeInstanceOf(
      Error,
    );
  });

  it('would count for nobody even if a server had handed out tickets', async () => {
    const { face, port, revoke } = await openAdmin();
    // Without the options of tls-context.ts: tickets of TLS 1.2, PSKs of TLS 1.3.
    (face.server as unknown as HttpsServer).setSecureContext({ ...material, ca: [...material.ca] });
    const before = await handshake(port, version, clientTls(operator));
    revoke(operator.serial);
    const resumed = await handshake(port, version, { ...clientTls(operator), session: before.session });
    expect([before.status, resumed.reused, resumed.status]).toEqual([200, true, 401]);
  });
});
