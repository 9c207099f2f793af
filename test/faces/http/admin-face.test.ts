/** Translation and roles on the admin face, over mTLS as it always is; threats 48 to 51 where they concern it. */
import { createHash } from 'node:crypto';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { OperatorRole } from '../../../src/domain/records/environment.ts';
import type { ListInput, Services } from '../../../src/services/services.ts';
import { keyPem, system } from '../../support/face-tls.ts';
import { openAdmin, operatorClient } from '../../support/open-admin.ts';
import { hierarchy, makeRecord, operatorCaller, testCrl, textOf } from '../../support/services-double.ts';

const leaf = `/v1/certificates/${hierarchy.leaf.serial}`;

describe('a role', () => {
  const acts: [string, string, object | undefined][] = [
    ['GET', '/v1/certificates', undefined],
    ['GET', leaf, undefined],
    ['GET', '/v1/authorities', undefined],
    ['GET', '/v1/environments', undefined],
    ['GET', '/v1/status', undefined],
    ['GET', '/metrics', undefined],
    ['GET', '/docs/json', undefined],
    ['POST', `${leaf}/revoke`, { reason: 'superseded' }],
    ['POST', `${leaf}/release`, {}],
    ['POST', '/v1/environments', { name: 'staging' }],
  ];
  const may: Record<OperatorRole, number> = { auditor: 7, operator: 9, admin: 10 };

  it.each(Object.entries(may))('of an %s may do the first %i of all acts, and nothing else', async (role, count) => {
    const { send, refusals, calls } = await openAdmin({}, role as OperatorRole);
    const statuses: number[] = [];
    for (const [method, path, body] of acts) statuses.push((await send(method, path, {}, body)).status);
    expect(statuses.map((status) => status < 300)).toEqual(acts.map((_act, index) => index < count));
    expect(statuses.slice(count).every((status) => status === 403)).toBe(true);
    expect(refusals.map(({ actor, code }) => [actor, code])).toEqual(
      acts.slice(count).map(() => [`operator:the-${role}`, 'unauthorized']),
    );
    const writes = ['revokeCertificate', 'releaseCertificate', 'createEnvironment'];
    expect(calls.filter(({ name }) => writes.includes(name))).toHaveLength(count - 7);
  });
});

describe('the CRLs', () => {
  it('are told with their numbers, times and digests, all or one', async () => {
    const { send } = await openAdmin();
    const all = await send('GET', '/v1/crls');
    const one = await send('GET', '/v1/crls/dev-root');
    const crl = JSON.parse(one.body.toString());
    expect(crl).toMatchObject({
      authority: 'dev-root',
      number: '7',
      octets: testCrl.der.length,
      sha256: createHash('sha256').update(testCrl.der).digest('hex'),
      url: 'http://ca.test/crl/dev-root.crl',
    });
    expect([all.status, JSON.parse(all.body.toString())]).toEqual([200, { items: [crl], nextCursor: null }]);
    expect((await send('GET', '/v1/crls/nobody')).status).toBe(404);
  });
});

describe('the list of CRLs', () => {
  it('has those that were imported, too, and none where there is none', async () => {
    const external = (name: string, crl: typeof testCrl | null) =>
      ({ external: { name }, crl }) as Awaited<ReturnType<Services['listExternalAuthorities']>>[number];
    const { send } = await openAdmin({
      listExternalAuthorities: async () => [external('corp-root', testCrl), external('corp-issuing', null)],
    });
    const { items } = (await send('GET', '/v1/crls')).json;
    expect(items.map(({ authority }: { authority: string }) => authority)).toEqual(['dev-root', 'corp-root']);
  });
});

