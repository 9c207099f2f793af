/** The running service with all its authorities' keys in a real OpenBao that is sealed, killed and hung under load. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseCertificate } from '../../src/domain/x509/certificate.ts';
import { type BaoServer, startBao, tokenFor } from '../support/bao-server.ts';
import { eventually } from '../support/eventually.ts';
import type { Exchange } from '../support/http-exchange.ts';
import { describeWith, pathOf } from '../support/judges.ts';
import { encodeCertId, encodeOcspRequest } from '../support/ocsp-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';
import { productCertificates, type Submitted, submit } from '../support/submit.ts';
import { createPolicy } from '../support/vault-policies.ts';

describeWith('bao', 'the service with its keys in OpenBao', () => {
  let folder: string;
  let server: BaoServer;
  let service: RunningService;
  const answers: Submitted[] = [];

  beforeAll(async () => {
    folder = temporaryFolder();
    server = await startBao({ program: pathOf('bao'), storage: 'raft' });
    await server.ask('POST', 'sys/mounts/ca-keys', { type: 'transit' });
    await server.ask('POST', 'sys/policies/acl/privyseal', { policy: createPolicy('ca-keys') });
    const tokenFile = server.write('token', await tokenFor(server, ['privyseal']));
    const bao = {
      name: 'bao',
      kind: 'openbao',
      address: server.address,
      caFile: server.caFile,
      mount: 'ca-keys',
      tokenFile,
    };
    const config = join(folder, 'privyseal.yaml');
    // JSON is YAML.
    writeFileSync(config, JSON.stringify({ vault: 'bao', vaults: [{ ...bao, timeLimitSeconds: 3 }] }));
    service = await startService({ home: join(folder, 'data'), env: { PRIVYSEAL_CONFIG: config } });
  });
  afterAll(async () => {
    await service.dispose();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const status = async () => JSON.parse((await service.admin('/v1/status')).body.toString());
  const openIntents = async (): Promise<number> => (await status()).counts.intents;

  /** Several clients, each with its next request as soon as it has an answer, until told to stop. */
  function startLoad(): { stop(): Promise<void> } {
    let going = true;
    const client = async (): Promise<void> => {
      while (going) {
        const answer = await submit(service, { timeoutMs: 60_000 });
        answers.push(answer);
        if (answer.status !== 201) await pause(20);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    onTestFinished(() => {
      going = false;
    });
    return {
      async stop() {
        going = false;
        await Promise.all(clients);
      },
    };
  }

  /** Answers that come from now on. */
  const newAnswers = (): (() => readonly Submitted[]) => {
    const from = answers.length;
    return () => answers.slice(from);
  };

  const askOcsp = async (serial: string): Promise<Exchange> => {
    const { body } = await service.distribution('/aia/dev-issuing.cer');
    const { subject, spkiDer } = parseCertificate(body);
    const question = encodeOcspRequest([encodeCertId({ subjectDer: subject.der, key: { spkiDer } }, serial)]);
    const headers = { 'content-type': 'application/ocsp-request' };
    return service.distribution('/ocsp/dev-issuing', { method: 'POST', headers, body: question });
  };

  it('has every authority’s key there, and none in its home', async () => {
    const { keys } = (await server.ask('GET', 'ca-keys/keys?list=true')).data;
    expect(keys).toEqual(
      expect.arrayContaining([/^system\./, /^dev-root\./, /^dev-issuing\./].map((name) => expect.stringMatching(name))),
    );
    expect(service.output()).not.toContain('may do more than sign');
  });

  const faults = [
    { name: 'sealed', begin: () => server.seal(), end: () => server.unseal() },
    {
      name: 'killed and started again',
      begin: () => server.crash(),
      async end() {
        await server.startAgain();
        await server.unseal();
      },
    },
    { name: 'hung', begin: () => server.hang(), end: async () => server.goOn() },
  ];

  describe.each(faults)('while it is $name', (fault) => {
    it('refuses to issue at once, serves all else, and issues by itself when it is back', async () => {
      const good = await eventually(
        () => submit(service),
        (answer) => answer.status === 201,
      );
      answers.push(good);
      expect((await askOcsp(good.serial!)).status).toBe(200);
      expect((await service.distribution('/crl/dev-issuing.crl')).status).toBe(200);
      const load = startLoad();
      const before = newAnswers();
      await eventually(before, (some) => some.filter((answer) => answer.status === 201).length > 50);

      await fault.begin();
      const refused = newAnswers();
      await eventually(refused, (some) => some.filter(({ problem }) => problem === 'signerUnavailable').length > 50);
      expect(answers.at(-1)).toMatchObject({ status: 503, retryAfter: '2' });
      // What is refused at once leaves nothing in the inventory.
      await eventually(openIntents, (count) => count === 0);
      const { counts } = await status();
      const atOnce = newAnswers();
      await eventually(atOnce, ({ length }) => length > 50);
      expect((await status()).counts).toMatchObject({ certificates: counts.certificates, intents: 0 });

      // One answer serves everybody for a second: it may still be the one of before.
      const readiness = await eventually(
        () => service.distribution('/readyz'),
        ({ status: code }) => code === 503,
      );
      expect(JSON.parse(readiness.body.toString()).parts).toContainEqual({
        ...{ name: 'vault bao', ready: false, reason: expect.stringMatching(/\w/) },
      });
      expect((await service.distribution('/crl/dev-issuing.crl')).status).toBe(200);
      expect((await askOcsp(good.serial!)).status).toBe(200);
      expect((await service.admin(`/v1/certificates/${good.serial}`)).status).toBe(200);

      await fault.end();
      const after = newAnswers();
      await eventually(after, (some) => some.filter((answer) => answer.status === 201).length > 50);
      await load.stop();
      await eventually(
        async () => (await service.distribution('/readyz')).status,
        (code) => code === 200,
      );
      expect(await openIntents()).toBe(0);
    }, 240_000);
  });

  it('has issued exactly what it answered, and revoked what it began', async () => {
    const rows = await productCertificates(service);
    const issued = answers.flatMap(({ serial }) => (serial === undefined ? [] : [serial]));
    const known = new Set(issued);
    expect(known.size).toBe(issued.length);
    for (const serial of issued) expect(rows.get(serial)).toBe('valid');
    const others = [...rows].filter(([serial]) => !known.has(serial)).map(([, state]) => state);
    expect(others.filter((state) => state === 'valid')).toEqual([]);
    expect(new Set(answers.map(({ status: code, problem }) => `${code} ${problem ?? ''}`))).toEqual(
      new Set(['201 ', '503 signerUnavailable']),
    );
  });

  it('has said no token, in its log or anywhere', async () => {
    expect(service.output()).toContain('a vault is away');
    expect(service.output()).toContain('a vault is back');
    expect(service.output()).not.toMatch(/\b(hvs|s|sbr)\.[A-Za-z0-9_-]{20,}/);
  });
});
