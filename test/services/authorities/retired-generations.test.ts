/** A generation whose key is destroyed still answers for what it signed: its last list, and OCSP by a responder of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { generationId } from '../../../src/domain/records/generation.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { itWith, run } from '../../support/judges.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();

itWith('openssl', 'openssl believes its OCSP answers after a restart, also what was revoked since', async () => {
  const home = folder('home');
  let service = await firstRunService({ home });
  const submitted = await service.services.submitRequest(await demoToken(service), {
    csrDer: makeKeyRequest().csrDer,
  });
  if (submitted.kind !== 'certificate') throw new Error('no certificate came');
  const { record, der, chainDer } = submitted.view;
  await retireIssuing(service);
  await service.close();
  service = await openService({ home });
  try {
    const parsed = parseCertificate(chainDer[0]!);
    const issuer = { subjectDer: parsed.subject.der, key: { spkiDer: parsed.spkiDer } };
    const asked = encodeOcspRequest([encodeCertId(issuer, record.serial)]);
    const file = (name: string): string => join(home, name);
    writeFileSync(file('issuer.pem'), encodePem('CERTIFICATE', chainDer[0]!));
    writeFileSync(file('leaf.pem'), encodePem('CERTIFICATE', der));
    const said = async (id: string): Promise<string> => {
      const answer = await service.services.answerOcsp(id, asked);
      writeFileSync(file('answer.der'), answer.der);
      const time = String(Math.floor(service.clock.now() / 1000) + 1);
      const what = ['-issuer', file('issuer.pem'), '-cert', file('leaf.pem'), '-respin', file('answer.der')];
      const trust = ['-CAfile', file('trust/dev.pem'), '-attime', time, '-resp_text'];
      const { stdout, stderr } = await run('openssl', ['ocsp', ...what, ...trust]);
      expect(stderr.toString()).toContain('Response verify OK');
      return /Cert Status: (\w+)/.exec(stdout.toString())?.[1] ?? 'nothing';
    };
    expect([await said('dev-issuing'), await said('dev-issuing.2')]).toEqual(['good', 'good']);
    await service.services.revokeCertificate(admin, record.serial, { reason: 'keyCompromise' });
    expect(await said('dev-issuing')).toBe('revoked');
  } finally {
    await service.close();
  }
});

it('it does so, too, where the settings keep its key off the list of its vault', async () => {
  const wrapVault = (vault: Vault): Vault => changedVault(vault, { listKeys: async () => [] });
  const service = await firstRunService({ home: folder('unlisted'), wrapVault });
  try {
    await retireIssuing(service);
    const { responder, keyDestroyedAt } = (await service.inventory.generations()).find(
      (one) => generationId(one) === 'dev-issuing',
    )!;
    expect(responder).not.toBeNull();
    expect(keyDestroyedAt).not.toBeNull();
  } finally {
    await service.close();
  }
});

it('another key that lies under the name of its own is not destroyed', async () => {
  let other: Uint8Array | undefined;
  const destroyed: string[] = [];
  const wrapVault = (vault: Vault): Vault =>
    changedVault(vault, {
      key: async (name) => ({ ...(await vault.key(name)), ...(other && { publicKeyDer: other }) }),
      async destroyKey(name) {
        destroyed.push(name);
        await vault.destroyKey(name);
      },
    });
  const service = await firstRunService({ home: folder('exchanged'), wrapVault });
  try {
    other = (await service.vault.createKey('another', 'ec-p256')).publicKeyDer;
    await retireIssuing(service);
    expect(destroyed).toEqual([]);
    expect((await service.services.readRotation('dev-issuing')).oldKeyDestroyedAt).not.toBeNull();
  } finally {
    await service.close();
  }
});

async function retireIssuing({ services, housekeep }: TestService): Promise<void> {
  const advance = () => services.advanceRotation(admin, 'dev-issuing', { reason: 'a drill, and nobody is there' });
  await services.startRotation(admin, 'dev-issuing', {});
  await housekeep();
  for (const state of ['trusted', 'issuing', 'retiring', 'retired']) {
    expect((await advance()).rotation.state).toBe(state);
  }
}
