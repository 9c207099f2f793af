/** Bad input 1 to 35 and 54 over HTTP, from the face down to the real inventory: 400, one audit event, nothing signed. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCertificationRequestInfo } from '../../../src/domain/x509/csr-request.ts';
import { assembleSigned } from '../../../src/domain/x509/signed.ts';
import type { Face } from '../../../src/faces/http/face-deps.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import { badCsrs } from '../../fixtures/bad-csr.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { admin, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
let face: Face;
let token: string;

beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
  face = buildPublicFace(makeFaceDeps(service.services));
  token = (await readFile(folder('data/demo/token'), 'utf8')).trim();
});
afterAll(async () => {
  await face.close();
  await service.close();
});

/** What was asked, what came back, and what it left in the inventory. */
async function post(payload: Uint8Array | string, url = '/v1/certificates') {
  const before = await service.inventory.counts();
  const contentType = typeof payload === 'string' ? 'application/x-pem-file' : 'application/pkcs10';
  const headers = { authorization: `Bearer ${token}`, 'content-type': contentType };
  const answer = await face.inject({ method: 'POST', url, headers, payload: Buffer.from(payload) });
  const after = await service.inventory.counts();
  return {
    answer,
    events: after.auditEvents - before.auditEvents,
    certificates: after.certificates + after.intents - before.certificates - before.intents,
  };
}

const problem = (code: string): string => `https://privyseal.dev/problems/${code}`;

describe('POST /v1/certificates', () => {
  it('issues for the CSR that every flaw is put into', async () => {
    const { answer, events, certificates } = await post(buildCsr({ key: makeSigningKey() }));
    expect([answer.statusCode, events, certificates]).toEqual([201, 2, 1]);
  });

  it.each(badCsrs)('bad input $number is refused with its reasons, once in the audit log: $flaw', async (flaw) => {
    const payload = flaw.make();
    const { answer, events, certificates } = await post(payload);
    const tooLarge = answer.statusCode === 413;
    expect(answer.statusCode).toBe(tooLarge ? 413 : 400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const body = answer.json<{ type: string; reasons?: { code: string }[] }>();
    expect(body.type).toBe(problem(tooLarge ? 'payloadTooLarge' : flaw.expected.code));
    // An empty body is neither PEM nor DER; over HTTP it is told as the former.
    const reasons = payload.length === 0 ? ['notPem'] : flaw.expected.reasons;
    if (!tooLarge) expect(body.reasons?.map(({ code }) => code)).toEqual(reasons);
    expect(answer.body).not.toMatch(/\bat .+\.ts:\d+|node_modules/);
    expect([events, certificates]).toEqual([1, 0]);
  });

  it('bad input 34 is refused: a key that was reported compromised', async () => {
    const csr = buildCsr({ key: makeSigningKey() });
    const { answer } = await post(csr);
    await service.services.revokeCertificate(admin, answer.json<{ serial: string }>().serial, {
      reason: 'keyCompromise',
    });
    const again = await post(csr);
    expect([again.answer.statusCode, again.answer.json<{ type: string }>().type]).toEqual([
      400,
      problem('badPublicKey'),
    ]);
    expect([again.events, again.certificates]).toEqual([1, 0]);
  });

  it('bad input 34 is refused: an authority’s own key, in a CSR that its vault would sign', async () => {
    const { signer } = await service.directory.get('dev-issuing');
    const info = { spkiDer: signer.key.publicKeyDer, names: [{ type: 'dns', value: 'demo.dev.internal' }] } as const;
    const tbs = encodeCertificationRequestInfo(info);
    const { answer, events, certificates } = await post(assembleSigned(tbs, signer.algorithm, await signer.sign(tbs)));
    const reasons = answer.json<{ reasons: { code: string }[] }>().reasons.map(({ code }) => code);
    expect([answer.statusCode, reasons, events, certificates]).toEqual([400, ['keyBelongsToAuthority'], 1, 0]);
  });

  it('bad input 54 is refused: a lifetime past the issuer’s end', async () => {
    const key = makeSigningKey();
    service.pass(4.95 * 365 * 86_400);
    const { answer, events, certificates } = await post(buildCsr({ key }), '/v1/certificates?lifetimeSeconds=30000000');
    // The token ends before the issuer does, so the refusal is asked of the services as well.
    expect([answer.statusCode, events, certificates]).toEqual([401, 1, 0]);
    const caller = { kind: 'product', product: 'dev/demo', serial: '00' } as const;
    const call = service.services.submitRequest(caller, { csrDer: buildCsr({ key }), lifetimeSeconds: 30_000_000 });
    await expect(call).rejects.toMatchObject({ code: 'policyRefused', reasons: [{ code: 'outlivesIssuer' }] });
  });
});
