/** The vault at an address where something else than a sound OpenBao answers: nothing it says gets into a certificate, no token leaks. */
import { sign as cryptoSign, generateKeyPairSync } from 'node:crypto';
import { chmodSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { rootCertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openOpenBaoVault } from '#src/adapters/vault-openbao/vault-openbao.ts';
import type { CaError } from '#src/domain/errors.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import type { Vault } from '#src/ports/vault.ts';
import { print } from '../../contracts/vault.ts';
import { keyPem, serverOf, strangerRoot, system } from '../../support/face-tls.ts';
import { keepingLog } from '../../support/keeping-log.ts';
import { listening } from '../../support/listening.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const token = 'hvs.canary-of-the-stranger';
const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const another = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: typeof ours.publicKey): string => key.export({ format: 'pem', type: 'spki' }).toString();
const tbs = Buffer.from('to be signed');

/** Listens over TLS until the test ends; resolves to its address. */
async function stranger(answer: RequestListener, issuer = system): Promise<string> {
  const certificate = serverOf(issuer);
  const server = createServer({ cert: certificate.pem, key: keyPem(certificate) }, answer);
  return `https://localhost:${await listening(server)}`;
}

async function vaultAt(address: string, caPem = system.pem): Promise<Vault & { said(): string }> {
  const { write } = temporaryFolder();
  const { log, lines } = keepingLog();
  const files = { caFile: write('ca.pem', caPem), tokenFile: write('token', token) };
  chmodSync(files.tokenFile, 0o600);
  const options = { name: 'bao', address, mount: 'transit', auth: 'token', keys: [], timeLimitSeconds: 9 } as const;
  const vault = await openOpenBaoVault({ ...options, ...files }, log);
  onTestFinished(() => vault.close());
  return Object.assign(vault, { said: () => lines.map((line) => print(line)).join('\n') });
}

/** Answers as OpenBao does, but for the given parts. */
const almostBao =
  (parts: { readonly key?: object; readonly signature?: (input: string) => string }): RequestListener =>
  async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    const type = { type: 'ecdsa-p256', exportable: false, allow_plaintext_backup: false };
    const key = { ...type, keys: { 1: { public_key: pem(ours.publicKey) } }, ...parts.key };
    const answers: Record<string, object> = {
      '/v1/sys/health?standbyok=true': { sealed: false },
      '/v1/auth/token/lookup-self': { data: { ttl: 3600, renewable: true, policies: ['ca'] } },
      '/v1/sys/capabilities-self': { data: {} },
      '/v1/transit/keys/ca': { data: key },
      '/v1/transit/sign/ca': { data: { signature: parts.signature?.(body.input) } },
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answers[request.url!] ?? { errors: [] }));
  };

const signedBy = (key: typeof ours.privateKey, dsaEncoding: 'der' | 'ieee-p1363' = 'der'): string =>
  cryptoSign('sha256', tbs, { key, dsaEncoding }).toString('base64');

