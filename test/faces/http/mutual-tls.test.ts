/** Who may come in, judged over real TLS sockets: threats 1, 40 and 41. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { buildAdminFace } from '../../../src/faces/http/admin/build-admin-face.ts';
import { replaceTlsMaterial } from '../../../src/faces/http/arrival/tls-context.ts';
import type { FaceLimits } from '../../../src/faces/http/face-deps.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import type { Services } from '../../../src/services/services.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import {
  clientOf,
  clientTls,
  expiredClientOf,
  keyPem,
  productRoot,
  serverOf,
  strangerRoot,
  system,
  tlsMaterial,
  withoutKeyPurposes,
} from '../../support/face-tls.ts';
import { exchange } from '../../support/http-exchange.ts';
import { itWith, run } from '../../support/judges.ts';
import { openFace } from '../../support/open-face.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { goodToken, makeServices, operatorCaller } from '../../support/services-double.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';
import { connected, handshake } from '../../support/tls-handshake.ts';

const operator = clientOf(system, { commonName: 'the-admin' });
const product = clientOf(productRoot);

/** Knows exactly these bytes, as the inventory does. */
function onlyKnows(known: TestCertificate): Partial<Services> {
  const judge = (der: Uint8Array): void => {
    if (Buffer.compare(der, known.der) !== 0) throw new CaError('unauthorized', 'not issued here');
  };
  return {
    authenticateOperator: async (der) => {
      judge(der);
      return operatorCaller('admin', known.serial);
    },
    authenticateProduct: async (der) => {
      judge(der);
      return { kind: 'product', product: 'dev/demo', serial: known.serial };
    },
  };
}

async function openAdmin(override: Partial<Services> = onlyKnows(operator)) {
  const double = makeServices(override);
  const deps = makeFaceDeps(double.services, { tls: tlsMaterial([system]) });
  return { double, ...(await openFace(buildAdminFace(deps))) };
}

async function openPublic(override: Partial<Services> = onlyKnows(product)) {
  const double = makeServices(override);
  const deps = makeFaceDeps(double.services, { tls: tlsMaterial([productRoot]) });
  return { double, deps, ...(await openFace(buildPublicFace(deps))) };
}

const problemOf = (body: Buffer): string => (JSON.parse(body.toString()) as { type: string }).type.split('/').at(-1)!;

describe('the admin face', () => {
  it('answers an operator', async () => {
    const { url, double } = await openAdmin();
    const answer = await exchange(`${url}/v1/status`, clientTls(operator));
    expect(answer.status).toBe(200);
    expect(double.calls.map(({ name }) => name)).toEqual(['authenticateOperator', 'status']);
  });

  it.each([
    ['no certificate', undefined],
    ['a product’s certificate', product],
    ['a certificate of a stranger’s authority', clientOf(strangerRoot, { commonName: 'the-admin' })],
    ['an expired certificate of system', expiredClientOf(system)],
    ['a server certificate of system', serverOf(system)],
  ])('ends the handshake with %s, bad input 40', async (_what, certificate) => {
    const { url, double } = await openAdmin();
    const error = await rejectionOf(exchange(`${url}/v1/status`, clientTls(certificate)));
    expect(error).toBeInstanceOf(Error);
    expect(double.calls).toEqual([]);
  });

  it('asks the inventory about a certificate without key purposes, which OpenSSL lets in', async () => {
    const { url, double } = await openAdmin();
    const answer = await exchange(`${url}/v1/status`, clientTls(withoutKeyPurposes(system)));
    expect([answer.status, problemOf(answer.body)]).toEqual([403, 'unauthorized']);
    expect(double.refusals).toHaveLength(1);
  });

  it('refuses a certificate of system that is not in the inventory, although the handshake is good', async () => {
    const { url } = await openAdmin();
    const answer = await exchange(`${url}/v1/status`, clientTls(clientOf(system, { commonName: 'the-admin' })));
    expect(answer.status).toBe(403);
  });

  it('does not take a bearer token instead of an operator', async () => {
    const { url } = await openAdmin({
      authenticateOperator: () => Promise.reject(new CaError('unauthorized', 'unknown')),
    });
    const headers = { authorization: `Bearer ${goodToken}` };
    const answer = await exchange(`${url}/v1/status`, { ...clientTls(operator), headers });
    expect(answer.status).toBe(403);
  });
});

