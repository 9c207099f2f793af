/** Keys, versions, policies and quotas as others made them in a real OpenBao, and what the vault makes of them. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OpenBaoOptions } from '#src/adapters/vault-openbao/vault-openbao.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import type { Vault } from '#src/ports/vault.ts';
import { type BaoServer, startBao, tokenFor } from '../../support/bao-server.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { keepingLog } from '../../support/keeping-log.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { createPolicy, retirePolicy } from '../../support/vault-policies.ts';
import { newMount, openBao } from './vault-under-test.ts';

const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];
const tbs = Buffer.from('to be signed');

/** Passes octets on to a port of loopback, those of answers late; ends with the test. */
async function delayingProxy(port: number): Promise<{ readonly address: string; delayMs: number }> {
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    near.pipe(far);
    far.on('data', (chunk) => setTimeout(() => near.write(chunk), state.delayMs));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const state = { address: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`, delayMs: 0 };
  return state;
}

describeWith('bao', 'a vault over keys that others made', () => {
  let server: BaoServer;
  let mount: string;
  let vault: Vault;
  const make = (name: string, options: object = { type: 'ecdsa-p256' }) =>
    server.ask('POST', `${mount}/keys/${name}`, options);
  const open = async (options: Partial<OpenBaoOptions> = {}, log = keepingLog().log): Promise<Vault> => {
    vault = await openBao(server, { mount, ...options }, log);
    return vault;
  };

  beforeAll(async () => {
    server = await startBao({ program: pathOf('bao') });
    mount = await newMount(server);
  });
  afterEach(() => vault.close());
  afterAll(() => server.stop());

  describe('of several versions', () => {
    it('uses the version that the settings pin, and the first one if none is said', async () => {
      await make('turned');
      await server.ask('POST', `${mount}/keys/turned/rotate`);
      const first = await (await open({ keys: ['turned'] })).key('turned');
      await vault.close();
      const second = await (await open({ keys: ['turned:2'] })).key('turned');
      expect(Buffer.from(first.publicKeyDer).equals(Buffer.from(second.publicKeyDer))).toBe(false);
      await (await vault.signer('turned', algorithm)).sign(tbs);
      await vault.close();
      expect(await rejectionOf((await open({ keys: ['turned:3'] })).key('turned'))).toMatchObject({
        code: 'signerUnavailable',
        message: expect.stringContaining('version'),
      });
    });

    it('says so when its version is retired under it', async () => {
      await make('retired');
      const signer = await (await open()).signer('retired', algorithm);
      await signer.sign(tbs);
      await server.ask('POST', `${mount}/keys/retired/rotate`);
      for (const least of ['min_encryption_version', 'min_decryption_version']) {
        await server.ask('POST', `${mount}/keys/retired/config`, { [least]: 2 });
        expect(await rejectionOf(signer.sign(tbs))).toMatchObject({
          code: 'signerUnavailable',
          message: expect.stringContaining('version'),
        });
      }
    });
  });

  it('does not sign with a key that replaced its own', async () => {
    await make('replaced');
    const signer = await (await open()).signer('replaced', algorithm);
    await server.ask('POST', `${mount}/keys/replaced/config`, { deletion_allowed: true });
    await server.ask('DELETE', `${mount}/keys/replaced`);
    expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'notFound' });
    await make('replaced');
    expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable' });
    const notOurs = { code: 'notFound', message: expect.stringContaining('another one has its name') };
    expect(await rejectionOf(vault.key('replaced'))).toMatchObject(notOurs);
    // Nor does it remove what is not its own.
    expect(await rejectionOf(vault.destroyKey('replaced'))).toMatchObject({ code: 'notFound' });
    expect((await server.ask('GET', `${mount}/keys/replaced`)).data.name).toBe('replaced');
  });

  it.each([
    ['that became exportable', { exportable: true }],
    ['whose version was retired', { min_encryption_version: 2, min_decryption_version: 2 }],
  ])('removes a key %s, although it signs with it no more', async (what, change) => {
    const name = what.replaceAll(' ', '-');
    await make(name);
    await open();
    await server.ask('POST', `${mount}/keys/${name}/rotate`);
    await server.ask('POST', `${mount}/keys/${name}/config`, change);
    expect(await rejectionOf(vault.signer(name, algorithm))).toBeDefined();
    await vault.destroyKey(name);
    expect(await rejectionOf(vault.key(name))).toMatchObject({ code: 'notFound' });
  });

  describe('that its policy forbids', () => {
    const policy = 'passing';
    const forbid = 'path "nothing" { capabilities = ["read"] }';
    const write = (text: string) => server.ask('POST', `sys/policies/acl/${policy}`, { policy: text });
    const openLimited = async (): Promise<void> => {
      await write(retirePolicy(mount));
      await open({ tokenFile: server.write(`${policy}-token`, await tokenFor(server, [policy])) });
    };
    const says = () => vault.problem?.() ?? 'none';

    it('finds out by itself that it is allowed again, also if nobody signs', async () => {
      await make('seldom');
      await openLimited();
      const signer = await vault.signer('seldom', algorithm);
      await write(forbid);
      expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable' });
      expect(says()).toContain('seldom');
      await write(retirePolicy(mount));
      await eventually(says, (problem) => problem === 'none');
    });

    it('names one that it could not open, and no other', async () => {
      await make('hidden');
      await openLimited();
      await write(forbid);
      expect(await rejectionOf(vault.signer('hidden', algorithm))).toMatchObject({ code: 'signerUnavailable' });
      expect(vault.problem?.('hidden')).toContain('policy');
      expect(vault.problem?.('another')).toBeUndefined();
      // As whoever mistypes a name asks.
      await rejectionOf(vault.key('another'));
      expect(says()).not.toContain('another');
      await write(retirePolicy(mount));
      await eventually(says, (problem) => problem === 'none');
    });

    it.each([
      ['it removed itself', async () => undefined],
      ['that was removed by others', (name: string) => server.ask('DELETE', `${mount}/keys/${name}`)],
    ])('forgets one %s', async (what, removed) => {
      const name = what.replaceAll(' ', '-');
      await make(name);
      await server.ask('POST', `${mount}/keys/${name}/config`, { deletion_allowed: true });
      await openLimited();
      const signer = await vault.signer(name, algorithm);
      await write(`${retirePolicy(mount)}\npath "${mount}/sign/${name}" { capabilities = ["deny"] }`);
      await rejectionOf(signer.sign(tbs));
      expect(says()).toContain(name);
      await removed(name);
      await vault.destroyKey(name).catch(() => undefined);
      expect(says()).toBe('none');
    });
  });

  it('lists what can be used, and nothing else that lies beside it', async () => {
    const beside = await newMount(server);
    for (const [name, options] of Object.entries({
      good: { type: 'ed25519' },
      open: { type: 'ecdsa-p256', exportable: true },
      backup: { type: 'ecdsa-p256', allow_plaintext_backup: true },
      cipher: { type: 'aes256-gcm96' },
      Capital: { type: 'ecdsa-p256' },
    }))
      await server.ask('POST', `${beside}/keys/${name}`, options);
    const names = async () => (await vault.listKeys()).map(({ name }) => name);
    await open({ mount: beside });
    expect(await names()).toEqual(['good']);
    for (const name of ['open', 'backup', 'cipher']) {
      expect(await rejectionOf(vault.signer(name, algorithm))).toMatchObject({ code: 'policyRefused' });
    }
    await vault.close();
    await open({ mount: beside, keys: ['good', 'gone'] });
    expect(await names()).toEqual(['good']);
  });

  it('has keys of the types of transit, and refuses others', async () => {
    await open();
    for (const type of ['rsa-6144', 'rsa-8192'] as const) {
      expect(await rejectionOf(vault.createKey('large', type))).toMatchObject({ code: 'policyRefused' });
    }
    expect(await rejectionOf(vault.createKey('ends-with-', 'ec-p256'))).toMatchObject({ code: 'malformed' });
  });

  it('signs one by one where the policy allows no batches', async () => {
    await make('strict');
    const policy = `path "${mount}/keys/strict" { capabilities = ["read"] }
path "${mount}/sign/strict" {
  capabilities = ["update"]
  allowed_parameters = { "input" = [] "prehashed" = [true] "hash_algorithm" = ["sha2-256"] "marshaling_algorithm" = ["asn1"] "key_version" = ["1"] }
}`;
    await server.ask('POST', 'sys/policies/acl/strict', { policy });
    const tokenFile = server.write('strict-token', await tokenFor(server, ['strict']));
    const signer = await (await open({ keys: ['strict'], tokenFile })).signer('strict', algorithm);
    const signatures = await Promise.all(Array.from({ length: 60 }, () => signer.sign(tbs)));
    expect(new Set(signatures.map((each) => Buffer.from(each).toString('hex'))).size).toBe(60);
  });

  it('makes and removes keys with the policies of the examples, which let nobody copy one', async () => {
    const policies = { 'may-create': createPolicy(mount), 'may-retire': retirePolicy(mount) };
    for (const [name, policy] of Object.entries(policies))
      await server.ask('POST', `sys/policies/acl/${name}`, { policy });
    const token = await tokenFor(server, ['may-create']);
    await open({ tokenFile: server.write('create-token', token) });
    await vault.createKey('made', 'ec-p256');
    await (await vault.signer('made', algorithm)).sign(tbs);
    expect(await rejectionOf(vault.destroyKey('made'))).toMatchObject({ code: 'signerUnavailable' });
    await vault.close();
    const stronger = await tokenFor(server, ['may-retire']);
    await open({ tokenFile: server.write('retire-token', stronger) });
    for (const held of [token, stronger]) {
      const asService = { 'x-vault-token': held };
      const refused = [
        ['POST', `${mount}/keys/made/config`, { exportable: true }],
        ['POST', `${mount}/keys/made/config`, { deletion_allowed: true, allow_plaintext_backup: true }],
        ['POST', `${mount}/keys/other`, { type: 'ecdsa-p256', exportable: true }],
        ['GET', `${mount}/export/signing-key/made`, undefined],
        ['GET', `${mount}/backup/made`, undefined],
        ['POST', `${mount}/keys/made/rotate`, {}],
        ['POST', `${mount}/sign/made`, { input: '' }],
      ] as const;
      for (const [method, path, body] of refused)
        expect(String(await rejectionOf(server.ask(method, path, body, asService)))).toContain('403');
    }
    await vault.destroyKey('made');
    expect(await rejectionOf(vault.key('made'))).toMatchObject({ code: 'notFound' });
  });

  it('notices by itself that it was sealed, and that it was unsealed', async () => {
    await open();
    await vault.listKeys();
    await server.seal();
    await eventually(
      () => vault.problem?.() ?? 'none',
      (problem) => problem.includes('sealed'),
    );
    await server.unseal();
    await eventually(
      () => vault.problem?.() ?? 'none',
      (problem) => problem === 'none',
    );
  });

  it('waits for a slow backend, and gives one up that is too slow', async () => {
    await make('slow');
    const proxy = await delayingProxy(Number(new URL(server.address).port));
    const signer = await (await open({ address: proxy.address, timeLimitSeconds: 4 })).signer('slow', algorithm);
    proxy.delayMs = 400;
    await Promise.all(Array.from({ length: 20 }, () => signer.sign(tbs)));
    proxy.delayMs = 30_000;
    expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable' });
    expect(vault.problem?.()).toContain('in time');
    proxy.delayMs = 0;
    await eventually(
      () => signer.refusal?.() ?? 'none',
      (answer) => answer === 'none',
    );
    await signer.sign(tbs);
  });

  it('warns of a token that may do more than sign, by the names of its policies and what they allow', async () => {
    const { log, lines } = keepingLog();
    await make('wide');
    await open({ keys: ['wide'] }, log);
    const warnings = await eventually(
      () => lines.filter(({ level }) => level === 'warn'),
      ({ length }) => length > 0,
    );
    expect(warnings).toMatchObject([{ fields: { vault: 'bao', policies: ['root'] } }]);
    expect(warnings[0]!.fields.powers).toContainEqual(expect.stringContaining(`${mount}/export/signing-key/wide`));
  });

  it('is overloaded, not away, when a quota is used up, and goes on when there is some again', async () => {
    await make('metered');
    const signer = await (await open({ timeLimitSeconds: 1 })).signer('metered', algorithm);
    const quota = { path: `${mount}/`, rate: 1, interval: '20s' };
    await server.ask('POST', 'sys/quotas/rate-limit/slow', quota);
    const refused = await eventually(
      () => rejectionOf(signer.sign(tbs)),
      (error) => error !== undefined,
    );
    expect(refused).toMatchObject({ code: 'overloaded', retryAfterSeconds: 2 });
    expect(signer.refusal?.()).toBeUndefined();
    await server.ask('DELETE', 'sys/quotas/rate-limit/slow');
    await signer.sign(tbs);
  });

  it.each([
    ['mount', { mount: 'no/such' }],
    ['namespace', { namespace: 'no-such' }],
  ])('says that there is no such %s', async (_what, options) => {
    await open(options);
    expect(await rejectionOf(vault.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
    expect(vault.problem?.()).toMatch(/\w/);
  });
});
