/** Bad input 36 to 51, but those of ACME, over the sockets of the real service: the problem, its one audit event, nothing signed. */
import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteInventory } from '../../src/adapters/inventory-sqlite/inventory-sqlite.ts';
import type { EnrolmentToken } from '../../src/domain/records/environment.ts';
import { type Exchange, type ExchangeOptions, exchange } from '../support/http-exchange.ts';
import { judgesRequired } from '../support/judges.ts';
import { type KeyRequest, makeKeyRequest } from '../support/key-request.ts';
import { projectFolder, type RunningService, startService, temporaryFolder } from '../support/running-service.ts';
import { makeTestHierarchy } from '../support/test-hierarchy.ts';

const secret = randomBytes(32).toString('base64url');
const singleUse = `pst_${'singleuse'.padEnd(16, '0')}_${secret}`;
/** A bearer that no token has. */
const strangers = `pst_${'stranger'.padEnd(16, '0')}_${secret}`;

/** As many as it takes to prove it where CI has the time, a taste of it elsewhere. */
const crowd = judgesRequired ? 10_000 : 1000;
const folder = temporaryFolder();
let service: RunningService;

beforeAll(async () => {
  const home = join(folder, 'data');
  const first = await startService({ home });
  await first.stop();
  await addToken(first.path('privyseal.db'));
  service = await startService({ home, ports: first.ports });
});
afterAll(async () => {
  await service.dispose();
  rmSync(folder, { recursive: true });
});

/** Of one use, for dev/demo: as an operator would make it. */
async function addToken(file: string): Promise<void> {
  const inventory = await openSqliteInventory({ file, migrationsDirectory: join(projectFolder, 'migrations/sqlite') });
  const token: EnrolmentToken = {
    id: singleUse.slice(4, 20),
    product: 'dev/demo',
    profiles: ['peer'],
    secretSha256: createHash('sha256').update(secret).digest('hex'),
    usesLeft: 1,
    expiresAt: Date.now() + 3_600_000,
    createdAt: Date.now(),
    createdBy: 'test',
  };
  const audit = { at: Date.now(), kind: 'token.created', actor: 'test', object: `token:${token.id}` } as const;
  await inventory.createToken(token, audit);
  await inventory.close();
}

interface Traces {
  readonly refusals: number;
  readonly certificates: number;
}

/** From the database itself: publishing a list is an event, too, and comes when it comes. */
function traces(): Traces {
  const database = new Database(service.path('privyseal.db'), { readonly: true });
  const count = (sql: string): number => database.prepare<[], number>(sql).pluck().get()!;
  const refused = "json_extract(canonical, '$.kind') = 'request.refused'";
  const counted = {
    refusals: count(`SELECT count(*) FROM audit_events WHERE ${refused}`),
    certificates: count("SELECT count(*) FROM certificates WHERE purpose = 'product'"),
  };
  database.close();
  return counted;
}

/** What `act` left behind. */
async function leaves(act: () => Promise<unknown>): Promise<Traces> {
  const before = traces();
  await act();
  const after = traces();
  return { refusals: after.refusals - before.refusals, certificates: after.certificates - before.certificates };
}

const typeOf = ({ body }: Exchange): string =>
  (JSON.parse(body.toString()) as { type: string }).type.split('/').at(-1)!;

async function expectRefusal(act: () => Promise<Exchange>, status: number, type: string): Promise<void> {
  let answer: Exchange | undefined;
  const left = await leaves(async () => {
    answer = await act();
  });
  expect([answer!.status, typeOf(answer!)]).toEqual([status, type]);
  expect(answer!.headers['content-type']).toContain('application/problem+json');
  expect(left).toEqual({ refusals: 1, certificates: 0 });
}

const csrBody = ({ csrDer }: KeyRequest, options: ExchangeOptions = {}): ExchangeOptions => ({
  method: 'POST',
  body: csrDer,
  ...options,
  headers: { 'content-type': 'application/pkcs10', ...options.headers },
});

/** A certificate of dev/demo, and what shows it to the public face. */
async function enrol(): Promise<{ serial: string; tls: ExchangeOptions }> {
  const request = makeKeyRequest();
  const answer = await service.public('/v1/certificates?profile=peer', csrBody(request));
  expect(answer.status).toBe(201);
  const { serial, certificate, chain } = JSON.parse(answer.body.toString()) as {
    serial: string;
    certificate: string;
    chain: string[];
  };
  return { serial, tls: { cert: [certificate, ...chain].join(''), key: request.privateKeyPem } };
}