describe('the public face', () => {
  const submit = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' };
  const list = '/v1/certificates';

  it('knows a product by the exact bytes of its certificate', async () => {
    const { url, double } = await openPublic();
    const answer = await exchange(url + list, clientTls(product));
    expect(answer.status).toBe(200);
    expect(Buffer.compare(double.calls[0]!.args[0] as Uint8Array, product.der)).toBe(0);
  });

  it.each([
    ['another authority’s certificate of the same name', clientOf(strangerRoot)],
    ['an expired certificate', expiredClientOf(productRoot)],
    ['a certificate without key purposes', withoutKeyPurposes(productRoot)],
  ])('lets the inventory refuse %s', async (_what, certificate) => {
    const { url, double } = await openPublic();
    const answer = await exchange(url + list, clientTls(certificate));
    expect([answer.status, problemOf(answer.body)]).toEqual([403, 'unauthorized']);
    expect(double.refusals).toHaveLength(1);
  });

  it('asks for a credential when there is none', async () => {
    const { url, double } = await openPublic();
    const answer = await exchange(url + list, { ...clientTls(), ...submit });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="privyseal"']);
    expect(double.calls).toEqual([]);
  });

  it('ignores certificates in header fields of proxies, bad input 41', async () => {
    const { url, double } = await openPublic();
    const pem = encodeURIComponent(product.pem);
    const headers = {
      'x-ssl-client-cert': pem,
      'x-ssl-client-verify': 'SUCCESS',
      'ssl-client-cert': pem,
      'x-forwarded-client-cert': `Cert="${pem}"`,
      'client-cert': `:${Buffer.from(product.der).toString('base64')}:`,
      'x-forwarded-for': '127.0.0.1',
    };
    const answer = await exchange(url + list, { ...clientTls(), headers });
    expect(answer.status).toBe(401);
    expect(double.calls).toEqual([]);
  });

  it('lets a bearer token win over the certificate, without a second try', async () => {
    const { url, double } = await openPublic();
    const good = await exchange(url + list, {
      ...clientTls(product),
      headers: { authorization: `Bearer ${goodToken}` },
    });
    const bad = await exchange(url + list, { ...clientTls(product), headers: { authorization: 'Bearer pst_wrong' } });
    expect([good.status, bad.status]).toEqual([200, 401]);
    expect(double.calls.map(({ name }) => name)).not.toContain('authenticateProduct');
  });

  it('never reads an address from a proxy’s header field', async () => {
    const { url, double } = await openPublic();
    await exchange(url + list, { ...clientTls(), headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(double.refusals[0]?.details?.address).toBe('127.0.0.1');
  });
});

describe('a certificate that stops being good', () => {
  it('loses its kept-alive connection at once, and no other does', async () => {
    const other = clientOf(productRoot, { commonName: 'other' });
    const { url, double } = await openPublic({
      authenticateProduct: async (der) => {
        const serial = Buffer.compare(der, product.der) === 0 ? product.serial : other.serial;
        return { kind: 'product', product: 'dev/demo', serial };
      },
    });
    const [mine, theirs] = [product, other].map((certificate) => keepAliveAgent(certificate));
    const list = (agent: Agent) => exchange(`${url}/v1/certificates`, { agent });
    await list(mine!);
    await list(theirs!);
    const closed = new Promise((resolve) => onlySocket(mine!).once('close', resolve));
    double.announceRevoked(product.serial);
    await closed;
    expect((await list(theirs!)).status).toBe(200);
    expect(onlySocket(theirs!).destroyed).toBe(false);
  });

  it.each([
    ['', (serial: string) => serial],
    [', in capitals', (serial: string) => serial.toUpperCase()],
    [', as openssl writes it', (serial: string) => serial.match(/../g)!.join(':')],
  ])(
    'still gets the answer when it revokes itself%s, and its other connections do not live on',
    async (_how, written) => {
      const double = makeServices(onlyKnows(product));
      const revoke = double.services.revokeCertificate;
      const services: Services = {
        ...double.services,
        revokeCertificate: (...args) => {
          double.announceRevoked(product.serial);
          return revoke(...args);
        },
      };
      const deps = makeFaceDeps(services, { tls: tlsMaterial([productRoot]) });
      const { url } = await openFace(buildPublicFace(deps));
      const idle = keepAliveAgent(product);
      await exchange(`${url}/v1/certificates`, { agent: idle });
      const closed = new Promise((resolve) => onlySocket(idle).once('close', resolve));
      const answer = await exchange(`${url}/v1/certificates/${written(product.serial)}/revoke`, {
        ...clientTls(product),
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'keyCompromise' }),
      });
      await closed;
      expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    },
  );
});

