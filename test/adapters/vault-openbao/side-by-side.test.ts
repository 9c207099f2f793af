/** A service with two vaults: each authority names its own, and every one of them works. */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BaoServer, startBao } from '../../support/bao-server.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { newMount, openBao } from './vault-under-test.ts';

describeWith('bao', 'a service with the vaults file and bao', () => {
  const folder = suiteFolder();
  let server: BaoServer;
  let mount: string;
  let service: TestService;
  const open = async () => ({ home: folder('data'), furtherVaults: [await openBao(server, { mount })] });

  beforeAll(async () => {
    server = await startBao({ program: pathOf('bao') });
    mount = await newMount(server);
    service = await firstRunService(await open());
  });
  afterAll(async () => {
    await service.close();
    await server.stop();
  });

  const vaultsOf = async () =>
    Object.fromEntries((await service.inventory.authorities()).map(({ name, vault }) => [name, vault]));

  it('makes the authorities of an environment in the vault it is created with, others in the usual one', async () => {
    await service.services.createEnvironment(admin, { name: 'prod', hierarchy: 'two-tier', vault: 'bao' });
    expect(await vaultsOf()).toEqual({
      ...{ system: 'file', 'dev-root': 'file', 'dev-issuing': 'file' },
      ...{ 'prod-root': 'bao', 'prod-issuing': 'bao' },
    });
    const [root, issuing] = await Promise.all(
      ['prod-root', 'prod-issuing'].map(async (name) => (await service.directory.get(name)).certificateDer),
    );
    const signer = new X509Certificate(Buffer.from(root!));
    expect(new X509Certificate(Buffer.from(issuing!)).verify(signer.publicKey)).toBe(true);
    expect((await server.ask('GET', `${mount}/keys?list=true`)).data.keys).toHaveLength(2);
  });

  it('refuses a vault that there is not, and says which there are', async () => {
    const create = service.services.createEnvironment(admin, { name: 'x', hierarchy: 'root', vault: 'hsm' });
    expect(await codeOf(create)).toBe('notFound');
    expect(await vaultsOf()).not.toHaveProperty('x-root');
  });

  it('names each vault in its readiness', async () => {
    const parts = await service.services.readiness();
    expect(parts.filter(({ name }) => name.startsWith('vault'))).toEqual([
      { name: 'vault', ready: true },
      { name: 'vault bao', ready: true },
    ]);
  });

  it('starts while one of them is away, serves what needs no signature of it, and signs by itself once it is back', async () => {
    await service.services.crl('prod-issuing');
    await service.close();
    await server.seal();
    service = await openService(await open());
    expect(await service.ensureFirstRun()).toBe(false);
    expect((await service.clientAuthorities()).products).toHaveLength(4);
    expect((await service.services.crl('prod-issuing')).crlNumber).toBeGreaterThan(0);
    const { signer } = await service.directory.get('prod-issuing');
    expect(await rejectionOf(signer.sign(new Uint8Array(1)))).toMatchObject({ code: 'signerUnavailable' });
    expect(signer.refusal?.()).toMatchObject({ code: 'signerUnavailable' });
    expect(await service.services.readiness()).toContainEqual({
      name: 'vault bao',
      ready: false,
      reason: expect.stringContaining('sealed'),
    });
    // The other vault is not concerned.
    await (await service.directory.get('dev-issuing')).signer.sign(new Uint8Array(1));
    await server.unseal();
    await eventually(
      () => signer.refusal?.() ?? 'none',
      (answer) => answer === 'none',
    );
    expect(await signer.sign(new Uint8Array(1))).toBeInstanceOf(Uint8Array);
  });

  describe('whose start was cut short', () => {
    it('completes an environment in the vault that was asked for', async () => {
      await server.seal();
      const create = service.services.createEnvironment(admin, { name: 'late', hierarchy: 'root', vault: 'bao' });
      expect(await rejectionOf(create)).toMatchObject({ code: 'signerUnavailable', retryAfterSeconds: 2 });
      await service.close();
      await server.unseal();
      service = await openService(await open());
      await service.ensureFirstRun();
      expect(await vaultsOf()).toMatchObject({ 'late-root': 'bao' });
    });
  });
});
