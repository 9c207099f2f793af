/** How the vault shows OpenBao who it is, and how it stays known: each way against the real server, with short-lived tokens. */
import { readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OpenBaoOptions } from '#src/adapters/vault-openbao/vault-openbao.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import type { Signer, Vault } from '#src/ports/vault.ts';
import { print } from '../../contracts/vault.ts';
import { type BaoServer, startBao, tokenFor } from '../../support/bao-server.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { keepingLog } from '../../support/keeping-log.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { signPolicy } from '../../support/vault-policies.ts';
import { openBao } from './vault-under-test.ts';

const mount = 'transit';
const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];
const tbs = Buffer.from('to be signed');

/** A service account's token as Kubernetes makes it, but for its signature, which only Kubernetes looks at. */
function serviceAccountToken(id: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const account = { namespace: 'pki', serviceaccount: { name: 'privyseal', uid: 'u1' } };
  const claims = {
    iss: 'kubernetes',
    sub: 'system:serviceaccount:pki:privyseal',
    nbf: 1_700_000_000,
    exp: 4_000_000_000,
    jti: id,
  };
  return [part({ alg: 'RS256', typ: 'JWT' }), part({ ...claims, 'kubernetes.io': account }), part({ id })].join('.');
}

const reviewed: string[] = [];

/** The one thing of a Kubernetes that OpenBao asks: whether these tokens are good. */
async function tokenReviews(...ids: readonly string[]): Promise<string> {
  const kubernetes = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += String(chunk);
    });
    request.on('end', () => {
      const { token } = JSON.parse(text).spec as { token: string };
      const id = ids.find((each) => serviceAccountToken(each) === token);
      if (id !== undefined) reviewed.push(id);
      const user = { username: 'system:serviceaccount:pki:privyseal', uid: 'u1' };
      const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' };
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...kind, status: { authenticated: id !== undefined, user } }));
    });
  });
  await new Promise<void>((done) => kubernetes.listen(0, '127.0.0.1', done));
  onTestFinished(() => void kubernetes.close());
  return `http://127.0.0.1:${(kubernetes.address() as AddressInfo).port}`;
}

