/** The distribution face: bytes as caches and OCSP clients want them; threats 45 and 46. */
import { connect } from 'node:net';
import fc from 'fast-check';
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { buildDistributionFace } from '../../../src/faces/http/distribution/build-distribution-face.ts';
import { requestInPath } from '../../../src/faces/http/distribution/ocsp-routes.ts';
import type { FaceLimits } from '../../../src/faces/http/face-deps.ts';
import type { Services } from '../../../src/services/services.ts';
import { asBytes } from '../../support/binary-body.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { openFace } from '../../support/open-face.ts';
import { hierarchy, makeServices, testCrl } from '../../support/services-double.ts';
import { testNow } from '../../support/test-hierarchy.ts';

async function openDistribution(override: Partial<Services> = {}, limits: Partial<FaceLimits> = {}) {
  const double = makeServices(override);
  const face = buildDistributionFace(makeFaceDeps(double.services, { limits }));
  await face.ready();
  onTestFinished(() => face.close().then(() => undefined));
  return { ...double, face, http: request(face.server) };
}

const httpDate = (seconds: number): string => new Date(seconds * 1000).toUTCString();

describe('renewal information', () => {
  it('is the window in RFC 3339, with when to ask again, and cacheable', async () => {
    const { http } = await openDistribution();
    const { serial } = hierarchy.leaf;
    const answer = await http.get(`/v1/renewal-info/${serial}`);
    const time = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
    const suggestedWindow = { start: time(testNow + 1000), end: time(testNow + 2000) };
    expect([answer.status, answer.body]).toEqual([200, { serial, suggestedWindow, reason: 'lifetime' }]);
    expect(answer.headers).toMatchObject({
      'retry-after': '3600',
      'cache-control': 'public, max-age=60, must-revalidate, no-transform',
    });
    const again = await http.get(`/v1/renewal-info/${serial}`).set('if-none-match', answer.headers.etag!);
    expect(again.status).toBe(304);
  });

  it('is 404 for a serial that no product has, and 400 for a parameter', async () => {
    const { http } = await openDistribution();
    expect((await http.get('/v1/renewal-info/00')).status).toBe(404);
    expect((await http.get(`/v1/renewal-info/${hierarchy.leaf.serial}?x=1`)).status).toBe(400);
  });
});

