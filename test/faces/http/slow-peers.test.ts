/** Peers that are slow, idle, or speak no HTTP: they are cut off, and nobody else notices; threat 52. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { buildDistributionFace } from '../../../src/faces/http/distribution/build-distribution-face.ts';
import type { FaceLimits } from '../../../src/faces/http/face-deps.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import type { Services } from '../../../src/services/services.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { exchange } from '../../support/http-exchange.ts';
import { openFace } from '../../support/open-face.ts';
import { waiting } from '../../support/requests-double.ts';
import { goodToken, makeServices } from '../../support/services-double.ts';

/** As short as the checks of Node allow, so that tests need not wait. */
const impatient: Partial<FaceLimits> = { headersMs: 200, requestMs: 300, checkMs: 50, keepAliveMs: 1000 };

const hour = 3_600_000;

/** Without TLS: what is under test is what comes after it. */
async function openPublic(limits: Partial<FaceLimits> = impatient, override: Partial<Services> = {}) {
  const double = makeServices(override);
  const deps = makeFaceDeps(double.services, { limits });
  return { ...double, ...deps, ...(await openFace(buildPublicFace(deps))) };
}

interface Peer {
  readonly socket: Socket;
  /** Everything that came until the connection ended. */
  readonly received: Promise<string>;
}

function peer(port: number, text = ''): Promise<Peer> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: 'localhost' }, () => {
      if (text !== '') socket.write(text);
      const closed = new Promise<string>((done) => socket.once('close', () => done(received)));
      resolve({ socket, received: closed });
    });
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    // A reset is one of the ways to be cut off; before the connection it is a failure.
    socket.on('error', reject);
    onTestFinished(() => void socket.destroy());
  });
}

const problemIn = (text: string): unknown => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));

const postHead = (length: number): string =>
  [
    'POST /v1/certificates HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${goodToken}`,
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    '',
    '',
  ].join('\r\n');

it('a request that says of what kind its body is, and has none, is answered and not waited for', async () => {
  const { port, ...face } = await openPublic({});
  const head = postHead(0).replace('Content-Length: 0\r\n', 'Connection: close\r\n');
  const { received } = await peer(port, head);
  expect(problemIn(await received)).toMatchObject({ status: 400, detail: expect.stringContaining('empty') });
  expect(face.refusals).toHaveLength(1);
});