describeWith('bao', 'a vault in OpenBao', () => {
  let server: BaoServer;
  let vault: Vault | undefined;
  const { log, lines } = keepingLog();
  const secrets: string[] = [];

  beforeAll(async () => {
    server = await startBao({ program: pathOf('bao') });
    await server.ask('POST', `sys/mounts/${mount}`, { type: 'transit' });
    await server.ask('POST', `${mount}/keys/ca`, { type: 'ecdsa-p256' });
    await server.ask('POST', 'sys/policies/acl/ca-sign', { policy: signPolicy(mount, 'ca') });
  });
  afterEach(() => vault?.close());
  afterAll(async () => {
    await server.stop();
    // Whatever was said above, none of it was a secret.
    const said = lines.map((line) => print(line)).join('\n');
    for (const secret of secrets) expect(said).not.toContain(secret);
  });

  /** In the group of each: a HashiCorp Vault may be built without one of them. */
  const beforeAllEnable = (type: string): void => beforeAll(() => server.ask('POST', `sys/auth/${type}`, { type }));

  const open = async (options: Partial<OpenBaoOptions>): Promise<Vault> => {
    vault = await openBao(server, { mount, keys: ['ca'], ...options }, log);
    return vault;
  };
  const signerWith = async (options: Partial<OpenBaoOptions>): Promise<Signer> =>
    (await open(options)).signer('ca', algorithm);

  const appRole = async (role: object): Promise<Partial<OpenBaoOptions>> => {
    await server.ask('POST', 'auth/approle/role/ca', { token_policies: 'ca-sign', token_max_ttl: '24h', ...role });
    const { role_id } = (await server.ask('GET', 'auth/approle/role/ca/role-id')).data;
    const { secret_id } = (await server.ask('POST', 'auth/approle/role/ca/secret-id')).data;
    secrets.push(secret_id);
    const files = { roleIdFile: server.write('role', role_id), secretIdFile: server.write('secret', `${secret_id}\n`) };
    return { auth: 'appRole', ...files };
  };

  describe('with a token in a file', () => {
    it('signs, and follows the file when it changes, as agents change it', async () => {
      const [first, second] = [await tokenFor(server, ['ca-sign']), await tokenFor(server, ['ca-sign'])];
      secrets.push(first, second);
      const tokenFile = server.write('token', `${first}\n`);
      const signer = await signerWith({ tokenFile });
      await signer.sign(tbs);
      renameSync(server.write('token.new', second), tokenFile);
      // Looked at by itself; only then is the first one taken away.
      await pause(5000);
      await server.ask('POST', 'auth/token/revoke', { token: first });
      await signer.sign(tbs);
    });

    it('reads the file again when the token is refused', async () => {
      const [first, second] = [await tokenFor(server, ['ca-sign']), await tokenFor(server, ['ca-sign'])];
      secrets.push(first, second);
      const tokenFile = server.write('token', first);
      const signer = await signerWith({ tokenFile });
      await signer.sign(tbs);
      await server.ask('POST', 'auth/token/revoke', { token: first });
      expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable' });
      server.write('token', second);
      await eventually(
        () => signer.sign(tbs),
        () => true,
      );
    });

    it('renews the token before it ends', async () => {
      const token = await tokenFor(server, ['ca-sign'], '3s');
      const signer = await signerWith({ tokenFile: server.write('token', token) });
      for (let second = 0; second < 6; second++) {
        await signer.sign(tbs);
        await pause(1000);
      }
      const { data } = await server.ask('POST', 'auth/token/lookup', { token });
      expect(data.ttl).toBeGreaterThan(0);
    });

    it('signs with one that may not even look at itself', async () => {
      const made = { policies: ['ca-sign'], ttl: '1h', no_parent: true, no_default_policy: true };
      const token: string = (await server.ask('POST', 'auth/token/create', made)).auth.client_token;
      secrets.push(token);
      const signer = await signerWith({ tokenFile: server.write('token', token) });
      await signer.sign(tbs);
      expect(vault!.problem?.()).toBeUndefined();
    });

    it('warns of a token that ends and cannot be renewed, and takes the next one from its file', async () => {
      const made = { policies: ['ca-sign'], ttl: '6s', renewable: false, no_parent: true };
      const token: string = (await server.ask('POST', 'auth/token/create', made)).auth.client_token;
      const next = await tokenFor(server, ['ca-sign']);
      secrets.push(token, next);
      const signer = await signerWith({ tokenFile: server.write('token', token) });
      await eventually(
        () => lines.map(({ message }) => message),
        (messages) => messages.some((message) => message.includes('cannot be renewed')),
      );
      server.write('token', next);
      await pause(7000);
      await signer.sign(tbs);
    });

    it.each([
      ['nothing is in it', '', 0o600],
      ['others may read it', 'hvs.some-token', 0o644],
      ['it holds no token', 'two words', 0o600],
    ])('refuses to sign when %s', async (_why, text, mode) => {
      const tokenFile = server.write(`token-${mode}-${text.length}`, text, mode);
      expect(await rejectionOf(signerWith({ tokenFile }))).toMatchObject({ code: 'signerUnavailable' });
      expect(vault!.problem?.()).toContain('credentials');
    });
  });

  describe('by AppRole', () => {
    beforeAllEnable('approle');

    it('logs in, and again when its token cannot be renewed any longer', async () => {
      const signer = await signerWith(await appRole({ token_ttl: '2s', token_max_ttl: '3s' }));
      for (let round = 0; round < 6; round++) {
        await signer.sign(tbs);
        await pause(1000);
      }
    });

    it('logs in again when its token was revoked, once for all that wait', async () => {
      const signer = await signerWith(await appRole({ token_ttl: '1h' }));
      await signer.sign(tbs);
      // Just logged in; the next login is allowed a little later.
      await pause(3500);
      for (const accessor of (await server.ask('GET', 'auth/token/accessors?list=true')).data.keys) {
        const { data } = await server.ask('POST', 'auth/token/lookup-accessor', { accessor });
        if (data.path === 'auth/approle/login') await server.ask('POST', 'auth/token/revoke-accessor', { accessor });
      }
      await Promise.all(Array.from({ length: 50 }, () => signer.sign(tbs)));
    });

    it('says that its credentials are rejected, and signs once they are replaced', async () => {
      const options = await appRole({ token_ttl: '1h' });
      const good = readFileSync(options.secretIdFile!, 'utf8');
      server.write('secret', 'not-a-secret-id');
      const refused = await open(options);
      expect(await rejectionOf(refused.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
      expect(refused.problem?.()).toContain('credentials');
      server.write('secret', good);
      await eventually(
        () => refused.problem?.() ?? 'none',
        (problem) => problem === 'none',
      );
      await (await refused.signer('ca', algorithm)).sign(tbs);
    });
  });

  describe('by TLS client certificate', () => {
    beforeAllEnable('cert');

    it('logs in with the certificate of the connection', async () => {
      const certificate = readFileSync(server.caFile, 'utf8');
      const role = { certificate, allowed_dns_sans: 'ca-service.internal', token_policies: 'ca-sign', token_ttl: '2s' };
      await server.ask('POST', 'auth/cert/certs/ca', role);
      const signer = await signerWith({ auth: 'certificate', role: 'ca', ...server.client });
      for (let round = 0; round < 4; round++) {
        await signer.sign(tbs);
        await pause(1000);
      }
    });

    it('takes the certificate that replaced the one it had', async () => {
      const certificate = readFileSync(server.caFile, 'utf8');
      const role = { certificate, allowed_dns_sans: 'ca-service.internal', token_policies: 'ca-sign' };
      await server.ask('POST', 'auth/cert/certs/ca', role);
      const { certificateFile, keyFile } = server.client;
      // The server's own: another name, and not for clients.
      const files = {
        certificateFile: server.write(
          'own.pem',
          readFileSync(certificateFile.replace('client.pem', 'server.pem'), 'utf8'),
        ),
        keyFile: server.write('own.key', readFileSync(keyFile.replace('client.key', 'server.key'), 'utf8')),
      };
      const refused = await open({ auth: 'certificate', role: 'ca', ...files });
      expect(await rejectionOf(refused.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
      server.write('own.key', readFileSync(keyFile, 'utf8'));
      server.write('own.pem', readFileSync(certificateFile, 'utf8'));
      await eventually(
        () => refused.problem?.() ?? 'none',
        (problem) => problem === 'none',
      );
      await (await refused.signer('ca', algorithm)).sign(tbs);
    });

    it('is refused without the role', async () => {
      const refused = await open({ auth: 'certificate', role: 'other', ...server.client });
      expect(await rejectionOf(refused.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
      expect(refused.problem?.()).toContain('credentials');
    });
  });

  describe('by the token of a Kubernetes service account', () => {
    beforeAllEnable('kubernetes');

    it('logs in with what is in the file by then', async () => {
      const host = await tokenReviews('first', 'second');
      const where = { kubernetes_host: host, kubernetes_ca_cert: readFileSync(server.caFile, 'utf8') };
      await server.ask('POST', 'auth/kubernetes/config', { ...where, disable_local_ca_jwt: true });
      const bound = { bound_service_account_names: 'privyseal', bound_service_account_namespaces: 'pki' };
      const role = { ...bound, token_policies: 'ca-sign', token_ttl: '2s', token_max_ttl: '2s' };
      await server.ask('POST', 'auth/kubernetes/role/ca', role);
      // As the kubelet mounts it: readable by everybody in the container.
      const serviceAccountTokenFile = server.write('account', serviceAccountToken('first'), 0o644);
      const signer = await signerWith({ auth: 'kubernetes', role: 'ca', serviceAccountTokenFile });
      await signer.sign(tbs);
      server.write('account', serviceAccountToken('second'));
      for (let round = 0; round < 4; round++) {
        await signer.sign(tbs);
        await pause(1000);
      }
      expect(reviewed).toContain('second');
      secrets.push(serviceAccountToken('first'), serviceAccountToken('second'));
    });
  });

  describe('in namespaces and at other paths', () => {
    it('logs in and signs inside of its namespace', async () => {
      await server.ask('POST', 'sys/namespaces/team1');
      const inside = { 'x-vault-namespace': 'team1' };
      await server.ask('POST', 'sys/mounts/keys/ca', { type: 'transit' }, inside);
      await server.ask('POST', 'keys/ca/keys/ca', { type: 'ed25519' }, inside);
      const policy =
        'path "keys/ca/sign/ca" { capabilities = ["update"] }\npath "keys/ca/keys/ca" { capabilities = ["read"] }';
      await server.ask('POST', 'sys/policies/acl/ca', { policy }, inside);
      await server.ask('POST', 'sys/auth/machines/ca', { type: 'approle' }, inside);
      await server.ask('POST', 'auth/machines/ca/role/ca', { token_policies: 'ca' }, inside);
      const { role_id } = (await server.ask('GET', 'auth/machines/ca/role/ca/role-id', undefined, inside)).data;
      const { secret_id } = (await server.ask('POST', 'auth/machines/ca/role/ca/secret-id', {}, inside)).data;
      const options = { namespace: 'team1', mount: 'keys/ca', auth: 'appRole', authMount: 'machines/ca' } as const;
      const files = { roleIdFile: server.write('role', role_id), secretIdFile: server.write('secret', secret_id) };
      const inNamespace = await open({ ...options, ...files });
      await (await inNamespace.signer('ca', signatureAlgorithms.ed25519)).sign(tbs);
    });
  });
});