describe('the list of certificates', () => {
  const listed = (calls: { name: string; args: readonly unknown[] }[]) =>
    calls.filter(({ name }) => name === 'listCertificates').map(({ args }) => args[1] as ListInput);

  it('hands every filter on in the words of the services', async () => {
    const { send, calls } = await openAdmin();
    const query = new URLSearchParams({
      environment: 'dev',
      product: 'dev/demo',
      profile: 'server',
      authority: 'dev-issuing',
      status: 'valid',
      name: '*.dev.internal',
      key: 'ab'.repeat(32),
      'notAfter.before': '2026-12-01T00:00:00Z',
      'notAfter.after': '2026-11-01T01:00:00+01:00',
      'issued.after': '2026-10-01T00:00:00Z',
      requestedBy: 'token:t1',
      q: "100%_\\'",
      sort: 'notAfter',
      cursor: 'abc',
      limit: '7',
    });
    expect((await send('GET', `/v1/certificates?${query}`)).status).toBe(200);
    expect(listed(calls)).toEqual([
      {
        purpose: 'product',
        environment: 'dev',
        owner: 'dev/demo',
        profile: 'server',
        authority: 'dev-issuing',
        status: 'valid',
        name: '*.dev.internal',
        keySha256: 'ab'.repeat(32),
        notAfterBefore: Date.UTC(2026, 11, 1) / 1000,
        notAfterAfter: Date.UTC(2026, 10, 1) / 1000,
        issuedAfter: Date.UTC(2026, 9, 1) / 1000,
        requestedBy: 'token:t1',
        text: "100%_\\'",
        sort: 'notAfter',
        cursor: 'abc',
        limit: 7,
      },
    ]);
  });

  const questions: readonly (readonly [query: string, input: object])[] = [
    ['product=dev/demo', { owner: 'dev/demo', purpose: 'product', sort: '-requestedAt' }],
    ['product=dev/demo&purpose=operator', { owner: 'dev/demo', purpose: 'operator', sort: '-requestedAt' }],
    ['deployment=failed', { deployment: ['failed', 'failedBehind'], purpose: 'product', sort: '-requestedAt' }],
    [
      'deployment=predecessor&deployment=failed&deployment=none',
      { deployment: ['behind', 'failedBehind', 'failed', 'none'], purpose: 'product', sort: '-requestedAt' },
    ],
    ['issuer=01ab', { issuerSerial: '01ab', sort: '-requestedAt' }],
    ['issued.before=2026-12-01T00:00:00Z', { issuedBefore: Date.UTC(2026, 11, 1) / 1000, sort: '-requestedAt' }],
    ['status=expired', { status: 'expired', sort: '-notAfter' }],
    ['notAfter.before=2026-12-01T00:00:00Z', { notAfterBefore: Date.UTC(2026, 11, 1) / 1000, sort: 'notAfter' }],
    ['notAfter.after=2026-12-01T00:00:00Z', { notAfterAfter: Date.UTC(2026, 11, 1) / 1000, sort: 'notAfter' }],
    ['count=true', { count: true, sort: '-requestedAt' }],
    ['count=false', { sort: '-requestedAt' }],
  ];

  it('asks for what each filter means, in the order that the question suggests', async () => {
    const { send, calls } = await openAdmin();
    for (const [query] of questions) await send('GET', `/v1/certificates?${query}`);
    expect(listed(calls)).toEqual(questions.map(([, input]) => ({ ...input, limit: 100 })));
  });

  it('is newest first, a hundred a page, without any filter', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('GET', '/v1/certificates');
    expect(listed(calls)).toEqual([{ sort: '-requestedAt', limit: 100 }]);
    expect(answer.json).toEqual({
      items: [expect.objectContaining({ serial: hierarchy.leaf.serial })],
      nextCursor: null,
    });
  });

  it('tells how many match and where it goes on, and is empty where nothing does', async () => {
    const count = { matches: 20_000, isExact: false };
    const [full, empty] = [
      await openAdmin({
        listCertificates: async () => ({ text: Buffer.from('{"serial":"01"},'), nextCursor: 'next', count }),
      }),
      await openAdmin({ listCertificates: async () => ({ text: new Uint8Array(), nextCursor: null }) }),
    ];
    expect((await full.send('GET', '/v1/certificates?count=true')).json).toEqual({
      items: [{ serial: '01' }],
      nextCursor: 'next',
      count,
    });
    expect((await empty.send('GET', '/v1/certificates')).json).toEqual({ items: [], nextCursor: null });
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=1e2',
    'sort=serial',
    'status=good',
    'key=zz',
    'notAfter.before=soon',
    'x=1',
  ])('refuses %s', async (query) => {
    const { send, refusals, calls } = await openAdmin();
    const answer = await send('GET', `/v1/certificates?${query}`);
    expect([answer.status, refusals.length, listed(calls).length]).toEqual([400, 1, 0]);
  });

  it('refuses a forged cursor as the services do, bad input 48', async () => {
    const { send, refusals } = await openAdmin({
      listCertificates: () => Promise.reject(new CaError('malformed', 'not a cursor')),
    });
    const answers = [await send('GET', '/v1/certificates?cursor=x', { accept: 'text/csv' })];
    expect([answers[0]!.status, refusals.length]).toEqual([400, 1]);
  });

  const three = ['01', '02', '03'].map((serial) => makeRecord({ serial }));
  const threeRecords: Services['exportCertificates'] = async (_caller, { limit }, form) =>
    textOf(three.slice(0, limit), form);

  it('streams everything as CSV and as NDJSON', async () => {
    const { send } = await openAdmin({ exportCertificates: threeRecords });
    const csv = await send('GET', '/v1/certificates', { accept: 'text/csv' });
    const ndjson = await send('GET', '/v1/certificates', { accept: 'application/x-ndjson' });
    expect(csv.text.split('\r\n').map((line) => line.slice(0, 4))).toEqual(['"ser', '"01"', '"02"', '"03"', '']);
    const lines = ndjson.text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { serial: string }).serial)).toEqual(['01', '02', '03']);
    expect(csv.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="certificates.csv"',
      vary: 'accept',
    });
    expect(ndjson.headers).toMatchObject({ 'content-type': 'application/x-ndjson', vary: 'accept' });
  });

  it('streams no more than `limit` says, and only what the filters ask for', async () => {
    const { send, calls } = await openAdmin({ exportCertificates: threeRecords });
    const path = '/v1/certificates?product=dev/demo&status=expired';
    const answer = await send('GET', `${path}&limit=1`, { accept: 'application/x-ndjson' });
    expect(answer.text.trimEnd().split('\n')).toHaveLength(1);
    await send('GET', path, { accept: 'text/csv' });
    const asked = { owner: 'dev/demo', purpose: 'product', status: 'expired', sort: '-notAfter' };
    const exported = calls.filter(({ name }) => name === 'exportCertificates').map(({ args }) => args.slice(1));
    expect(exported).toEqual([
      [{ ...asked, limit: 1 }, 'ndjson'],
      [{ ...asked, limit: Number.MAX_SAFE_INTEGER }, 'csv'],
    ]);
  });

  it('has neither pages nor a count of a stream', async () => {
    const { send } = await openAdmin();
    const answer = await send('GET', '/v1/certificates?cursor=x&count=true', { accept: 'text/csv' });
    expect(answer.json.reasons.map(({ field }: { field: string }) => field)).toEqual(['cursor', 'count']);
  });

  it('sends what it was given, though the memory of a chunk is used again once the one after the next is asked for', async () => {
    const octets = 300_000;
    const memories = [0, 1, 2].map(() => new Uint8Array(octets));
    const chunks = 24;
    const rotating: Services['exportCertificates'] = async () =>
      (async function* () {
        for (let chunk = 0; chunk < chunks; chunk++) {
          // Asking for this one frees the memory of the last but one: it is the next to be written over.
          memories[(chunk + 1) % 3]!.fill(0x21);
          yield memories[chunk % 3]!.fill(0x41 + chunk);
        }
      })();
    const { send } = await openAdmin({ exportCertificates: rotating });
    const { body } = await send('GET', '/v1/certificates', { accept: 'application/x-ndjson' });
    const expected = Buffer.concat(Array.from({ length: chunks }, (_, chunk) => Buffer.alloc(octets, 0x41 + chunk)));
    expect(body.equals(expected)).toBe(true);
  });

  it('breaks the connection rather than ending a stream early when a later page fails', async () => {
    const failing: Services['exportCertificates'] = async (_caller, _input, form) =>
      (async function* () {
        yield* textOf(three, form);
        throw new Error('the disk is gone');
      })();
    const { send } = await openAdmin({ exportCertificates: failing });
    await expect(send('GET', '/v1/certificates', { accept: 'text/csv' })).rejects.toThrow();
  });

  it('has no cell that a spreadsheet would run, bad input 49', async () => {
    const formulas = makeRecord({ subject: '=HYPERLINK("http://x")', requestedBy: '@SUM(1)', names: ['+1', '-2'] });
    const exportCertificates: Services['exportCertificates'] = async (_caller, _input, form) =>
      textOf([formulas], form);
    const { send } = await openAdmin({ exportCertificates });
    const { text } = await send('GET', '/v1/certificates', { accept: 'text/csv' });
    expect(text).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(text).toContain(`"'@SUM(1)"`);
    expect(text).toContain(`"'+1 -2"`);
  });
});

