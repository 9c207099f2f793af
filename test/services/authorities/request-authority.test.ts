/** Authorities that are to be signed elsewhere: their keys, their CSRs, and the environments that have them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseSubjectPublicKey, verifySignature } from '../../../src/domain/x509/public-key.ts';
import { findSignatureAlgorithm } from '../../../src/domain/x509/signature-algorithm.ts';
import { openSigned } from '../../../src/domain/x509/signed.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

/** Whether the CSR proves possession of its key, and the key it is for. */
async function readCsr(csrDer: Uint8Array) {
  const { tbs, algorithmDer, signature } = openSigned(csrDer);
  const info = new DerReader(tbs).enterSequence();
  info.next();
  info.next();
  const spkiDer = info.whole(info.next());
  const signed = {
    tbs,
    signature,
    algorithm: findSignatureAlgorithm(algorithmDer)!,
    publicKey: parseSubjectPublicKey(spkiDer),
  };
  return { proven: await verifySignature(signed), spkiDer };
}

describe('an authority that is to be signed elsewhere', () => {
  it('has a key in its vault and a CSR that proves it, the same each time it is asked for', async () => {
    const input = { name: 'dev-corp', environment: 'dev', keyType: 'ec-p384' } as const;
    const { authority, inForce, csrDer } = await service.services.requestAuthority(admin, input);
    expect(authority).toMatchObject({
      role: 'issuing',
      parent: 'external',
      keyType: 'ec-p384',
      certificateSerial: null,
    });
    expect(inForce).toBeNull();
    const { proven, spkiDer } = await readCsr(csrDer!);
    expect(proven).toBe(true);
    const key = await service.vault.key(authority.vaultKey);
    expect(Buffer.compare(key.publicKeyDer, spkiDer)).toBe(0);
    const again = await service.services.describeAuthority('dev-corp');
    expect(again).toMatchObject({ kind: 'own', csrDer: Buffer.from(csrDer!) });
  });

  it('takes a key that the vault has, once', async () => {
    await service.vault.createKey('made-before', 'ec-p256');
    const ask = (name: string, more: object = {}) =>
      service.services.requestAuthority(admin, { name, environment: 'dev', key: 'made-before', ...more });
    expect(await codeOf(ask('dev-brought', { keyType: 'rsa-2048' }))).toBe('malformed');
    expect(await codeOf(ask('dev-brought', { key: 'made-by-nobody' }))).toBe('notFound');
    expect((await ask('dev-brought')).authority).toMatchObject({ vaultKey: 'made-before', keyType: 'ec-p256' });
    expect(await codeOf(ask('dev-brought-again'))).toBe('conflict');
  });

  it.each([
    ['a name that is taken', { name: 'dev-issuing' }, 'conflict'],
    ['the name of the service', { name: 'system' }, 'conflict'],
    ['the word for whoever is elsewhere', { name: 'external' }, 'conflict'],
    ['an environment that is none', { environment: 'nowhere' }, 'notFound'],
    ['a vault that is none', { vault: 'nowhere' }, 'notFound'],
    ['a key that is none', { key: 'nowhere' }, 'notFound'],
  ])('is refused with %s', async (_what, wrong, code) => {
    const input = { name: 'dev-refused', environment: 'dev', ...wrong };
    expect(await codeOf(service.services.requestAuthority(admin, input))).toBe(code);
  });

  it('signs nothing, and is not shown as in force', async () => {
    await service.services.requestAuthority(admin, { name: 'dev-waiting', environment: 'dev' });
    expect((await service.services.listAuthorities()).map(({ authority }) => authority.name)).not.toContain(
      'dev-waiting',
    );
    expect(await codeOf(service.services.crl('dev-waiting'))).toBe('notFound');
  });
});

describe('an environment', () => {
  it('is not made where an authority of another one has the name that one of its own would have', async () => {
    for (const [name, hierarchy] of [
      ['one-root', 'two-tier'],
      ['two-issuing', 'two-tier'],
      ['three-root', 'root'],
      ['four-issuing', 'external'],
    ] as const) {
      await service.services.requestAuthority(admin, { name, environment: 'dev' });
      const environment = { name: name.replace(/-[a-z]+$/, ''), hierarchy };
      expect(await codeOf(service.services.createEnvironment(admin, environment))).toBe('conflict');
      expect(await service.services.describeAuthority(name)).toMatchObject({ inForce: null });
    }
    const names = (await service.inventory.environments()).map(({ name }) => name);
    expect(names).toEqual(['dev']);
  });

  it('that is half made is completed, for nobody gets one of its names meanwhile', async () => {
    const { services, vault } = service;
    const environment = { name: 'half', hierarchy: 'two-tier' } as const;
    const make = vault.createKey;
    vault.createKey = () => Promise.reject(new CaError('signerUnavailable', 'The vault is away.'));
    expect(await codeOf(services.createEnvironment(admin, environment))).toBe('signerUnavailable');
    vault.createKey = make;
    for (const name of ['half-root', 'half-issuing']) {
      for (const of of ['half', 'dev']) {
        expect(await codeOf(services.requestAuthority(admin, { name, environment: of }))).toBe('conflict');
      }
    }
    const made = await services.createEnvironment(admin, environment);
    expect(made.authorities.map(({ name }) => name).sort()).toEqual(['half-issuing', 'half-root']);
  });
});

describe('an environment whose issuing authority is signed elsewhere', () => {
  it('has its profiles and a CSR, and no root', async () => {
    const view = await service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
    expect(view.environment.hierarchy).toBe('external');
    expect(view.authorities.map(({ name }) => name)).toEqual(['corp-issuing']);
    expect(view.profiles.every(({ authority }) => authority === 'corp-issuing')).toBe(true);
    expect(await service.services.describeAuthority('corp-issuing')).toMatchObject({ csrDer: expect.anything() });
    expect(await codeOf(service.services.trustBundle('corp'))).toBe('notFound');
    const again = service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
    expect(await codeOf(again)).toBe('conflict');
  });

  it('is completed by the next start when the vault was away', async () => {
    let away = false;
    const home = folder('interrupted');
    const first = await openService({
      home,
      wrapVault: (vault) =>
        changedVault(vault, {
          async signer(name, algorithm) {
            if (away) throw new CaError('signerUnavailable', 'The vault is away.');
            return vault.signer(name, algorithm);
          },
        }),
    });
    await first.ensureFirstRun();
    away = true;
    const failing = first.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
    expect(await codeOf(failing)).toBe('signerUnavailable');
    await first.close();
    const second = await openService({ home });
    await second.ensureFirstRun();
    expect(await second.services.describeAuthority('corp-issuing')).toMatchObject({ csrDer: expect.anything() });
    await second.close();
  });
});
