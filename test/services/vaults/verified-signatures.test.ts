/** No vault is believed: a signature that does not verify with the certified key is made into nothing and recorded nowhere. */
import { expect, it, onTestFinished } from 'vitest';
import type { Signer, Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, demoToken, openService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** What stands between the real vault and the services once the first run is over; no claim of the vault gets through. */
interface Interference {
  readonly sign?: (signature: Uint8Array) => Uint8Array;
  /** Opens this key instead, as when somebody exchanged it in the backend. */
  readonly instead?: (name: string) => string;
}

async function withVault(interference: Interference, home = temporaryFolder().path) {
  const first = await openService({ home });
  await first.ensureFirstRun();
  await first.signAuditLog();
  await first.vault.createKey('other', 'ec-p256');
  await first.close();
  const { sign = (signature) => signature, instead = (name) => name } = interference;
  const wrapVault = (vault: Vault): Vault =>
    changedVault(vault, {
      async signer(name, algorithm): Promise<Signer> {
        const signer = await vault.signer(instead(name), algorithm);
        return { key: signer.key, algorithm, sign: async (tbs) => sign(await signer.sign(tbs)) };
      },
    });
  const service = await openService({ home, wrapVault });
  onTestFinished(() => service.close());
  return service;
}

const submit = async (service: Awaited<ReturnType<typeof withVault>>) =>
  service.services.submitRequest(await demoToken(service), {
    csrDer: buildCsr({ key: makeSigningKey(), names: ['demo.dev.internal'] }),
  });

const flipped = (signature: Uint8Array): Uint8Array => {
  const changed = Uint8Array.from(signature);
  changed[changed.length - 1]! ^= 1;
  return changed;
};

it('issues nothing on a wrong signature, and closes the intent', async () => {
  const service = await withVault({ sign: flipped });
  const { newest } = (await service.inventory.auditEnds())!;
  expect(await codeOf(submit(service))).toBe('signerUnavailable');
  expect((await service.inventory.counts()).intents).toBe(0);
  const events = await service.inventory.auditEvents(newest.seq, 100);
  expect(events.map(({ kind, code }) => [kind, code])).toEqual(
    expect.arrayContaining([['certificate.intentClosed', 'signerUnavailable']]),
  );
  expect(events.filter(({ kind }) => kind === 'certificate.issued')).toEqual([]);
});

it('publishes no list with a wrong signature', async () => {
  const service = await withVault({ sign: flipped });
  expect(await codeOf(service.services.crl('dev-issuing'))).toBe('signerUnavailable');
  expect(await service.inventory.latestCrl('dev-issuing')).toBeUndefined();
});

it('signs no checkpoint of the audit log that nobody could verify', async () => {
  const service = await withVault({ sign: flipped });
  const before = await service.inventory.latestCheckpoint();
  await service.inventory.appendAudit({ at: service.clock.now(), kind: 'crl.published', actor: 'test', object: 'x' });
  await service.signAuditLog();
  expect(await service.inventory.latestCheckpoint()).toEqual(before);
});

it('does not sign with a key that was exchanged in the vault, and readiness says so', async () => {
  const service = await withVault({ instead: (name) => (name.startsWith('dev-issuing') ? 'other' : name) });
  expect(await codeOf(submit(service))).toBe('signerUnavailable');
  const parts = await service.services.readiness();
  expect(parts.filter(({ ready }) => !ready).map(({ name }) => name)).toContain('vault');
  const { keys } = await service.services.checkVault(admin, 'file');
  expect(keys.filter(({ fault }) => fault).map(({ authority }) => authority)).toEqual(['dev-issuing']);
});

it('issues through a vault that verifies nothing itself', async () => {
  const service = await withVault({});
  expect(await submit(service)).toMatchObject({ kind: 'certificate' });
});