describe('the acts of operators', () => {
  it('revoke with reason and time, and release', async () => {
    const { send, calls } = await openAdmin();
    const body = { reason: 'keyCompromise', invalidityDate: '2026-10-31T00:00:00Z' };
    expect((await send('POST', `${leaf}/revoke`, {}, body)).json.status).toBe('revoked');
    expect((await send('POST', `${leaf}/release`, {}, {})).json.status).toBe('valid');
    expect(calls.find(({ name }) => name === 'revokeCertificate')!.args).toEqual([
      operatorCaller('admin'),
      hierarchy.leaf.serial,
      { reason: 'keyCompromise', invalidityDate: Date.UTC(2026, 9, 31) / 1000 },
    ]);
  });

  it.each([
    [{ reason: 'removeFromCRL' }, 'badRevocationReason', ['invalidField']],
    [{ reason: 'removeFromCRL', why: 'so' }, 'malformed', ['unknownField', 'invalidField']],
    [{ reason: 'removeFromCRL', invalidityDate: 'soon' }, 'malformed', ['invalidField', 'invalidField']],
    [{ reason: 'superseded', invalidityDate: '2016-12-31T23:59:60Z' }, 'malformed', ['invalidField']],
    [{ reason: 7 }, 'badRevocationReason', ['invalidField']],
    [{}, 'malformed', ['invalidField']],
  ])('do not revoke by %j', async (body, code, reasons) => {
    const { send, calls } = await openAdmin();
    const { status, json } = await send('POST', `${leaf}/revoke`, {}, body);
    expect([status, json.type, json.reasons.map((reason: { code: string }) => reason.code)]).toEqual([
      400,
      `https://privyseal.dev/problems/${code}`,
      reasons,
    ]);
    expect(calls.filter(({ name }) => name === 'revokeCertificate')).toEqual([]);
  });

  it('release says nothing more, and is refused with a body that does', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('POST', `${leaf}/release`, {}, { reason: 'superseded' });
    expect([answer.status, calls.map(({ name }) => name)]).toEqual([
      400,
      expect.not.arrayContaining(['releaseCertificate']),
    ]);
  });

  it('release without any body, too', async () => {
    const { send } = await openAdmin();
    expect((await send('POST', `${leaf}/release`)).status).toBe(200);
  });

  it('create an environment, two-tier unless they say otherwise', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('POST', '/v1/environments', {}, { name: 'staging' });
    expect([answer.status, answer.json.hierarchy]).toEqual([201, 'two-tier']);
    expect(calls.at(-1)!.args[1]).toEqual({ name: 'staging', hierarchy: 'two-tier' });
  });

  it.each(['Staging', '../prod', '', 'a'.repeat(33), 1])('do not create an environment called %s', async (name) => {
    const { send, refusals } = await openAdmin();
    expect([(await send('POST', '/v1/environments', {}, { name })).status, refusals.length]).toEqual([400, 1]);
  });

  it('see the status with the version of the service', async () => {
    const { send } = await openAdmin();
    const answer = await send('GET', '/v1/status');
    expect(answer.json).toMatchObject({
      version: '1.2.3',
      readiness: { status: 'ready' },
      authorities: [{ name: 'dev-root', crl: { number: '7' } }],
    });
  });
});

