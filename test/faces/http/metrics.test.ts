/** GET /metrics in both formats, read by a strict parser, and what the faces tell the metrics of. */
import { Agent } from 'node:https';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gauge, type MetricFamily } from '../../../src/domain/records/metric.ts';
import { buildAdminFace } from '../../../src/faces/http/admin/build-admin-face.ts';
import { metricsText, openMetricsMediaType, prometheusMediaType } from '../../../src/faces/http/admin/metrics-text.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import { createMeasurements } from '../../../src/services/metrics/measurements.ts';
import { anyCodePoint } from '../../support/code-point.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { clientOf, clientTls, system, tlsMaterial } from '../../support/face-tls.ts';
import { exchange } from '../../support/http-exchange.ts';
import { parseMetrics, sampleValue } from '../../support/metrics-text.ts';
import { openFace } from '../../support/open-face.ts';
import { goodToken, makeServices } from '../../support/services-double.ts';

const operator = clientOf(system);

async function openAdmin(families: readonly MetricFamily[]) {
  const double = makeServices({ collectMetrics: async () => families });
  const { url } = await openFace(buildAdminFace(makeFaceDeps(double.services, { tls: tlsMaterial([system]) })));
  const agent = new Agent({ keepAlive: true, ...clientTls(operator) });
  onTestFinished(() => agent.destroy());
  return {
    ...double,
    get: (accept?: string) => exchange(`${url}/metrics`, { agent, headers: accept === undefined ? {} : { accept } }),
  };
}

function measured(): MetricFamily[] {
  const measurements = createMeasurements();
  measurements.mayRefuse('public', ['badCSR', 'notFound']);
  measurements.refused('public', 'badCSR');
  measurements.issued({ environment: 'dev', profile: 'server', seconds: 0.004 });
  measurements.answered({ face: 'public', method: 'POST', route: '/v1/certificates', status: 201, seconds: 0.004 });
  measurements.signed('dev-issuing', 0.0002);
  return [...measurements.families(), gauge('privyseal_clock_seconds', 'Time', [{ value: 1.5e9 }])];
}

describe('GET /metrics', () => {
  it.each([
    [undefined, prometheusMediaType],
    ['*/*', prometheusMediaType],
    ['text/plain', prometheusMediaType],
    ['application/openmetrics-text', openMetricsMediaType],
    // What Prometheus 2 and 3 send.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      openMetricsMediaType,
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      prometheusMediaType,
    ],
  ])('for Accept %s answers %s', async (accept, mediaType) => {
    const { get } = await openAdmin(measured());
    const answer = await get(accept);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, mediaType]);
    const format = mediaType === openMetricsMediaType ? 'openMetrics' : 'prometheus';
    const families = parseMetrics(answer.body.toString(), format);
    expect(sampleValue(families, 'privyseal_refused_total', { code: 'badCSR' })).toBe(1);
    expect(sampleValue(families, 'privyseal_refused_total', { code: 'notFound' })).toBe(0);
    expect(sampleValue(families, 'privyseal_http_request_duration_seconds_bucket', { le: '0.005' })).toBe(1);
  });

  it('refuses an Accept that names neither', async () => {
    const { get } = await openAdmin(measured());
    expect((await get('image/png')).status).toBe(406);
  });
});

describe('the text of metrics', () => {
  const anything = fc.record({
    labels: fc.dictionary(fc.constantFrom('face', 'code', 'authority'), fc.string({ unit: anyCodePoint })),
    value: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
  });

  it.each([
    ['prometheus', prometheusMediaType],
    ['openMetrics', openMetricsMediaType],
  ] as const)('in the format %s gives back every label and value, whatever they hold', (format, mediaType) => {
    fc.assert(
      fc.property(anything, ({ labels, value }) => {
        const text = metricsText(
          [gauge('privyseal_test', 'Some "help" with \\ and\nlines', [{ labels, value }])],
          mediaType,
        );
        const [family] = parseMetrics(text, format);
        expect(family?.samples).toEqual([{ name: 'privyseal_test', labels: { ...labels }, value: value + 0 }]);
      }),
    );
  });

  it('leaves families without samples out', () => {
    expect(metricsText([gauge('privyseal_test', 'Nothing', [])], openMetricsMediaType)).toBe('# EOF\n');
  });
});

describe('a face', () => {
  async function openPublic() {
    const double = makeServices();
    const { url } = await openFace(buildPublicFace(makeFaceDeps(double.services)));
    return {
      ...double,
      send: (method: string, path: string, headers = {}) => exchange(url + path, { method, headers }),
    };
  }

  it('tells the metrics of every answer by its route, never by its path', async () => {
    const { send, counted } = await openPublic();
    await send('GET', '/v1/authorities');
    await send('GET', `/v1/certificates/${'ab'.repeat(20)}`, { authorization: `Bearer ${goodToken}` });
    await send('GET', '/guess/1');
    await send('DELETE', '/guess/2');
    await expect.poll(() => counted.answers.length).toBe(4);
    expect(counted.answers.map(({ face, method, route, status }) => [face, method, route, status])).toEqual([
      ['public', 'GET', '/v1/authorities', 200],
      ['public', 'GET', '/v1/certificates/:serial', 404],
      ['public', 'none', 'none', 404],
      ['public', 'none', 'none', 404],
    ]);
    expect(counted.answers.every(({ seconds }) => seconds > 0 && seconds < 10)).toBe(true);
  });

  it('counts each refusal once, also of what never became a request', async () => {
    const { send, counted } = await openPublic();
    await send('GET', '/v1/certificates');
    await send('GET', '/nowhere');
    await send('GET', `/${'a'.repeat(20_000)}`);
    expect(counted.refusals).toEqual([
      ['public', 'unauthenticated'],
      ['public', 'notFound'],
      ['public', 'malformed'],
    ]);
  });

  it('says how many connections it has, and with how many requests under way', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const double = makeServices({ readiness: () => promise.then(() => []) });
    const { url } = await openFace(buildPublicFace(makeFaceDeps(double.services)));
    const watched = double.counted.faces[0]!;
    const asked = [exchange(`${url}/readyz`), exchange(`${url}/readyz`)];
    await expect.poll(() => watched.load()).toEqual({ connections: 2, requestsUnderWay: 2 });
    resolve();
    await Promise.all(asked);
    await expect.poll(() => watched.load().requestsUnderWay).toBe(0);
    expect(watched.refusalCodes).toContain('rateLimited');
  });
});
