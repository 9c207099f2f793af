/** Polls that are answered before anything is routed: the same answers, limits, counts and lines as by their route. */
import { once } from 'node:events';
import { connect as connectTo, type Socket } from 'node:net';
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildDistributionFace } from '../../../../src/faces/http/distribution/build-distribution-face.ts';
import type { FaceLimits } from '../../../../src/faces/http/face-deps.ts';
import { buildPublicFace } from '../../../../src/faces/http/public/build-public-face.ts';
import { maxAgeSeconds } from '../../../../src/faces/http/routes/renewal-routes.ts';
import type { RenewalInfo } from '../../../../src/services/rotating/renewal-info.ts';
import type { Services } from '../../../../src/services/services.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { openFace } from '../../../support/open-face.ts';
import { hierarchy, makeServices } from '../../../support/services-double.ts';
import { testNow } from '../../../support/test-hierarchy.ts';

const debugLevel = 20; // pino's number
const { serial } = hierarchy.leaf;
const path = `/v1/renewal-info/${serial}`;
const info: RenewalInfo = {
  serial,
  start: testNow + 1000,
  end: testNow + 2000,
  reason: 'lifetime',
  retryAfterSeconds: 3600,
};

/** A face that knows the answer when `ready` is true, and what it was asked. */
async function openPolled(
  ready: boolean,
  {
    build = buildDistributionFace,
    limits = {},
    now,
  }: { build?: typeof buildPublicFace; limits?: Partial<FaceLimits>; now?: () => number } = {},
) {
  const counted: Parameters<Services['countAnswer']>[0][] = [];
  const routed: string[] = [];
  const { services } = makeServices({
    readyRenewalInfo: (text) => (ready && text === serial ? info : undefined),
    renewalInfo: async (text) => {
      routed.push(text);
      return info;
    },
    countAnswer: (answer) => void counted.push(answer),
  });
  const deps = makeFaceDeps(services, { limits });
  const face = build({ ...deps, ...(now && { now }) });
  await face.ready();
  onTestFinished(() => face.close().then(() => undefined));
  const http = request(face.server);
  // An address that is new goes through the hooks, which know it from then on.
  await http.get('/livez');
  const lines = (): unknown[] => deps.logLines.map(readLine).filter(({ path: asked }) => asked === path);
  return { http, counted, routed, lines };
}

function readLine(text: string): Record<string, unknown> {
  const { id, ms, time: _time, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return { ...rest, id: typeof id, ms: typeof ms };
}

/** Without what differs from one answer to the next of the same route. */
const comparable = ({ status, headers, text }: request.Response) => {
  const { date: _date, connection: _connection, 'keep-alive': _alive, ...rest } = headers as Record<string, string>;
  return { status, headers: rest, text };
};

describe('a poll whose answer is ready', () => {
  it.each([
    ['distribution', buildDistributionFace],
    ['public', buildPublicFace],
  ] as const)('is answered on the %s face to the letter as by its route, which is not asked', async (_name, build) => {
    const [fast, slow] = [await openPolled(true, { build }), await openPolled(false, { build })];
    const whole = await fast.http.get(path);
    expect(comparable(whole)).toEqual(comparable(await slow.http.get(path)));
    for (const tag of [whole.headers.etag!, `W/${whole.headers.etag!}`, '"other", *', '*', '"other"']) {
      const known = await fast.http.get(path).set('if-none-match', tag);
      expect(comparable(known), tag).toEqual(comparable(await slow.http.get(path).set('if-none-match', tag)));
    }
    expect([fast.routed, slow.routed.length]).toEqual([[], 6]);
  });

  it('is counted and logged as an answer of its route', async () => {
    const [fast, slow] = [await openPolled(true), await openPolled(false)];
    for (const { http } of [fast, slow]) {
      const { headers } = await http.get(path);
      await http.get(path).set('if-none-match', headers.etag!);
    }
    const told = ({ counted }: typeof fast) => counted.map(({ seconds, ...rest }) => [rest, seconds >= 0]);
    expect(told(fast)).toEqual(told(slow));
    expect(fast.counted.map(({ status }) => status)).toEqual([200, 200, 304]);
    expect(fast.lines()).toEqual(slow.lines());
    expect(fast.lines()).toMatchObject([{ level: debugLevel }, { level: debugLevel }]);
  });

  it('is limited with all other requests of its address', async () => {
    const { http, routed } = await openPolled(true, { limits: { requestsPerMinute: 4 } });
    const statuses = [];
    for (let at = 0; at < 5; at++) statuses.push((await http.get(path)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect(routed).toEqual([]);
  });
});

describe('a poll', () => {
  it('is fresh from when it is answered, not from when the first one was', async () => {
    let seconds = testNow;
    const { http } = await openPolled(true, { now: () => seconds * 1000 });
    const expires = async () => (await http.get(path)).headers.expires;
    expect(await expires()).toBe(new Date((testNow + maxAgeSeconds) * 1000).toUTCString());
    seconds += 1;
    expect(await expires()).toBe(new Date((testNow + 1 + maxAgeSeconds) * 1000).toUTCString());
  });

  it('that says that it has no body is one', async () => {
    const { http, routed } = await openPolled(true);
    expect((await http.get(path).set('content-length', '0')).status).toBe(200);
    expect(routed).toEqual([]);
  });

  it('is a use of its connection, which waits for nothing after it', async () => {
    const double = makeServices({ readyRenewalInfo: () => info });
    const deps = makeFaceDeps(double.services, { limits: { connections: 16 } });
    const { port } = await openFace(buildDistributionFace(deps));
    const connect = async (): Promise<Socket> => {
      const socket = connectTo({ port, host: 'localhost' });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      return socket;
    };
    const ask = async (socket: Socket, target: string): Promise<void> => {
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await once(socket, 'data');
    };
    const [first, second] = [await connect(), await connect()];
    for (const socket of [first, second]) await ask(socket, '/livez');
    await ask(first, path);
    const load = () => double.counted.faces[0]!.load();
    await expect.poll(load).toEqual({ connections: 2, requestsUnderWay: 0 });
    // Of the two it is the other that gives way to who comes.
    const gaveWay = once(second, 'close');
    for (let more = 0; more < 14; more++) await connect();
    await gaveWay;
    expect(first.closed).toBe(false);
  });
});

describe('what is no such poll', () => {
  it.each([
    ['HEAD', (http: ReturnType<typeof request>) => http.head(path), 200],
    ['a query', (http: ReturnType<typeof request>) => http.get(`${path}?x=1`), 400],
    ['a body', (http: ReturnType<typeof request>) => http.get(path).send('{}'), 200],
    ['a serial that is not ready', (http: ReturnType<typeof request>) => http.get('/v1/renewal-info/00'), 200],
    ['another method', (http: ReturnType<typeof request>) => http.post(path), 405],
    ['a Host that is none', (http: ReturnType<typeof request>) => http.get(path).set('host', 'a b'), 400],
  ] as const)('is left to the routes: %s', async (_what, ask, status) => {
    const { http } = await openPolled(true);
    expect((await ask(http)).status).toBe(status);
  });

  it('is left to the routes with any body, which they know how to end', async () => {
    const { http, routed } = await openPolled(true);
    await http.get(path).send('{}');
    await http.get(path).set('transfer-encoding', 'chunked');
    expect(routed).toEqual([serial, serial]);
  });
});