describe('a peer that is gone before its handshake is over', () => {
  it('is told of in the log with its address', async () => {
    const { port, deps } = await openPublic();
    const socket = tcpConnect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    // The header of a TLS record, and no record.
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x01, 0x00, 0x01]), () => socket.resetAndDestroy());
    const lost = (): string | undefined => deps.logLines.find((line) => line.includes('connection refused or lost'));
    await expect.poll(lost).toBeDefined();
    expect(JSON.parse(lost()!)).toMatchObject({ code: 'ECONNRESET', address: '127.0.0.1' });
  });
});

describe('TLS sessions', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('are never resumed over %s, so identity is proven anew', async (version) => {
    const { port } = await openPublic();
    const first = await handshake(port, version, clientTls(product));
    const again = await handshake(port, version, { ...clientTls(), session: first.session });
    expect([first.reused, again.reused]).toEqual([false, false]);
    expect(again.status).toBe(401);
  });

  it('are not renegotiated: the certificate of a connection stays the one it began with', async () => {
    const { port } = await openPublic();
    const socket = await connected(port, { ...clientTls(product), maxVersion: 'TLSv1.2' });
    const error = await new Promise<Error | null>((resolve) => {
      socket.on('error', resolve);
      if (!socket.renegotiate({ rejectUnauthorized: true }, resolve)) resolve(new Error('not possible'));
    });
    expect(error).toBeInstanceOf(Error);
  });

  itWith('openssl', 'are not resumed by openssl either, over TLS 1.2 and 1.3', async () => {
    const { port } = await openPublic();
    const { path } = temporaryFolder();
    for (const version of ['-tls1_2', '-tls1_3']) {
      const session = join(path, version);
      const saved = await client(port, version, '-sess_out', session);
      // Without a ticket or a session there may be nothing to come back with, which is as good.
      const again = existsSync(session) ? await client(port, version, '-sess_in', session) : saved;
      expect([saved, again]).toEqual([expect.stringMatching(/^New, /m), expect.not.stringMatching(/^Reused, /m)]);
    }
  });

  it.each(['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384'])(
    'are not made with %s, whose encryption is not authenticated',
    async (ciphers) => {
      const { port } = await openPublic();
      const peer = { ...clientTls(product), maxVersion: 'TLSv1.2' };
      await expect(connected(port, { ...peer, ciphers })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_SSL/),
      });
      expect((await connected(port, peer)).getCipher().name).toMatch(/GCM/);
    },
  );

  it.each([
    ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
    ['TLSv1.2', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
    ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
    ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ] as const)('are made over %s with a peer that has nothing but %s', async (version, ciphers) => {
    const { port } = await openPublic();
    const versions = { minVersion: version, maxVersion: version };
    const socket = await connected(port, { ...clientTls(product), ...versions, ciphers });
    expect(socket.getCipher().name).toBe(ciphers);
  });

  itWith('openssl', 'offer the names of the authorities whose clients are wanted', async () => {
    const { port } = await openPublic();
    expect(await client(port, '-tls1_3')).toMatch(
      /^Acceptable client certificate CA names\nCN ?= ?Test Product Root$/m,
    );
  });
});

/** What `openssl s_client` says of one connection with a request. */
async function client(port: number, ...args: readonly string[]): Promise<string> {
  const input = 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const { stdout } = await run('openssl', ['s_client', '-connect', `localhost:${port}`, '-ign_eof', ...args], {
    input,
  });
  return stdout.toString();
}

