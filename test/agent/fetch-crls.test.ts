/** Lists of authorities whose keys are elsewhere come as their CAs make them, not as this one does. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { earliestNextUpdate, fetchCrls } from '../../src/agent/trust/fetch-crls.ts';
import { newerLists } from '../../src/agent/trust/newer-lists.ts';
import type { AuthorityJson } from '../../src/api/service.ts';
import { decodePem } from '../../src/domain/der/pem.ts';
import { enumerated, explicit, sequence, smallInteger, time } from '../../src/domain/der/writer.ts';
import { crlNumber } from '../../src/domain/x509/crl-extensions.ts';
import { extension } from '../../src/domain/x509/extensions.ts';
import { oidDer } from '../../src/domain/x509/oid-der.ts';
import { assembleSigned } from '../../src/domain/x509/signed.ts';
import { makeCorporateCa, makeCrl } from '../support/external-chain.ts';

const now = Date.UTC(2026, 5, 1) / 1000;

/** Without authorityKeyIdentifier, with an explicit `unspecified`, which RFC 5280 §5.3.1 only advises against. */
function plainList(issuer: ReturnType<typeof makeCorporateCa>['root']): Uint8Array {
  const { algorithm, sign } = issuer.key;
  const reason = extension(oidDer.reasonCode, enumerated(0), false);
  const tbs = sequence(
    smallInteger(1),
    algorithm.identifierDer,
    issuer.subjectDer,
    time(now - 60),
    time(now + 3600),
    sequence(sequence(smallInteger(4711), time(now - 60), sequence(reason))),
    explicit(0, sequence(crlNumber(1))),
  );
  return assembleSigned(tbs, algorithm, sign(tbs));
}

it('a list with less and with more than the service would write is taken', async () => {
  const { root } = makeCorporateCa(now);
  const server = createServer((_request, response) => response.end(plainList(root))).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  onTestFinished(() => void server.close());
  const lists = await fetchCrls({
    crlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/crl/corp-root.crl`,
    distributionUrl: undefined,
    authorities: [{ name: 'corp-root', role: 'external', certificate: root.pem } as AuthorityJson],
    now: now * 1000,
    signal: new AbortController().signal,
  });
  expect(earliestNextUpdate(newerLists(lists, '', now * 1000).crlPem)).toBe(now + 3600);
});

it.each([
  ['a minute', 60, undefined],
  ['more than a minute', 61, 'crlUnusable'],
])('a list from %s ahead of the clock waits while the one before is good', (_what, ahead, code) => {
  const { root } = makeCorporateCa(now);
  const authority = { name: 'corp-root', role: 'external', certificate: root.pem } as AuthorityJson;
  const [before, coming] = [now - 3600, now + ahead].map((thisUpdate) => makeCrl(root, { thisUpdate }));
  const fetched = [{ authority, der: decodePem(coming!, 'X509 CRL'), thisUpdate: now + ahead }];
  const early = newerLists(fetched, before!, now * 1000);
  expect([early.crlPem, early.lacking?.code]).toEqual([before, code]);
  const inTime = newerLists(fetched, before!, (now + ahead) * 1000);
  expect([inTime.crlPem, inTime.lacking]).toEqual([coming, undefined]);
});