describe('a vault at a stranger’s address', () => {
  it('follows no redirect, and sends its token nowhere else', async () => {
    const seen: unknown[] = [];
    const elsewhere = await stranger((request, response) => {
      seen.push(request.headers);
      response.end('{}');
    });
    const address = await stranger(
      (_request, response) => void response.writeHead(307, { location: `${elsewhere}/v1/transit/keys/ca` }).end(),
    );
    const vault = await vaultAt(address);
    expect(await rejectionOf(vault.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
    expect(vault.problem?.()).toContain('address');
    expect(seen).toEqual([]);
  });

  it.each([
    ['a page', 200, 'text/html', '<html><body>Welcome, hvs.somebody</body></html>'],
    ['a page of a proxy that is not found', 404, 'text/html', '<h1>not here</h1>'],
    ['JSON that is no object', 200, 'application/json', '["hello"]'],
    ['nothing that ends', 200, 'application/json', `{"data": "${'x'.repeat(2 ** 21)}"}`],
  ])('refuses %s, and repeats none of it', async (_what, status, type, body) => {
    const address = await stranger(
      (_request, response) => void response.writeHead(status, { 'content-type': type }).end(body),
    );
    const vault = await vaultAt(address);
    const error = await rejectionOf(vault.key('ca'));
    expect(error).toMatchObject({ code: 'signerUnavailable' });
    expect(vault.problem?.()).toBeDefined();
    for (const canary of ['Welcome', 'not here', 'hello', 'xxxx', token]) {
      expect(print(error) + vault.said()).not.toContain(canary);
    }
  });

  const fails: [string, RequestListener, string][] = [
    [
      'a proxy without a backend',
      (_, response) => void response.writeHead(502).end('<h1>Bad Gateway</h1>'),
      'unavailable',
    ],
    ['a performance standby', (_, response) => void response.writeHead(473).end('{}'), 'unavailable'],
    ['a replica that lags behind', (_, response) => void response.writeHead(412).end('{"errors":[]}'), 'unavailable'],
    [
      'answers that are cut off',
      (_, response) =>
        void response.writeHead(200, { 'content-length': 1000 }).write('{"data":', () => response.destroy()),
      'connections break',
    ],
  ];
  it.each(fails)('says what it sees of %s, and signs as soon as that is over', async (_what, listener, words) => {
    const sound = almostBao({ signature: () => `vault:v1:${signedBy(ours.privateKey)}` });
    let answer = sound;
    const vault = await vaultAt(await stranger((request, response) => answer(request, response)));
    const signer = await vault.signer('ca', algorithm);
    answer = listener;
    expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable' });
    expect(vault.problem?.()).toContain(words);
    expect(signer.refusal?.()).toMatchObject({ code: 'signerUnavailable' });
    answer = sound;
    await expect.poll(() => vault.problem?.(), { timeout: 10_000 }).toBeUndefined();
    await signer.sign(tbs);
  });

  it('hands on how long one that is asked too much wants to be left alone, within bounds', async () => {
    const sound = almostBao({ signature: () => `vault:v1:${signedBy(ours.privateKey)}` });
    let wait: string | undefined;
    let asked = 0;
    const answer: RequestListener = (request, response) => {
      if (!request.url!.includes('/sign/')) return sound(request, response);
      asked += 1;
      response.writeHead(429, wait === undefined ? {} : { 'retry-after': wait }).end('{"errors":["quota"]}');
    };
    const vault = await vaultAt(await stranger(answer));
    const signer = await vault.signer('ca', algorithm);
    const told = async (header: string | undefined) => {
      wait = header;
      asked = 0;
      const error = await rejectionOf(signer.sign(tbs));
      return [(error as CaError).code, (error as CaError).retryAfterSeconds, asked > 1];
    };
    expect(await told(undefined)).toEqual(['overloaded', 2, true]);
    // It would only be refused again.
    expect(await told('17')).toEqual(['overloaded', 17, false]);
    expect(await told('1000000')).toEqual(['overloaded', 60, false]);
    expect(await told('soon')).toEqual(['overloaded', 2, true]);
    expect(vault.problem?.()).toBeUndefined();
  });

  it('does not believe a certificate of another CA', async () => {
    const seen: unknown[] = [];
    const vault = await vaultAt(await stranger((request) => void seen.push(request.headers), strangerRoot));
    expect(await rejectionOf(vault.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
    expect(vault.problem?.()).toContain('TLS');
    expect(seen).toEqual([]);
  });

  it('takes the signatures of one that does as it should', async () => {
    const answer = almostBao({ signature: () => `vault:v1:${signedBy(ours.privateKey)}` });
    const vault = await vaultAt(await stranger(answer));
    await (await vault.signer('ca', algorithm)).sign(tbs);
  });

  it('knows the last authority of a file with all those of a system', async () => {
    const answer = almostBao({ signature: () => `vault:v1:${signedBy(ours.privateKey)}` });
    const bundle = [...rootCertificates, system.pem].join('\n');
    expect(bundle.length).toBeGreaterThan(100_000);
    const vault = await vaultAt(await stranger(answer), bundle);
    await (await vault.signer('ca', algorithm)).sign(tbs);
  });

  it('is not asked while a file is too long to be read whole', async () => {
    const opening = vaultAt('https://localhost:1', system.pem.repeat(5000));
    expect(await rejectionOf(opening)).toMatchObject({
      code: 'badConfiguration',
      message: expect.stringMatching(/^caFile .* octets/),
    });
  });

  it.each([
    ['of another key', () => `vault:v1:${signedBy(another.privateKey)}`],
    ['of another version', () => `vault:v2:${signedBy(ours.privateKey)}`],
    ['as JWS has it', () => `vault:v1:${signedBy(ours.privateKey, 'ieee-p1363')}`],
    ['of nothing', () => 'vault:v1:'],
    ['that is none', () => 'hvs.something-else'],
  ])('refuses a signature %s', async (_what, signature) => {
    const vault = await vaultAt(await stranger(almostBao({ signature })));
    const signer = await vault.signer('ca', algorithm);
    expect(await rejectionOf(signer.sign(tbs))).toMatchObject({ code: 'signerUnavailable' });
  });

  it.each([
    ['that may be exported', { exportable: true }, 'policyRefused'],
    ['that may be backed up in plain text', { allow_plaintext_backup: true }, 'policyRefused'],
    ['of which that is not said', { exportable: undefined }, 'policyRefused'],
    ['that encrypts', { type: 'aes256-gcm96' }, 'policyRefused'],
    ['of another type than it says', { type: 'ecdsa-p384' }, 'policyRefused'],
    ['without the version', { keys: { 2: { public_key: pem(ours.publicKey) } } }, 'signerUnavailable'],
    ['whose public half is none', { keys: { 1: { public_key: 'none' } } }, 'signerUnavailable'],
  ])('refuses a key %s', async (_what, key, code) => {
    const vault = await vaultAt(await stranger(almostBao({ key })));
    expect(await rejectionOf(vault.signer('ca', algorithm))).toMatchObject({ code });
  });
});