describe('a CRL', () => {
  it('is its very bytes, with strong validators and a freshness of at most a minute', async () => {
    const { http } = await openDistribution();
    const answer = await http.get('/crl/dev-root.crl').buffer(true).parse(asBytes);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pkix-crl',
      'content-length': String(testCrl.der.length),
      etag: testCrl.etag,
      'last-modified': httpDate(testCrl.thisUpdate),
      'cache-control': 'public, max-age=60, must-revalidate, no-transform',
      expires: httpDate(testNow + 60),
      'x-content-type-options': 'nosniff',
    });
    expect(Buffer.compare(answer.body, testCrl.der)).toBe(0);
  });

  it('is never called fresh for longer than it is valid', async () => {
    const { http } = await openDistribution({ crl: async () => ({ ...testCrl, nextUpdate: testNow + 10 }) });
    expect((await http.get('/crl/dev-root.crl')).headers['cache-control']).toContain('max-age=10,');
  });

  it.each([
    ['if-none-match', testCrl.etag, 304],
    ['if-none-match', `"other", W/${testCrl.etag}`, 304],
    ['if-none-match', '*', 304],
    ['if-none-match', '"other"', 200],
    ['if-modified-since', httpDate(testCrl.thisUpdate), 304],
    ['if-modified-since', httpDate(testCrl.thisUpdate - 1), 200],
    ['if-modified-since', httpDate(testCrl.thisUpdate + 600), 200],
    ['if-modified-since', 'yesterday', 200],
  ])('with %s: %s is %i, bad input 46', async (field, value, status) => {
    const { http } = await openDistribution();
    const answer = await http.get('/crl/dev-root.crl').set(field, value);
    expect([answer.status, answer.headers.etag]).toEqual([status, testCrl.etag]);
  });

  it('is judged by If-None-Match alone where both are given', async () => {
    const { http } = await openDistribution();
    const headers = { 'if-none-match': '"other"', 'if-modified-since': httpDate(testNow) };
    expect((await http.get('/crl/dev-root.crl').set(headers)).status).toBe(200);
  });

  it('has a head without a body, and a PEM form with a validator of its own', async () => {
    const { http } = await openDistribution();
    const head = await http.head('/crl/dev-root.crl');
    const pem = await http.get('/crl/dev-root.pem').buffer(true);
    expect([head.status, head.headers['content-length']]).toEqual([200, String(testCrl.der.length)]);
    expect(pem.headers['content-type']).toBe('application/x-pem-file');
    expect(pem.headers.etag).not.toBe(testCrl.etag);
    expect(String(pem.text ?? pem.body)).toMatch(/^-----BEGIN X509 CRL-----\n/);
  });

  it('of an authority that does not exist is 404 and audited nowhere', async () => {
    const { http, refusals } = await openDistribution();
    const answers = [
      await http.get('/crl/nobody.crl'),
      await http.get('/crl/..%2fvault.crl'),
      await http.get('/crl/x'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(refusals).toEqual([]);
  });

  it('that cannot be signed now is 503 with Retry-After', async () => {
    const { http } = await openDistribution({ crl: () => Promise.reject(new CaError('signerUnavailable', 'sealed')) });
    const answer = await http.get('/crl/dev-root.crl');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
  });
});

describe('an issuer’s certificate', () => {
  it('is DER where certificates point to, with an ETag', async () => {
    const { http } = await openDistribution();
    const answer = await http.get('/aia/dev-root.cer').buffer(true).parse(asBytes);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/pkix-cert']);
    expect(Buffer.compare(answer.body, hierarchy.root.der)).toBe(0);
    const again = await http.get('/aia/dev-root.cer').set('if-none-match', answer.headers.etag!);
    expect(again.status).toBe(304);
  });
});

