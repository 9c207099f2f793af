/** A service, or what stands in for it, that answers nonsense over TLS which is trusted: nothing of it is believed, and nothing is a defect. */
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { type ReceivedRequest, startStubService } from '../support/stub-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What the real service answers. */
const forwarded = ({ method, path, headers, body }: ReceivedRequest): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, ...sent } = headers;
    const ca = readFileSync(service.path('trust/system.pem'));
    const asked = request(service.urls.public + path, { method, headers: sent, ca }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const type = response.headers['content-type'] ?? '';
      resolve({ status: response.statusCode!, type, body: Buffer.concat(chunks).toString() });
    });
    asked.on('error', reject);
    asked.end(body);
  });

type Change = (answer: Answer, response: ServerResponse) => void;

const send: Change = ({ status, type, body }, response) => {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
};

/** Tests change what they like, also to what no type allows. */
const changed =
  // biome-ignore lint/suspicious/noExplicitAny: of any shape
    (change: (value: any) => unknown): Change =>
    (answer, response) =>
      send({ ...answer, body: JSON.stringify(change(JSON.parse(answer.body))) }, response);

/** Passes everything on, but what comes to `path` changed. */
async function agentBehind(path: RegExp, change: Change) {
  const stub = await startStubService((received, response) => {
    void forwarded(received).then(
      (answer) => (path.test(received.path) ? change : send)(answer, response),
      () => response.destroy(),
    );
    return undefined;
  });
  const { path: folder, write } = temporaryFolder();
  const ca = write('ca.pem', stub.caPem + readFileSync(service.path('trust/system.pem'), 'utf8'));
  const seen = {
    path: (name: string): string => (name === 'trust/system.pem' ? ca : service.path(name)),
    urls: { ...service.urls, public: stub.baseUrl },
  };
  return rotatingAgent(seen as RunningService, folder);
}

const rubbish = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

it.each<[string, RegExp, Change, string]>([
  ['a redirect', /certificates$/, (_, response) => void response.writeHead(307, { location: '/' }).end(), 'badAnswer'],
  ['a page', /certificates$/, (answer, response) => send({ ...answer, type: 'text/html' }, response), 'badAnswer'],
  [
    'half of JSON',
    /certificates$/,
    (answer, to) => send({ ...answer, body: answer.body.slice(0, 99) }, to),
    'badAnswer',
  ],
  ['brackets alone', /certificates$/, (answer, to) => send({ ...answer, body: '['.repeat(1e6) }, to), 'badAnswer'],
  ['a chain that lacks one', /certificates$/, changed((value) => ({ ...value, chain: [] })), 'answerNotTrusted'],
  [
    'a chain with one more',
    /certificates$/,
    changed((value) => ({ ...value, chain: [...value.chain, value.certificate] })),
    'answerNotTrusted',
  ],
  ['a chain of rubbish', /certificates$/, changed((value) => ({ ...value, chain: [rubbish] })), 'answerNotTrusted'],
  ['rubbish in PEM', /certificates$/, changed((value) => ({ ...value, certificate: rubbish })), 'answerNotOurs'],
  ['another serial', /certificates$/, changed((value) => ({ ...value, serial: 'ab12' })), 'answerNotOurs'],
  [
    'another environment',
    /certificates$/,
    changed((value) => ({ ...value, environment: 'system' })),
    'answerNotTrusted',
  ],
  ['roots of rubbish', /trust-bundles/, (answer, to) => send({ ...answer, body: rubbish }, to), 'answerNotTrusted'],
  ['no authorities', /authorities/, changed((value) => ({ ...value, items: [] })), 'crlMissing'],
  [
    'authorities without certificates',
    /authorities/,
    changed(({ items, ...value }) => ({
      ...value,
      items: items.map((item: object) => ({ ...item, certificate: 'zz' })),
    })),
    'crlUnusable',
  ],
])('%s is refused, and nothing put in use', async (_what, path, change, code) => {
  const agent = await agentBehind(path, change);
  const { act, code: said, status } = await agent.turn();
  expect([act, said, status.failures, existsSync(join(agent.files, 'current'))]).toEqual(['failed', code, 1, false]);
});

it('what an answer tells of its certificate is taken from the certificate', async () => {
  const agent = await agentBehind(
    /certificates$/,
    changed((value) => ({ ...value, notAfter: '2999-01-01T00:00:00Z', names: ['other.example'] })),
  );
  const { act, status } = await agent.turn();
  expect([act, status.notAfter! < '2900']).toEqual(['enrolled', true]);
  // By other names it would be enrolled again, turn by turn.
  expect((await agent.turn()).act).toBe('unchanged');
});

it.each([
  ['ends before it begins', { suggestedWindow: { start: '2027-01-02T00:00:00Z', end: '2027-01-01T00:00:00Z' } }],
  ['begins after its end', { suggestedWindow: { start: '2999-01-01T00:00:00Z', end: '2999-01-02T00:00:00Z' } }],
  ['is another’s', { serial: 'abcd' }],
])('a window of renewal that %s is told of, and the certificate’s lifetime counts', async (_what, nonsense) => {
  const agent = await agentBehind(
    /renewal-info/,
    changed((value) => ({ ...value, ...nonsense })),
  );
  await agent.turn();
  const { code, status } = await agent.turn();
  expect(code).toBe('renewalImpossible');
  expect(status.renewal).toMatchObject({ serial: status.serial, reason: 'lifetime' });
  expect(status.renewal!.at < status.notAfter!).toBe(true);
});
