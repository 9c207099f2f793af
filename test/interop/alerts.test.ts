/** A failed deployment on the real service becomes a webhook that outlives kill -9, and that the page's own code finds genuine. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { itWith, run } from '../support/judges.ts';
import {
  projectFolder,
  type RunningService,
  serviceExit,
  startService,
  temporaryFolder,
} from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const generous = 120_000;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let folder: string;
let service: RunningService;
let port: number;
const received: Received[] = [];

const settings = (): Record<string, string> => ({
  PRIVYSEAL_WEBHOOK_URLS: `http://127.0.0.1:${port}/hook`,
  PRIVYSEAL_WEBHOOK_SECRET_FILE: join(folder, 'secret'),
  PRIVYSEAL_WEBHOOK_ALLOWED_RANGES: '127.0.0.1/32',
});
const start = (): Promise<RunningService> => startService({ home: join(folder, 'data'), env: settings() });

const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
  response.writeHead(204).end();
});

const readJson = async (path: string) => JSON.parse((await service.admin(path)).body.toString());
const pending = async (): Promise<string | undefined> =>
  /^privyseal_webhooks_pending (\d+)$/m.exec((await service.admin('/metrics')).body.toString())?.[1];

beforeAll(async () => {
  folder = temporaryFolder();
  port = await freePort();
  writeFileSync(join(folder, 'secret'), `${secret}\n`, { mode: 0o600 });
  service = await start();
}, generous);

afterAll(async () => {
  await service?.dispose();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('an alert of the real service', () => {
  it('waits in its outbox while nobody listens, survives kill -9, and comes when somebody does', {
    timeout: 4 * generous,
  }, async () => {
    const { serial } = await submit(service);
    const body = JSON.stringify({ target: 'web-1', outcome: 'failed', detail: 'the old one is served' });
    const headers = { 'content-type': 'application/json' };
    const reported = await service.admin(`/v1/certificates/${serial}/deployments`, { method: 'POST', headers, body });
    expect(reported.status).toBe(201);
    await expect.poll(async () => (await readJson('/v1/alerts')).items.length, { timeout: generous }).toBe(1);
    expect(await pending()).toBe('1');
    await service.kill9();
    service = await start();
    expect(await pending()).toBe('1');
    expect((await readJson('/v1/alerts')).items).toMatchObject([
      { kind: 'deploymentFailed', subject: 'dev/demo', count: 1 },
    ]);
    receiver.listen(port, '127.0.0.1');
    await once(receiver, 'listening');
    expect((receiver.address() as AddressInfo).port).toBe(port);
    await expect.poll(() => received.length, { timeout: generous }).toBe(1);
    await expect.poll(pending, { timeout: generous }).toBe('0');
    expect(JSON.parse(received[0]!.body)).toMatchObject({
      type: 'alert.opened',
      data: { id: 'deploymentFailed:dev/demo' },
    });
    expect(service.output()).not.toContain(secret);
    expect(service.output()).not.toContain('/hook');
  });

  itWith('python3', 'is genuine to the code of docs/alerts.md, and a changed one is not', async () => {
    const page = readFileSync(join(projectFolder, 'docs/alerts.md'), 'utf8');
    const [, code = ''] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
    const { headers, body } = received[0]!;
    const given = JSON.stringify({ secret, headers, body });
    const script = `${code}
import json, sys
given = json.load(sys.stdin)
sent = given["body"].encode()
print(is_genuine(given["secret"], given["headers"], sent), is_genuine(given["secret"], given["headers"], sent + b" "))
`;
    const { code: exit, stdout, stderr } = await run('python3', ['-c', script], { input: given });
    expect([exit, stdout.toString().trim(), stderr]).toEqual([0, 'True False', '']);
  });
});

describe('the start', () => {
  it.each<[string, () => Record<string, string>]>([
    ['webhooks without a secret', () => ({ PRIVYSEAL_WEBHOOK_URLS: 'https://hooks.example.org/' })],
    ['a URL with a password', () => ({ ...settings(), PRIVYSEAL_WEBHOOK_URLS: 'https://a:b@hooks.example.org/' })],
    ['a range that is none', () => ({ ...settings(), PRIVYSEAL_WEBHOOK_ALLOWED_RANGES: '10.0.0.1/8' })],
    ['a kind that is none', () => ({ ...settings(), PRIVYSEAL_WEBHOOK_KINDS: 'everything' })],
    ['a threshold that is no number', () => ({ PRIVYSEAL_ALERT_DAYS: '7,soon' })],
  ])('refuses %s', { timeout: generous }, async (_what, env) => {
    const { code, output } = await serviceExit({ home: join(folder, 'refused'), env: env() });
    expect([code, output]).toEqual([2, expect.stringContaining('badConfiguration')]);
    expect(output).not.toContain('hooks.example.org');
  });
});