describe('OCSP', () => {
  const asked = (calls: { name: string; args: readonly unknown[] }[]) =>
    calls.filter(({ name }) => name === 'answerOcsp').map(({ args }) => Buffer.from(args[1] as Uint8Array));
  // Base64 of it has "+", "/", "//" and padding.
  const der = Buffer.from([0x30, 0x0b, 0xfb, 0xff, 0xbf, 0xff, 0xff, 0xff, 0x3e, 0xfb, 0xef, 0xbe, 0x01]);
  const base64 = der.toString('base64');

  it('is answered by POST', async () => {
    const { http, calls } = await openDistribution();
    const answer = await http.post('/ocsp/dev-root').type('application/ocsp-request').send(der);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/ocsp-response']);
    expect(asked(calls)).toEqual([der]);
  });

  it.each([
    ['percent-encoded', encodeURIComponent(base64)],
    ['plain', base64],
    ['without padding', base64.replace(/=+$/, '')],
    ['only the slashes encoded', base64.replaceAll('/', '%2F')],
    ['lower-case escapes', base64.replaceAll('/', '%2f').replaceAll('+', '%2b')],
    ['after a second slash', `/${base64}`],
    ['with a query', `${base64}?x=1`],
  ])('is answered by GET with the request %s, bad input 45', async (_what, path) => {
    expect(base64).toMatch(/\+.*\/\/.*=$|\/\/.*\+.*=$/);
    const { http, calls } = await openDistribution();
    const answer = await http.get(`/ocsp/dev-root/${path}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/ocsp-response']);
    expect(asked(calls)).toEqual([der]);
  });

  it('reads the request from a target that is the whole URL', async () => {
    const { face, calls } = await openDistribution();
    const { port } = await openFace(face);
    await rawExchange(
      port,
      `GET http://ca.test/ocsp/dev-root/${base64} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(asked(calls)).toEqual([der]);
  });

  it('reads any DER from any spelling of its path', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((rest) => Buffer.from([0x30, ...rest]));
    const spelling = fc.constantFrom(
      encodeURIComponent,
      (text: string) => text,
      (text: string) => text.replace(/=+$/, ''),
    );
    fc.assert(
      fc.property(bytes, spelling, (content, spell) => {
        const path = `/ocsp/dev-root/${spell(content.toString('base64'))}`;
        expect(Buffer.compare(requestInPath(path), content)).toBe(0);
      }),
    );
  });

  it.each(['***', 'a%00b', 'MA=x'])('hands %s over as no request, which is answered and audited', async (path) => {
    const { http, calls, refusals } = await openDistribution();
    expect((await http.get(`/ocsp/dev-root/${path}`)).status).toBe(200);
    expect(asked(calls)).toEqual([Buffer.alloc(0)]);
    expect(refusals).toEqual([expect.objectContaining({ code: 'malformed', actor: 'anonymous' })]);
  });

  it.each(['%zz', '%F0%28'])('does not know the path %s, which is no percent-encoding', async (path) => {
    const { http, calls } = await openDistribution();
    const answer = await http.get(`/ocsp/dev-root/${path}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/problem+json; charset=utf-8']);
    expect(asked(calls)).toEqual([]);
  });

  it('stops auditing a stranger who makes nothing but mistakes, and still answers', async () => {
    const { http, refusals } = await openDistribution({}, { failedAuthenticationsPerMinute: 2 });
    const wrong = () => http.post('/ocsp/dev-root').type('application/ocsp-request').send('');
    const statuses = [await wrong(), await wrong(), await wrong(), await wrong()].map(({ status }) => status);
    expect([statuses, refusals.length]).toEqual([[200, 200, 200, 200], 2]);
  });

  it('may be cached by GET until it must not, by POST never', async () => {
    const { http } = await openDistribution();
    const get = await http.get(`/ocsp/dev-root/${encodeURIComponent(base64)}`);
    const post = await http.post('/ocsp/dev-root').type('application/ocsp-request').send(der);
    expect(get.headers['cache-control']).toContain('max-age=60');
    expect(post.headers['cache-control']).toBe('no-store');
  });

  it('is never called fresh for longer than it may be kept, by whole seconds', async () => {
    const kept = async (seconds: number) => {
      const cacheableUntil = testNow + seconds;
      const { http } = await openDistribution({ answerOcsp: async () => ({ der, cacheableUntil, successful: true }) });
      return (await http.get(`/ocsp/dev-root/${base64}`)).headers['cache-control'];
    };
    expect(await kept(10.9)).toContain('max-age=10,');
    expect([await kept(0.9), await kept(-5)]).toEqual(['no-store', 'no-store']);
  });

  it('leaves nothing in the audit log when it was answered', async () => {
    const { http, refusals } = await openDistribution();
    await http.get(`/ocsp/dev-root/${base64}`);
    expect(refusals).toEqual([]);
  });

  it('is not cached when the answer is for one asker alone', async () => {
    const answerOcsp: Services['answerOcsp'] = async () => ({ der, cacheableUntil: null, successful: true });
    const { http } = await openDistribution({ answerOcsp });
    expect((await http.get(`/ocsp/dev-root/${base64}`)).headers['cache-control']).toBe('no-store');
  });

  it('is refused by POST in another media type, and beyond 64 KiB', async () => {
    const { http } = await openDistribution();
    const text = await http.post('/ocsp/dev-root').type('text/plain').send('x');
    const large = await http.post('/ocsp/dev-root').type('application/ocsp-request').send(Buffer.alloc(70_000));
    expect([text.status, large.status]).toEqual([415, 413]);
  });

  it('is answered to HTTP/1.0 without a Host and with a length, as nginx asks', async () => {
    const { face } = await openDistribution();
    const { port } = await openFace(face);
    const text = await rawExchange(port, `GET /ocsp/dev-root/${encodeURIComponent(base64)} HTTP/1.0\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/\r\ncontent-length: 3\r\n/i);
    expect(text).not.toMatch(/transfer-encoding/i);
  });
});