describe('a peer that is too slow', () => {
  it('with its header is told so and cut off, without an audit event', async () => {
    const { port, refusals } = await openPublic();
    const { received } = await peer(port, 'GET /livez HTTP/1.1\r\nHost: loc');
    const text = await received;
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(problemIn(text)).toMatchObject({ type: 'about:blank', status: 408 });
    expect(refusals).toEqual([]);
  });

  it('with its body is told so and cut off, audited once', async () => {
    const { port, refusals, calls } = await openPublic();
    const { received } = await peer(port, `${postHead(1000)}{"csr":`);
    expect(await received).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    await expect.poll(() => refusals.length).toBe(1);
    expect(refusals[0]).toMatchObject({ code: 'malformed', actor: 'token:t1', object: 'POST /v1/certificates' });
    expect(calls.map(({ name }) => name)).not.toContain('submitRequest');
  });

  it('however often it sends one more octet', async () => {
    const { port } = await openPublic();
    const { socket, received } = await peer(port, postHead(1000));
    const drip = setInterval(() => socket.writable && socket.write(' '), 20);
    onTestFinished(() => clearInterval(drip));
    expect(await received).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('to send anything at all is cut off, and honest clients are served meanwhile', async () => {
    const { port, url, refusals } = await openPublic();
    const idle = await Promise.all(Array.from({ length: 200 }, () => peer(port)));
    expect((await exchange(`${url}/livez`)).status).toBe(200);
    await Promise.all(idle.map(({ received }) => received));
    expect(refusals).toEqual([]);
  });
});

describe('a peer whose token is removed', () => {
  it('while its body is still to come loses the connection, and nothing is done for it', async () => {
    const { port, calls, announceTokenRemoval } = await openPublic();
    const { socket, received } = await peer(port, `${postHead(20)}{"csr":`);
    await expect.poll(() => calls.map(({ name }) => name)).toContain('authenticateToken');
    announceTokenRemoval('t2');
    expect(socket.destroyed).toBe(false);
    announceTokenRemoval('t1');
    expect(await received).toBe('');
    expect(calls.map(({ name }) => name)).not.toContain('submitRequest');
  });

  it('while it waits for a request is answered, and not cut off', async () => {
    let refuse = (_error: CaError): void => undefined;
    const collectRequest = () => new Promise<never>((_resolve, reject) => (refuse = reject));
    const { port, calls, announceTokenRemoval } = await openPublic({}, { collectRequest });
    const head = `GET /v1/requests/${waiting.id}?wait=30 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
    const { received } = await peer(port, `${head}Authorization: Bearer ${goodToken}\r\n\r\n`);
    await expect.poll(() => calls.map(({ name }) => name)).toContain('collectRequest');
    announceTokenRemoval('t1');
    refuse(new CaError('unauthenticated', 'gone'));
    expect(await received).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('a stop', () => {
  it('does not wait for a body that is still to come, and does for what came whole', async () => {
    const patient = { requestMs: 0, headersMs: 0, inactivityMs: hour, drainMs: hour, drainBodiesMs: 100 };
    let answer = (): void => undefined;
    const { port, face, calls } = await openPublic(patient, {
      readiness: () => new Promise((resolve) => (answer = () => resolve([{ name: 'inventory', ready: true }]))),
    });
    const names = (): string[] => calls.map(({ name }) => name);
    const slow = await peer(port, `${postHead(1000)}{"csr":`);
    const whole = await peer(port, 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(names).toEqual(expect.arrayContaining(['authenticateToken', 'readiness']));
    const closed = face.close();
    expect(await slow.received).toBe('');
    answer();
    expect(await whole.received).toMatch(/^HTTP\/1\.1 200 /);
    await closed;
    expect(names()).not.toContain('submitRequest');
  });
});

describe('a peer that goes away', () => {
  it('in the middle of its body leaves one audit event and no answer', async () => {
    const { port, refusals } = await openPublic();
    const { socket } = await peer(port, `${postHead(1000)}{"csr":`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await expect.poll(() => refusals.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(refusals).toHaveLength(1);
  });
});

describe('more connections than the face takes', () => {
  it('take the place of who is connected longest and asks nothing', async () => {
    const { port, url } = await openPublic({ connections: 16 });
    const ask = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const idle: Peer[] = [];
    for (let index = 0; index < 40; index++) idle.push(await peer(port, ask));
    expect((await exchange(`${url}/livez`)).status).toBe(200);
    await idle[0]!.received;
    expect(idle.at(-1)!.socket.closed).toBe(false);
  });

  it('leave those alone that asked something since others did', async () => {
    const { port } = await openPublic({ connections: 16 });
    const ask = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const [first, second] = [await peer(port), await peer(port)];
    first.socket.write(ask);
    await once(first.socket, 'data');
    for (let index = 0; index < 14; index++) await peer(port);
    await second.received;
    expect(first.socket.closed).toBe(false);
  });

  it('are dropped when all have something to do, and there is room again when others end', async () => {
    const { port, url, calls } = await openPublic({ connections: 3, requestMs: 10_000 });
    const begun = () => calls.filter(({ name }) => name === 'authenticateToken').length;
    const held: Peer[] = [];
    while (held.length < 3) {
      held.push(await peer(port, postHead(1000)));
      await expect.poll(begun).toBe(held.length);
    }
    const dropped = await peer(port);
    expect(await dropped.received).toBe('');
    held[0]!.socket.destroy();
    await held[0]!.received;
    await expect
      .poll(() =>
        exchange(`${url}/livez`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['a header flood', `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a long path', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['an unknown protocol', 'HELO there\r\n\r\n', 400],
    ['a TLS hello', Buffer.from('160301020001', 'hex').toString('latin1'), 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
    [
      'a length and chunks, as smugglers send',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a header with a bare line feed', 'GET /livez HTTP/1.1\r\nHost: x\r\nA: b\nc\r\n\r\n', 400],
  ])('is answered with a small problem, audited once: %s', async (_what, text, status) => {
    const { port, refusals } = await openPublic();
    const { received } = await peer(port, text);
    const answer = await received;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*application/problem\\+json`, 's'));
    expect(problemIn(answer)).toMatchObject({ type: 'about:blank', status });
    expect(refusals).toEqual([expect.objectContaining({ code: 'malformed', actor: 'anonymous' })]);
  });

  it('says so of a method that other APIs have', async () => {
    const { port } = await openPublic();
    const { received } = await peer(port, 'LIST /v1/certificates HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(problemIn(await received)).toMatchObject({ status: 400, detail: expect.stringContaining('method') });
  });

  it('inside of a body is one refusal, not two', async () => {
    const { port, refusals } = await openPublic();
    const head = postHead(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    const { received } = await peer(port, `${head}zz\r\n`);
    await received;
    await expect.poll(() => refusals.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(refusals).toHaveLength(1);
  });
});

describe('a peer that sends all of its body before it reads', () => {
  it.each(['HTTP/1.1', 'HTTP/1.0'])(
    'is refused when its body has come, where the connection ends with the answer: %s',
    async (version) => {
      const { port, refusals } = await openPublic({});
      const head = `POST /v1/nothing ${version}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n`;
      const { socket, received } = await peer(port, head + ' '.repeat(1000));
      let answered = false;
      socket.once('data', () => {
        answered = true;
      });
      await expect.poll(() => refusals.length).toBe(1);
      // Whatever is answered at once is answered before what is asked now.
      await exchange(`http://localhost:${port}/livez`);
      expect(answered).toBe(false);
      socket.write(' '.repeat(1000));
      expect(problemIn(await received)).toMatchObject({ type: 'https://privyseal.dev/problems/notFound' });
    },
  );
});

describe('who asks for a tunnel', () => {
  it.each([
    ['to another host', 'localhost:443', 404, 'notFound'],
    ['to a path of the face', '/v1/certificates', 405, 'methodNotAllowed'],
  ])(
    '%s is told so, audited once, and the connection ends with what came behind it',
    async (_to, target, status, code) => {
      const { port, refusals } = await openPublic();
      const { received } = await peer(
        port,
        `CONNECT ${target} HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\n\r\n`,
      );
      const text = await received;
      expect(text.match(/^HTTP\/1\.1 \d+/gm)).toEqual([`HTTP/1.1 ${status}`]);
      expect(text).toMatch(/^connection: close\r$/im);
      expect(problemIn(text)).toMatchObject({ type: `https://privyseal.dev/problems/${code}`, status });
      expect(refusals.map((refusal) => refusal.code)).toEqual([code]);
    },
  );

  it('and is gone before the answer harms nobody', async () => {
    let arrived = (): void => undefined;
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let release = (): void => undefined;
    const audited = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { port } = await openPublic(undefined, {
      recordRefusal: async () => {
        arrived();
        await audited;
      },
    });
    const { socket, received } = await peer(port, 'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await arrival;
    socket.resetAndDestroy();
    await received;
    release();
    expect((await exchange(`http://localhost:${port}/livez`)).status).toBe(200);
  });
});

describe('a graceful stop', () => {
  /** `asked`: the answer to /readyz is being waited for; `stopped`: the face takes no connections any more. */
  async function openBusy() {
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    const readiness = async () => {
      isAsked();
      await promise;
      return [{ name: 'inventory', ready: true as const }];
    };
    const { services, calls } = makeServices({ readiness });
    const open = await openFace(buildDistributionFace(makeFaceDeps(services)));
    const stopped = () => expect.poll(() => open.face.server.listening, { timeout: 30_000 }).toBe(false);
    return { ...open, calls, finish, asked, stopped };
  }
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

  it('ends idle connections at once, used or not, and takes no new ones', async () => {
    const { face, port } = await openBusy();
    const unused = await peer(port);
    const used = await peer(port, get('/livez'));
    await once(used.socket, 'data');
    await face.close();
    expect(await unused.received).toBe('');
    expect(await used.received).toMatch(/^HTTP\/1\.1 200 /);
    await expect(peer(port)).rejects.toThrow();
  });

  it('finishes what was accepted, says that the connection ends with it, and ends it', async () => {
    const { face, port, finish, asked, stopped } = await openBusy();
    const busy = await peer(port, get('/readyz'));
    await asked;
    const closed = face.close();
    await stopped();
    finish();
    const text = await busy.received;
    expect(text).toMatch(/^HTTP\/1\.1 200 .*"status":"ready"/s);
    // RFC 9112 §9.6: so that the peer sends its next request elsewhere.
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
    await closed;
  });

  it('neither does nor answers what came on that connection meanwhile', async () => {
    const { face, port, finish, asked, stopped, calls } = await openBusy();
    const busy = await peer(port, get('/readyz'));
    await asked;
    const closed = face.close();
    await stopped();
    const came = once(face.server, 'request');
    busy.socket.write(get('/crl/dev-root.crl'));
    await came;
    finish();
    expect((await busy.received).match(/HTTP\/1\.1/g)).toHaveLength(1);
    await closed;
    expect(calls.map(({ name }) => name)).toEqual(['readiness']);
  });

  it('streams a list that was begun to its end, and ends the connection with it', async () => {
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    async function* lines() {
      yield Buffer.from('{"serial":"01"}\n');
      await promise;
      yield Buffer.from('{"serial":"02"}\n');
    }
    const limits = { inactivityMs: hour, drainMs: hour };
    const { port, face } = await openPublic(limits, { exportCertificates: async () => lines() });
    const fields = `Host: localhost\r\nAuthorization: Bearer ${goodToken}\r\nAccept: application/x-ndjson\r\n`;
    const busy = await peer(port, `GET /v1/certificates HTTP/1.1\r\n${fields}\r\n`);
    await once(busy.socket, 'data');
    const closed = face.close();
    await expect.poll(() => face.server.listening).toBe(false);
    finish();
    // The last chunk of no octets says that it is whole (RFC 9112 §7.1).
    expect(await busy.received).toMatch(/"01".*"02"}\n\r\n0\r\n\r\n$/s);
    await closed;
  });

  it('breaks off a list that is not taken in time', async () => {
    async function* lines() {
      for (;;) yield Buffer.alloc(65_536, 'x');
    }
    const limits = { inactivityMs: hour, drainMs: 100 };
    const { port, face } = await openPublic(limits, { exportCertificates: async () => lines() });
    const fields = `Host: localhost\r\nAuthorization: Bearer ${goodToken}\r\nAccept: application/x-ndjson\r\n`;
    const busy = await peer(port, `GET /v1/certificates HTTP/1.1\r\n${fields}\r\n`);
    await once(busy.socket, 'data');
    busy.socket.pause();
    await face.close();
    busy.socket.resume();
    expect(await busy.received).not.toMatch(/\r\n0\r\n\r\n$/);
  });
});