describe('a peer that never shakes hands', () => {
  async function openTo(limits: Partial<FaceLimits>) {
    const double = makeServices();
    const deps = makeFaceDeps(double.services, { limits, tls: tlsMaterial([productRoot]) });
    const { face, port } = await openFace(buildPublicFace(deps));
    const socket = tcpConnect({ port, host: 'localhost' }).resume();
    await once(socket, 'connect');
    return { ...double, face, ended: once(socket, 'close') };
  }

  it('is cut off in time', async () => {
    const { ended, refusals } = await openTo({ handshakeMs: 200 });
    await ended;
    expect(refusals).toEqual([]);
  });

  it('is cut off at once when the face stops', async () => {
    const hour = 3_600_000;
    const { face, ended, refusals } = await openTo({ handshakeMs: hour, drainBodiesMs: hour, drainMs: hour });
    // The face has seen that it came.
    await expect.poll(() => new Promise((resolve) => face.server.getConnections((_error, n) => resolve(n)))).toBe(1);
    await Promise.all([face.close(), ended]);
    expect(refusals).toEqual([]);
  });
});

it('a connection is one, in its handshake and after it', async () => {
  const { port, double } = await openPublic();
  const load = () => double.counted.faces[0]!.load();
  const silent = tcpConnect({ port, host: 'localhost' });
  onTestFinished(() => void silent.destroy());
  await expect.poll(load).toEqual({ connections: 1, requestsUnderWay: 0 });
  const socket = await connected(port, clientTls(product));
  // The server's side of the handshake may end after the client's: an answer shows that it has.
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  await expect.poll(load).toEqual({ connections: 2, requestsUnderWay: 0 });
});

describe('the server certificate', () => {
  it('is replaced for new connections while the face runs, and open ones stay', async () => {
    const { url, face } = await openPublic();
    const agent = keepAliveAgent(product);
    await exchange(`${url}/livez`, { agent });
    const before = onlySocket(agent).getPeerCertificate().serialNumber;
    const next = serverOf(system);
    replaceTlsMaterial(face, { cert: next.pem, key: keyPem(next), ca: [productRoot.pem] });
    expect((await exchange(`${url}/livez`, { agent })).status).toBe(200);
    expect(onlySocket(agent).getPeerCertificate().serialNumber).toBe(before);
    const fresh = keepAliveAgent(product);
    await exchange(`${url}/livez`, { agent: fresh });
    expect(onlySocket(fresh).getPeerCertificate().serialNumber.toLowerCase()).toBe(next.serial);
  });
});

describe('a server certificate that replaced another', () => {
  async function openReplaced() {
    const opened = await openAdmin();
    replaceTlsMaterial(opened.face, tlsMaterial([system]));
    return opened;
  }

  it('asks for the same clients as before', async () => {
    const { url } = await openReplaced();
    const path = `${url}/v1/status`;
    expect((await exchange(path, { ...clientTls(operator) })).status).toBe(200);
    const stranger = exchange(path, { ...clientTls(clientOf(strangerRoot)) });
    expect(await rejectionOf(stranger)).toMatchObject({ code: expect.stringMatching(/^ERR_SSL|^ECONNRESET/) });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes no session of %s either', async (version) => {
    const { port } = await openReplaced();
    const first = await handshake(port, version, clientTls(operator));
    const again = await handshake(port, version, { ...clientTls(operator), session: first.session });
    expect([first.reused, again.reused, again.status]).toEqual([false, false, 200]);
  });

  it('takes no cipher that the first one did not', async () => {
    const { port } = await openReplaced();
    const peer = { ...clientTls(operator), maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' };
    await expect(connected(port, peer)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_SSL/) });
  });
});

function keepAliveAgent(certificate: TestCertificate): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...clientTls(certificate) });
  onTestFinished(() => agent.destroy());
  return agent;
}

const onlySocket = (agent: Agent): TLSSocket =>
  Object.values({ ...agent.freeSockets, ...agent.sockets })[0]![0] as TLSSocket;