describe('HTTP/1.1', () => {
  const poll = `/v1/renewal-info/${hierarchy.leaf.serial}`;
  const asked = async (target: string, fields: string): Promise<string> => {
    const { face } = await openDistribution();
    const { port } = await openFace(face);
    return rawExchange(port, `GET ${target} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`);
  };

  it.each([
    ['without a Host', ''],
    ['with two', 'Host: a\r\nhost: b\r\n'],
    ['with one that is no host', 'Host: a b\r\n'],
    ['with a user before the host', 'Host: somebody@a\r\n'],
  ])('%s is a problem, whatever is asked', async (_what, fields) => {
    for (const target of ['/livez', poll]) {
      expect(await asked(target, fields)).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json/s);
    }
  });

  it.each([
    ['gzip, chunked', '1.1'],
    ['identity, chunked', '1.1'],
    ['chunked', '1.0'],
  ])('with the Transfer-Encoding %s in HTTP/%s is a problem, and its connection ends', async (coding, version) => {
    const { face } = await openDistribution();
    const { port } = await openFace(face);
    for (const target of ['POST /ocsp/dev-root', `GET ${poll}`]) {
      const fields = `Host: a\r\nConnection: keep-alive\r\nTransfer-Encoding: ${coding}\r\n`;
      const answer = await rawExchange(port, `${target} HTTP/${version}\r\n${fields}\r\n0\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\nconnection: close\r\n/is);
    }
  });

  it('takes a chunked body, whatever the letters', async () => {
    const { face } = await openDistribution();
    const { port } = await openFace(face);
    const type = 'Content-Type: application/ocsp-request\r\nConnection: close\r\n';
    const head = `POST /ocsp/dev-root HTTP/1.1\r\nHost: a\r\n${type}Transfer-Encoding: Chunked\r\n\r\n`;
    expect(await rawExchange(port, `${head}2\r\n0\0\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('takes the value of another field for what it is, also when it is the name of one', async () => {
    expect(await asked('/livez', 'Host: a\r\nTrailer: Host\r\n')).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it.each(['ca.test', 'CA.test:8080', '10.0.0.1', '[fd00::1]:80', ''])('takes the Host %j', async (host) => {
    for (const target of ['/livez', poll]) {
      expect(await asked(target, `Host: ${host}\r\n`)).toMatch(/^HTTP\/1\.1 200 OK/);
    }
  });

  it.each(['/crl/dev-root.crl', '/ocsp/dev-root/MAA=', '/livez?x=1', poll])(
    'answers %s to a target that is the whole URL, as it is given through proxies',
    async (path) => {
      expect(await asked(`http://ca.test:8080${path}`, 'Host: ca.test:8080\r\n')).toMatch(/^HTTP\/1\.1 200 OK/);
    },
  );

  it('has no path, or another method, in a whole URL as elsewhere', async () => {
    expect(await asked('http://ca.test', 'Host: ca.test\r\n')).toMatch(/^HTTP\/1\.1 404 /);
    const text = await asked('http://ca.test/ocsp/dev-root', 'Host: ca.test\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 405 .*\r\nallow: POST\r\n/is);
  });

  it('passes over expectations that it does not know', async () => {
    expect(await asked('/livez', 'Host: ca.test\r\nExpect: gifts\r\n')).toMatch(/^HTTP\/1\.1 200 OK/);
  });
});

/** Sends bytes as they are and reads until the peer ends. */
function rawExchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: 'localhost' }, () => socket.write(text));
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}
