/** A file of the distribution face that does not come whole: the agent says why, in words that lead somewhere. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { fetchOctets } from '../../src/agent/trust/fetch-octets.ts';
import { rejectionOf } from '../support/rejection.ts';

async function refusal(answer: RequestListener): Promise<{ code: string; message: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/crl/a.crl`;
  return (await rejectionOf(fetchOctets(url, new AbortController().signal, 200))) as never;
}

it.each<[string, RequestListener]>([
  ['says nothing at all', () => undefined],
  ['stops in its middle', (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('half')],
])('tells of the time limit when an answer %s', async (_what, answer) => {
  expect(await refusal(answer)).toMatchObject({
    code: 'distributionUnreachable',
    message: expect.stringContaining('was not fetched whole within 0.2 s'),
  });
});

it('tells of a connection that the other side broke as that', async () => {
  const broken = await refusal((request) => request.socket.destroy());
  expect(broken).toMatchObject({ code: 'distributionUnreachable', message: expect.stringContaining('ECONNRESET') });
});
