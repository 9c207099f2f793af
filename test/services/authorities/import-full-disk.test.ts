/** A disk that is full while something made elsewhere is imported: nothing is half taken up, and asking again completes it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { makeCorporateCa, makeCrl, pemOf } from '../../support/external-chain.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const home = folder('data');
const full = new Set<string>();
let isHomeFull = false;
let service: TestService;

const fillable = (inventory: Inventory): Inventory =>
  new Proxy(inventory, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      const act = value as (...args: unknown[]) => unknown;
      return (...args: unknown[]) =>
        full.has(String(name))
          ? Promise.reject(new CaError('inventoryUnavailable', 'The disk is full.'))
          : act.apply(target, args);
    },
  });

beforeAll(async () => {
  service = await firstRunService({
    home,
    wrapInventory: fillable,
    wrapHome: (real) => ({
      ...real,
      write: (...args) => (isHomeFull ? Promise.reject(new Error('ENOSPC')) : real.write(...args)),
    }),
  });
});
afterAll(() => service.close());

let environments = 0;
async function waiting() {
  environments += 1;
  const environment = `full-${environments}`;
  await service.services.createEnvironment(admin, { name: environment, hierarchy: 'external' });
  const detail = await service.services.describeAuthority(`${environment}-issuing`);
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  const now = Math.floor(service.clock.now() / 1000);
  const ca = makeCorporateCa(now);
  const input = { chainPem: pemOf(ca.sign(detail.csrDer), ca.intermediate), rootPem: ca.root.pem };
  const importIt = () => service.services.importAuthority(admin, `${environment}-issuing`, input);
  return { environment, ca, now, importIt };
}

it.each(['recordImport', 'activateAuthority'])(
  'an import that stops at %s is completed by asking again',
  async (act) => {
    const { environment, importIt } = await waiting();
    full.add(act);
    expect(await codeOf(importIt())).toBe('inventoryUnavailable');
    full.clear();
    expect((await service.directory.all()).some(({ id }) => id === `${environment}-issuing`)).toBe(false);
    await importIt();
    expect((await service.directory.all()).some(({ id }) => id === `${environment}-issuing`)).toBe(true);
    const names = (await service.services.listExternalAuthorities()).map(({ external }) => external.name);
    expect(names.filter((name) => name.startsWith(environment)).length).toBe(2);
  },
);

it('acts are in force although the trust file cannot be written, which is done once there is room', async () => {
  const { environment, importIt } = await waiting();
  const made = `${environment}-made`;
  isHomeFull = true;
  await importIt();
  await service.services.createEnvironment(admin, { name: made, hierarchy: 'root' });
  const areThere = () => [environment, made].map((name) => existsSync(join(home, `trust/${name}.pem`)));
  await expect(service.housekeep()).rejects.toThrow('ENOSPC');
  expect(areThere()).toEqual([false, false]);
  isHomeFull = false;
  await service.housekeep();
  expect(areThere()).toEqual([true, true]);
  expect((await service.directory.all()).some(({ id }) => id === `${environment}-issuing`)).toBe(true);
});

it('a list that could not be recorded is not served, and is taken when it comes again', async () => {
  const { environment, ca, now, importIt } = await waiting();
  await importIt();
  const root = `${environment}-external-root`;
  const pem = makeCrl(ca.root, { thisUpdate: now });
  full.add('recordCrl');
  expect(await codeOf(service.services.importCrl(admin, root, pem))).toBe('inventoryUnavailable');
  full.clear();
  expect(await codeOf(service.services.crl(root))).toBe('notFound');
  await service.services.importCrl(admin, root, pem);
  expect(await service.services.crl(root)).toMatchObject({ thisUpdate: now });
});
