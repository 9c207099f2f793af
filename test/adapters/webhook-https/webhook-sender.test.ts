/** The sender against receivers on loopback: what it sends, whom it refuses, and what it puts up with. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createWebhookSender, type WebhookSenderOptions } from '../../../src/adapters/webhook-https/webhook-sender.ts';
import { webhookHeaders } from '../../../src/domain/alerts/webhook-message.ts';
import { parseCidr } from '../../../src/domain/policy/cidr-range.ts';
import { keyPem, serverOf, system } from '../../support/face-tls.ts';
import { listening } from '../../support/listening.ts';

const secrets = [new Uint8Array(32).fill(7)];
const loopback = ['127.0.0.0/8', '::1/128'].map((text) => parseCidr(text)!);
const message = { id: 'msg_1', body: '{"type":"alert.opened"}', timestamp: 1_700_000_000 };

interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Listens until the test ends; over TLS with a certificate of `system` for localhost. */
async function receiver(answer: RequestListener, { tls = false } = {}) {
  const received: Received[] = [];
  const hear: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    answer(request, response);
  };
  const certificate = serverOf(system);
  const server = tls ? createTlsServer({ cert: certificate.pem, key: keyPem(certificate) }, hear) : createServer(hear);
  const port = await listening(server);
  return { received, url: `${tls ? 'https' : 'http'}://localhost:${port}/hook?a=b`, port };
}

function senderOf(override: Partial<WebhookSenderOptions> = {}) {
  const sender = createWebhookSender({ secrets, configured: loopback, ...override });
  onTestFinished(() => sender.close());
  return (url: string, signal = new AbortController().signal) => sender.send({ ...message, url }, signal);
}

const ok: RequestListener = (_request, response) => void response.writeHead(204).end();

describe('a webhook', () => {
  it('is delivered by a later try when what sends it could not be loaded at the first', async () => {
    const { url } = await receiver(ok);
    const send = senderOf();
    vi.doMock('undici', () => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    });
    expect(await send(url)).toMatchObject({ kind: 'failed' });
    vi.doUnmock('undici');
    expect(await send(url)).toEqual({ kind: 'delivered' });
  });

  it('is posted as JSON, signed, over TLS that is verified', async () => {
    const { received, url } = await receiver(ok, { tls: true });
    expect(await senderOf({ trustPem: system.pem })(url)).toEqual({ kind: 'delivered' });
    expect(received).toMatchObject([{ url: '/hook?a=b', body: message.body }]);
    expect(received[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      ...webhookHeaders(secrets, message),
    });
  });

  it('is not sent to a certificate of an authority that nobody configured', async () => {
    const { received, url } = await receiver(ok, { tls: true });
    expect((await senderOf()(url)).kind).toBe('failed');
    expect(received).toEqual([]);
  });

  it.each(['localhost', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])(
    'is not sent to %s unless that is configured',
    async (host) => {
      const { received, port } = await receiver(ok);
      for (const scheme of ['http', 'https']) {
        const outcome = await senderOf({ configured: [] })(`${scheme}://${host}:${port}/`);
        expect(outcome).toEqual({ kind: 'failed', reason: 'addressRefused' });
      }
      expect(received).toEqual([]);
    },
  );

  it('goes without TLS to configured addresses alone', async () => {
    const { url } = await receiver(ok);
    expect(await senderOf()(url)).toEqual({ kind: 'delivered' });
    const outcome = await senderOf({ configured: [] })('http://192.0.2.1:9/');
    expect(outcome).toEqual({ kind: 'failed', reason: 'addressRefused' });
  });

  it('follows no redirect', async () => {
    const { received, url } = await receiver((_request, response) => {
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(await senderOf()(url)).toEqual({ kind: 'failed', reason: 'status 307' });
    expect(received).toHaveLength(1);
  });

  it.each<[string, number, Record<string, string>, object]>([
    ['an error', 500, {}, { kind: 'failed', reason: 'status 500' }],
    [
      'a refusal with a time',
      429,
      { 'retry-after': '90' },
      { kind: 'failed', reason: 'status 429', retryAfterSeconds: 90 },
    ],
    [
      'a date to retry after',
      503,
      { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT', date: 'Wed, 21 Oct 2026 07:18:00 GMT' },
      { kind: 'failed', reason: 'status 503', retryAfterSeconds: 600 },
    ],
    ['a word of good-bye', 410, {}, { kind: 'gone' }],
  ])('that meets %s says so', async (_what, status, headers, outcome) => {
    const { url } = await receiver(
      (_request, response) => void response.writeHead(status, headers).end('secret words'),
    );
    expect(await senderOf()(url)).toEqual(outcome);
  });

  it('does not read an answer without end', async () => {
    const { url } = await receiver((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    expect(await senderOf()(url)).toEqual({ kind: 'delivered' });
  });

  it.each([
    [202, { kind: 'delivered' }],
    [410, { kind: 'gone' }],
    [503, { kind: 'failed', reason: 'status 503' }],
  ])('counts a status of %i although its answer is cut off', async (status, outcome) => {
    const { url } = await receiver((_request, response) => {
      response.writeHead(status, { 'content-length': 1000 }).write('secret', () => response.destroy());
    });
    expect(await senderOf()(url)).toEqual(outcome);
  });

  it('does not wait for ever', async () => {
    const { url } = await receiver(() => undefined);
    expect((await senderOf({ timeoutMs: 200 })(url)).kind).toBe('failed');
  });

  it('waits for none that goes to another path of the same host', async () => {
    const asked = Promise.withResolvers<void>();
    const { url } = await receiver((request, response) => {
      if (request.url === '/hook?a=b') asked.resolve();
      else response.writeHead(204).end();
    });
    const send = senderOf({ timeoutMs: 60_000 });
    const stopping = new AbortController();
    const hanging = send(url, stopping.signal);
    await asked.promise;
    expect(await send(new URL('/other', url).href)).toEqual({ kind: 'delivered' });
    stopping.abort();
    expect((await hanging).kind).toBe('failed');
  });

  it('ends when the service stops', async () => {
    const { url } = await receiver(() => undefined);
    const stopping = new AbortController();
    const sent = senderOf()(url, stopping.signal);
    stopping.abort();
    expect((await sent).kind).toBe('failed');
  });

  it('says nothing of where it was sent when nobody is there', async () => {
    const outcome = await senderOf()('http://localhost:1/secret-path');
    expect(JSON.stringify(outcome)).not.toContain('secret-path');
    expect(outcome).toMatchObject({ kind: 'failed' });
  });
});
