/** Each part of readiness alone: it is named when it fails, with the reason, and comes back when its cause is gone. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CaError } from '../../src/domain/errors.ts';
import { changedVault } from '../support/changed-vault.ts';
import { buildCsr } from '../support/csr-builder.ts';
import { codeOf, rejectionOf } from '../support/rejection.ts';
import { demoToken, firstRunService, openService, type TestService } from '../support/service-builder.ts';
import { makeSigningKey } from '../support/signing-key.ts';
import { suiteFolder } from '../support/suite-folder.ts';

type Fault = 'inventory' | 'vault' | 'signer' | 'disk' | 'crl' | 'register';

const folder = suiteFolder();
const faults = new Set<Fault>();
const failIf = (fault: Fault): void => {
  if (faults.has(fault)) throw new CaError('inventoryUnavailable', `no ${fault}`);
};
let service: TestService;

const logged: { readonly message: string; readonly authority?: string }[] = [];
const note = (fields: object, message: string): void => void logged.push({ ...fields, message });

beforeAll(async () => {
  const home = folder('data');
  await (await firstRunService({ home })).close();
  service = await openService({
    home,
    log: { info: note, warn: note, error: note },
    wrapInventory: (inventory) => ({
      ...inventory,
      async check() {
        failIf('inventory');
        return inventory.check();
      },
      async generations() {
        failIf('register');
        return inventory.generations();
      },
      async recordCrl(crl, audit) {
        failIf('crl');
        return inventory.recordCrl(crl, audit);
      },
    }),
    wrapVault: (vault) =>
      changedVault(vault, {
        async signer(name, algorithm) {
          failIf('vault');
          const signer = await vault.signer(name, algorithm);
          const sign = async (tbs: Uint8Array): Promise<Uint8Array> => {
            failIf('signer');
            return signer.sign(tbs);
          };
          return { key: signer.key, algorithm, sign };
        },
      }),
    wrapHome: (home) => ({ ...home, freeOctets: async () => (faults.has('disk') ? 1024 : home.freeOctets()) }),
  });
});
afterAll(() => service.close());

beforeEach(() => {
  faults.clear();
  service.pass(60);
});

/** Names and reasons of the parts that are not ready; an answer is kept for a second. */
async function unready(): Promise<[string, string | undefined][]> {
  service.pass(1);
  const parts = await service.services.readiness();
  return parts.filter(({ ready }) => !ready).map(({ name, reason }) => [name, reason]);
}

const submit = async () =>
  service.services.submitRequest(await demoToken(service), { csrDer: buildCsr({ key: makeSigningKey() }) });

describe('readiness', () => {
  it('names the vault whose keys cannot be opened, until they can', async () => {
    faults.add('vault');
    expect(await unready()).toEqual([['vault', expect.stringContaining('no vault')]]);
    faults.clear();
    expect(await unready()).toEqual([]);
  });

  it('names the inventory that cannot be written', async () => {
    faults.add('inventory');
    expect(await unready()).toEqual([['inventory', 'no inventory']]);
    faults.clear();
    expect(await unready()).toEqual([]);
  });

  it('is there again with the inventory when the authorities could not be read', async () => {
    service.directory.forget();
    faults.add('register');
    const issuing = () => service.directory.get('dev-issuing');
    const signing = () => service.directory.issuerOf({ authority: 'dev-issuing', issuerSerial: '00' });
    for (const asked of [issuing, signing]) expect(await codeOf(asked())).toBe('inventoryUnavailable');
    faults.clear();
    for (const asked of [signing, issuing]) expect((await asked()).id).toBe('dev-issuing');
  });

  it('names the signer whose last signature failed, until one succeeds', async () => {
    faults.add('signer');
    await rejectionOf(submit());
    expect(await unready()).toEqual([['signer', expect.stringContaining('dev-issuing')]]);
    faults.clear();
    await submit();
    expect(await unready()).toEqual([]);
  });

  it('names the disk with nothing left, and how much that is', async () => {
    faults.add('disk');
    expect(await unready()).toEqual([['disk', expect.stringContaining('1 KiB')]]);
    faults.clear();
    expect(await unready()).toEqual([]);
  });

  it('names the list that could not be published, until it can', async () => {
    await service.services.crl('dev-issuing');
    faults.add('crl');
    service.pass(50_000);
    await service.housekeep();
    const [[part, reason] = []] = await unready();
    expect([part, reason]).toEqual(['crls', expect.stringContaining('dev-issuing: no crl')]);
    faults.clear();
    await service.housekeep();
    expect(await unready()).toEqual([]);
  });

  it('leaves the last list in service to its end while the next cannot be published', async () => {
    await service.housekeep();
    const list = await service.services.crl('dev-issuing');
    const passTo = (seconds: number): void => service.pass(seconds - Math.floor(service.clock.now() / 1000));
    faults.add('crl');
    passTo(list.nextUpdate - 1);
    expect((await service.services.crl('dev-issuing')).crlNumber).toBe(list.crlNumber);
    passTo(list.nextUpdate);
    expect(await codeOf(service.services.crl('dev-issuing'))).toBe('inventoryUnavailable');
    faults.clear();
    expect((await service.services.crl('dev-issuing')).crlNumber).toBeGreaterThan(list.crlNumber!);
  });

  it('leaves the last list to be seen where it has ended and the next could not be published', async () => {
    const last = await service.services.crl('dev-issuing');
    faults.add('crl');
    service.pass(100_000);
    await rejectionOf(service.services.crl('dev-issuing'));
    expect(await service.services.latestCrl('dev-issuing')).toBe(last);
  });

  it('leaves it at one line in the log for a list that fails each second, and one when it is published again', async () => {
    await service.services.crl('dev-issuing');
    faults.add('crl');
    service.pass(50_000);
    logged.length = 0;
    for (let second = 0; second < 5; second++) {
      await service.housekeep();
      service.pass(1);
    }
    faults.clear();
    await service.housekeep();
    await service.housekeep();
    const ofList = logged.filter(({ authority }) => authority === 'dev-issuing').map(({ message }) => message);
    expect(ofList).toEqual([expect.stringContaining('could not be published'), 'the CRL is published again']);
  });

  it('names the clock that jumped, until it is back', async () => {
    service.jump(-3600);
    expect(await unready()).toEqual([['clock', expect.stringContaining('jumped')]]);
    service.jump(3600);
    expect(await unready()).toEqual([]);
  });

  it('says at once, and from then on, that the service is stopping', async () => {
    expect(await unready()).toEqual([]);
    service.beginStop();
    expect((await service.services.readiness()).find(({ ready }) => !ready)?.name).toBe('service');
  });
});