/** As that certificate alone: no token beside it. */
const asItself = (path: string, options: ExchangeOptions): Promise<Exchange> =>
  exchange(`${service.urls.public}${path}`, { ca: service.read('trust/system.pem'), ...options });

const revoke = (serial: string, options: ExchangeOptions = {}): Promise<Exchange> =>
  service.admin(`/v1/certificates/${serial}/revoke`, {
    method: 'POST',
    body: JSON.stringify({ reason: 'superseded' }),
    headers: { 'content-type': 'application/json' },
    ...options,
  });

describe('bad input', () => {
  it('36: one token use asked for 100 times at once gives exactly one certificate', async () => {
    let statuses: number[] = [];
    const left = await leaves(async () => {
      const headers = { authorization: `Bearer ${singleUse}` };
      const tries = Array.from({ length: 100 }, () =>
        service.public('/v1/certificates', csrBody(makeKeyRequest(), { headers })),
      );
      statuses = (await Promise.all(tries)).map(({ status }) => status);
    });
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 403)).toHaveLength(99);
    expect(left).toEqual({ refusals: 99, certificates: 1 });
  });

  it('37: one Idempotency-Key gives one answer, octet for octet, and 409 for another body', async () => {
    const request = makeKeyRequest();
    const headers = { 'idempotency-key': 'once' };
    const first = await service.public('/v1/certificates', csrBody(request, { headers }));
    const left = await leaves(async () => {
      const again = await Promise.all(
        Array.from({ length: 100 }, () => service.public('/v1/certificates', csrBody(request, { headers }))),
      );
      for (const answer of again) expect([answer.status, answer.body.toString()]).toEqual([201, first.body.toString()]);
    });
    expect(left.certificates).toBe(0);
    const other = csrBody(makeKeyRequest(), { headers });
    await expectRefusal(() => service.public('/v1/certificates', other), 409, 'idempotencyConflict');
  });

  it('38: a revoked certificate does not rotate, nor one certificate another', async () => {
    const [own, other] = [await enrol(), await enrol()];
    // A revocation closes the connections of the certificate: none is to be used again.
    const body = csrBody(makeKeyRequest(), { ...own.tls, headers: { connection: 'close' } });
    await expectRefusal(() => asItself(`/v1/certificates/${other.serial}/rotate`, body), 403, 'unauthorized');
    await revoke(own.serial);
    await expectRefusal(() => asItself(`/v1/certificates/${own.serial}/rotate`, body), 403, 'unauthorized');
  });

  it('38: a certificate of another CA does not rotate, with whatever names', async () => {
    const { serial } = await enrol();
    const { leaf } = makeTestHierarchy({ now: Math.floor(Date.now() / 1000) });
    const key = leaf.key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const body = csrBody(makeKeyRequest(), { cert: leaf.pem, key });
    await expectRefusal(() => asItself(`/v1/certificates/${serial}/rotate`, body), 403, 'unauthorized');
  });

  it.each(['other.demo.dev.internal', 'neighbour.dev.internal'])(
    '39: a rotation does not change the names, to one of its own product nor of another: %s',
    async (name) => {
      const { serial, tls } = await enrol();
      const body = csrBody(makeKeyRequest([name]), tls);
      await expectRefusal(() => asItself(`/v1/certificates/${serial}/rotate`, body), 403, 'unauthorized');
    },
  );

  it('40: a product’s certificate, or none, ends the handshake with admin', async () => {
    const { tls } = await enrol();
    const { ca, cert, key } = { ca: service.read('trust/system.pem'), ...tls };
    const left = await leaves(async () => {
      await expect(exchange(`${service.urls.admin}/v1/status`, { ca, cert: cert!, key: key! })).rejects.toThrow();
      await expect(exchange(`${service.urls.admin}/v1/status`, { ca })).rejects.toThrow();
    });
    // Nobody has asked for anything yet that could be refused.
    expect(left).toEqual({ refusals: 0, certificates: 0 });
  });

  it('41: certificates in header fields are nobody’s', async () => {
    const pem = encodeURIComponent(service.read('admin/admin.crt'));
    const headers = { 'x-forwarded-client-cert': pem, 'x-ssl-client-cert': pem, 'ssl-client-verify': 'SUCCESS' };
    await expectRefusal(
      () => service.public('/v1/certificates', { headers: { ...headers, authorization: `Bearer ${strangers}` } }),
      401,
      'unauthenticated',
    );
    await expectRefusal(() => asItself('/v1/certificates', { headers }), 401, 'unauthenticated');
  });

  it('42: the last admin does not revoke itself', async () => {
    const { body } = await service.admin('/v1/certificates?purpose=operator');
    const [{ serial }] = (JSON.parse(body.toString()) as { items: [{ serial: string }] }).items;
    await expectRefusal(() => revoke(serial), 409, 'lastAdmin');
  });

  it('45: OCSP with 10,000 CertIDs or none to read is an OCSP error, and nothing else happens', async () => {
    for (const body of [Buffer.alloc(1_000_000, 0x30), Buffer.from('3003020100', 'hex')]) {
      const headers = { 'content-type': 'application/ocsp-request' };
      const left = await leaves(async () => {
        const answer = await service.distribution('/ocsp/dev-issuing', { method: 'POST', body, headers });
        expect([200, 413]).toContain(answer.status);
        // OCSPResponseStatus malformedRequest (RFC 6960 §4.2.1).
        if (answer.status === 200) expect(answer.body.toString('hex')).toBe('30030a0101');
      });
      expect(left.certificates).toBe(0);
    }
  });

  it('46: 1,000 downloads of a CRL during revocations are the same bytes for each number', async () => {
    const certificates = await Promise.all(Array.from({ length: 10 }, () => enrol()));
    const bytesOf = new Map<string, string>();
    const download = async (): Promise<void> => {
      const { status, headers, body } = await service.distribution('/crl/dev-issuing.crl');
      expect(status).toBe(200);
      const seen = bytesOf.get(String(headers.etag)) ?? body.toString('hex');
      expect(body.toString('hex')).toBe(seen);
      bytesOf.set(String(headers.etag), seen);
    };
    const downloads = Array.from({ length: 100 }, async () => {
      for (let time = 0; time < 10; time++) await download();
    });
    await Promise.all([...downloads, ...certificates.map(({ serial }) => revoke(serial))]);
    // Each revocation makes one new list at most; the one of number 38 may still be due.
    expect(bytesOf.size).toBeLessThanOrEqual(certificates.length + 2);
  });

  it(`${crowd} revocations of one certificate at once: one succeeds, the others are told so, none is lost`, async () => {
    const { serial } = await enrol();
    // Of all that wait, as many handshakes as a busy machine makes in the time that a service has for each.
    const agent = new Agent({ keepAlive: true, maxSockets: crowd / 20 });
    const before = traces();
    const answers = await Promise.all(
      Array.from({ length: crowd }, () => revoke(serial, { agent, timeoutMs: 60_000 })),
    );
    agent.destroy();
    const told = Map.groupBy(answers, (answer) => (answer.status === 200 ? 'revoked' : typeOf(answer)));
    expect([...told].map(([type, { length }]) => [type, length]).sort()).toEqual([
      ['alreadyRevoked', crowd - 1],
      ['revoked', 1],
    ]);
    expect(traces().refusals - before.refusals).toBe(crowd - 1);
  });

  it.each(['%%%', '___', '\\\\\\', "'''", '"; DROP TABLE certificates; --'])(
    '47: %s in a search is itself',
    async (text) => {
      const answer = await service.admin(`/v1/certificates?q=${encodeURIComponent(text)}`);
      expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, { items: [], nextCursor: null }]);
    },
  );

  it('48: a forged cursor is refused', async () => {
    const cursor = Buffer.alloc(60, 7).toString('base64url');
    await expectRefusal(() => service.admin(`/v1/certificates?cursor=${cursor}`), 400, 'malformed');
  });

  it('49: no cell of the CSV begins like a formula', async () => {
    const { body } = await service.admin('/v1/certificates', { headers: { accept: 'text/csv' } });
    const lines = body.toString().trim().split('\r\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => /(^|,)"?[=+\-@\t\r]/.test(line))).toEqual([]);
  });

  it.each(['..%2F..%2Fprivyseal.db', '<script>', '%00', '../../etc/passwd'])('51: %s is no serial', async (serial) => {
    await expectRefusal(() => service.admin(`/v1/certificates/${serial.replaceAll('/', '%2F')}`), 404, 'notFound');
  });
});
