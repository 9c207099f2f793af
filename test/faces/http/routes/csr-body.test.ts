/** Idempotency-Keys as products send them: which are taken, and what a repeat has to have in common with the first request. */
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildPublicFace } from '../../../../src/faces/http/public/build-public-face.ts';
import type { SubmitInput } from '../../../../src/services/services.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { makeKeyRequest } from '../../../support/key-request.ts';
import { goodToken, makeServices } from '../../../support/services-double.ts';

const csr = makeKeyRequest();
const bearer = `Bearer ${goodToken}`;
const certificates = '/v1/certificates';

async function openPublic() {
  const double = makeServices();
  const face = buildPublicFace(makeFaceDeps(double.services));
  await face.ready();
  onTestFinished(() => face.close().then(() => undefined));
  return { ...double, http: request(face.server) };
}

/** What was handed on to be issued, by first requests and by rotations. */
const inputsOf = ({ calls }: Pick<ReturnType<typeof makeServices>, 'calls'>) =>
  calls.flatMap(({ name, args }) =>
    name === 'submitRequest' ? [args[1]] : name === 'rotateCertificate' ? [args[2]] : [],
  ) as SubmitInput[];

describe('an Idempotency-Key', () => {
  it('gives the same request the same digest, however it is written, and another one another', async () => {
    const open = await openPublic();
    const keyed = (type: string, body: string | Buffer, url = certificates) =>
      open.http.post(url).set({ authorization: bearer, 'idempotency-key': 'k-1' }).type(type).send(body);
    await keyed('application/json', JSON.stringify({ csr: csr.csrPem, profile: 'server' }));
    await keyed('application/pkcs10', Buffer.from(csr.csrDer), `${certificates}?profile=server`);
    await keyed('application/pkcs10', Buffer.from(csr.csrDer));
    const [json, raw, other] = inputsOf(open).map(({ idempotency }) => idempotency!);
    expect(json).toEqual(raw);
    expect(json!.key).toBe('k-1');
    expect(other!.bodySha256).not.toBe(json!.bodySha256);
  });

  it('has all that decides the answer in the digest: who asks for something else is told of the conflict', async () => {
    const open = await openPublic();
    const other = makeKeyRequest().csrPem;
    const wanted = { profile: 'peer', lifetimeSeconds: 60, names: ['a.dev.internal'] };
    const bodies = [
      wanted,
      { ...wanted, profile: 'server' },
      { ...wanted, lifetimeSeconds: 61 },
      { ...wanted, names: ['b.dev.internal'] },
      { ...wanted, csr: other },
    ];
    const serials = ['01'.repeat(20), '02'.repeat(20)];
    const post = (url: string, body: object) =>
      open.http
        .post(url)
        .set({ authorization: bearer, 'idempotency-key': 'k' })
        .send({ csr: csr.csrPem, ...body });
    for (const body of bodies) await post(certificates, body);
    for (const serial of serials) await post(`${certificates}/${serial}/rotate`, {});
    const inputs = inputsOf(open);
    expect(inputs).toHaveLength(bodies.length + serials.length);
    expect(new Set(inputs.map(({ idempotency }) => idempotency!.bodySha256)).size).toBe(inputs.length);
  });

  it.each([
    ['that is no visible ASCII', 'a b'],
    ['that is longer than 255', 'k'.repeat(256)],
  ])('refuses an Idempotency-Key %s', async (_what, key) => {
    const { http } = await openPublic();
    const answer = await http
      .post(certificates)
      .set({ authorization: bearer, 'idempotency-key': key })
      .send({ csr: csr.csrPem });
    expect([
      answer.status,
      answer.body.reasons?.map((reason: { code: string; field?: string }) => [reason.code, reason.field]),
    ]).toEqual([400, [['invalidField', 'Idempotency-Key']]]);
  });

  it('takes an Idempotency-Key of 255', async () => {
    const open = await openPublic();
    const headers = { authorization: bearer, 'idempotency-key': 'k'.repeat(255) };
    const answer = await open.http.post(certificates).set(headers).send({ csr: csr.csrPem });
    expect([answer.status, inputsOf(open)[0]?.idempotency?.key]).toEqual([201, 'k'.repeat(255)]);
  });
});