describe('the pages of /docs', () => {
  it('show the checked-in document under a policy that runs no inline script', async () => {
    const { send } = await openAdmin();
    const page = await send('GET', '/docs/');
    const policy = String(page.headers['content-security-policy']);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(page.text).not.toMatch(/<script>(?!<)/);
    expect(page.headers).not.toHaveProperty('strict-transport-security');
    const script = await send('GET', '/docs/static/swagger-ui-bundle.js');
    expect([script.status, script.headers['x-content-type-options']]).toEqual([200, 'nosniff']);
    expect((await send('GET', '/docs/json')).json.info.title).toBe('Privyseal admin face');
  });

  it.each(['/docs/../package.json', '/docs/static/..%2f..%2fpackage.json', '/docs/static/%2e%2e/package.json'])(
    'give nothing else away: %s, bad input 51',
    async (path) => {
      const { send } = await openAdmin();
      const answer = await send('GET', path);
      expect([answer.status >= 400, answer.text.includes('"dependencies"')]).toEqual([true, false]);
    },
  );
});

it('is spoken to by supertest as by any client', async () => {
  const { face } = await openAdmin();
  const answer = await request(face.server)
    .get('/livez')
    .ca(system.pem)
    .cert(operatorClient.pem)
    .key(keyPem(operatorClient))
    .disableTLSCerts();
  expect(answer.body).toEqual({ status: 'alive' });
});
