/** A vault whose files were wrong: it asks again when they are mended, however rarely it asked by then. */
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, renameSync } from 'node:fs';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Circuit } from '#src/adapters/vault-openbao/circuit.ts';
import { type OpenBaoOptions, openOpenBaoVault } from '#src/adapters/vault-openbao/vault-openbao.ts';
import type { Vault } from '#src/ports/vault.ts';
import { clientOf, keyPem, serverOf, strangerRoot, system } from '../../support/face-tls.ts';
import { keepingLog } from '../../support/keeping-log.ts';
import { listening } from '../../support/listening.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' });
const goodToken = 'hvs.good';

/** Lets in who has a certificate of the system, if it asks for one, and the good token. */
async function backend({ asksForCertificate = false } = {}): Promise<string> {
  const certificate = serverOf(system);
  const server = createServer(
    { cert: certificate.pem, key: keyPem(certificate), ca: system.pem, requestCert: asksForCertificate },
    (request, response) => {
      const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
      if (asksForCertificate && !(request.socket as TLSSocket).authorized) return void answer(400, { errors: [] });
      if (request.url!.startsWith('/v1/sys/health')) return void answer(200, { sealed: false });
      if (request.headers['x-vault-token'] !== goodToken) return void answer(400, { errors: [] });
      if (!request.url!.endsWith('/keys/ca')) return void answer(200, { data: { ttl: 3600, policies: ['ca'] } });
      const facts = { type: 'ecdsa-p256', exportable: false, allow_plaintext_backup: false };
      answer(200, { data: { ...facts, keys: { 1: { public_key: key } } } });
    },
  );
  return `https://localhost:${await listening(server)}`;
}

describe('a vault whose files were wrong', () => {
  type Given = Pick<OpenBaoOptions, 'address' | 'caFile' | 'tokenFile'> & Partial<OpenBaoOptions>;

  async function refused(options: Given): Promise<Vault> {
    const usual = { name: 'bao', mount: 'transit', auth: 'token', keys: [], timeLimitSeconds: 9 } as const;
    const vault = await openOpenBaoVault({ ...usual, ...options }, keepingLog().log);
    onTestFinished(() => vault.close());
    expect(await rejectionOf(vault.key('ca'))).toMatchObject({ code: 'signerUnavailable' });
    return vault;
  }

  /** What the vault does of itself once somebody mends a file. */
  async function afterMending(vault: Vault, mend: () => void): Promise<void> {
    const tried = vi.spyOn(Circuit.prototype, 'tryNow');
    onTestFinished(() => tried.mockRestore());
    mend();
    await expect.poll(() => tried.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(() => vault.problem?.() ?? 'none', { timeout: 10_000 }).toBe('none');
    await vault.key('ca');
  }

  const files = () => {
    const { write } = temporaryFolder();
    const secret = (name: string, text: string): string => {
      const path = write(name, text);
      chmodSync(path, 0o600);
      return path;
    };
    return { write, secret, caFile: write('ca.pem', system.pem), tokenFile: secret('token', goodToken) };
  };

  it('signs again when the authority in its caFile is the right one', async () => {
    const { write, tokenFile } = files();
    const caFile = write('ca.pem', strangerRoot.pem);
    const vault = await refused({ address: await backend(), caFile, tokenFile });
    await afterMending(vault, () => renameSync(write('ca.new', system.pem), caFile));
  });

  it('signs again when its client certificate is the right one', async () => {
    const { write, secret, caFile, tokenFile } = files();
    const [wrong, right] = [clientOf(strangerRoot), clientOf(system)];
    const certificateFile = write('client.pem', wrong.pem);
    const keyFile = secret('client.key', keyPem(wrong));
    const vault = await refused({
      address: await backend({ asksForCertificate: true }),
      caFile,
      tokenFile,
      certificateFile,
      keyFile,
    });
    await afterMending(vault, () => {
      write('client.pem', right.pem);
      write('client.key', keyPem(right));
    });
  });

  it('signs again when others may not read its token any longer', async () => {
    const { caFile, tokenFile } = files();
    chmodSync(tokenFile, 0o644);
    const vault = await refused({ address: await backend(), caFile, tokenFile });
    await afterMending(vault, () => chmodSync(tokenFile, 0o600));
  });
});
