/** The trust files of the home: written when a root is there, and anew by a start where a crash, or somebody, left them other than they must be. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openHomeDirectory } from '../../../src/adapters/home-directory/home-directory.ts';
import { encodePem } from '../../../src/domain/der/pem.ts';
import type { Home } from '../../../src/ports/home.ts';
import { createTrustFiles } from '../../../src/services/authorities/trust-files.ts';
import { type CorporateCa, makeCorporateCa, pemOf } from '../../support/external-chain.ts';
import { keepingLog } from '../../support/keeping-log.ts';
import { admin, firstRunService, type ServiceOptions, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const home = folder('home');
const file = (environment: string): string => join(home, 'trust', `${environment}.pem`);
const environments = ['system', 'dev', 'staging'];
const all = (): (string | undefined)[] =>
  environments.map((name) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : undefined));
let whole: ReturnType<typeof all>;

async function startOnce(options: Partial<ServiceOptions> = {}): Promise<void> {
  const service = await firstRunService({ home, ...options });
  await service.close();
}

async function importChain({ services }: TestService, ca: CorporateCa): Promise<void> {
  const detail = await services.describeAuthority('corp-issuing');
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  const chainPem = pemOf(ca.sign(detail.csrDer), ca.intermediate);
  await services.importAuthority(admin, 'corp-issuing', { chainPem, rootPem: ca.root.pem });
}

beforeAll(async () => {
  const service = await firstRunService({ home });
  await service.services.createEnvironment(admin, { name: 'staging', hierarchy: 'root' });
  await service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
  await service.close();
  whole = all();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('are written for each environment that has a root, and for none that has not', () => {
  expect(whole.map((text) => text?.match(/-----BEGIN CERTIFICATE-----/g)?.length)).toEqual([1, 1, 1]);
  expect(existsSync(file('corp'))).toBe(false);
});

it('are written anew by a start when they are missing, empty or of others', async () => {
  rmSync(file('staging'));
  writeFileSync(file('dev'), '');
  writeFileSync(file('system'), whole[1]!);
  await startOnce();
  expect(all()).toEqual(whole);
  expect(existsSync(file('corp'))).toBe(false);
});

it('are left alone by a start when they are right, and keep no start from going on when they cannot be written', async () => {
  const written: string[] = [];
  const refusing = (real: Home): Home => ({
    path: real.path,
    exists: (name) => real.exists(name),
    read: (name) => real.read(name),
    freeOctets: () => real.freeOctets(),
    async write(name) {
      written.push(name);
      throw new Error('the disk is full');
    },
    remove: (name) => real.remove(name),
  });
  await startOnce({ wrapHome: (real) => refusing(real) });
  expect(written).toEqual([]);
  rmSync(file('staging'));
  await startOnce({ wrapHome: refusing });
  expect(written).toEqual(['trust/staging.pem']);
});

it('are written with the root of a chain that was imported, before the import is answered; until then who asks for it is told', async () => {
  const service = await firstRunService({ home });
  try {
    const { trustBundle } = service.services;
    const [waits, none] = ['There is no root to trust in corp now', 'There is no environment nowhere'];
    await expect(trustBundle('corp')).rejects.toMatchObject({
      code: 'notFound',
      message: expect.stringContaining(waits),
    });
    await expect(trustBundle('nowhere')).rejects.toMatchObject({
      code: 'notFound',
      message: expect.stringContaining(none),
    });
    const ca = makeCorporateCa(Math.floor(service.clock.now() / 1000));
    await importChain(service, ca);
    expect(readFileSync(file('corp'), 'utf8').trim()).toBe(ca.root.pem.trim());
  } finally {
    await service.close();
  }
});

it('go where nobody is trusted any more, and come back with the root of the replacement', async () => {
  const service = await firstRunService({ home });
  const { services, clock } = service;
  try {
    expect(existsSync(file('corp'))).toBe(true);
    await services.declareCompromise(admin, 'corp-issuing', { reason: 'a laptop was stolen' });
    expect(existsSync(file('corp'))).toBe(false);
    const ca = makeCorporateCa(Math.floor(clock.now() / 1000));
    await importChain(service, ca);
    expect(readFileSync(file('corp'), 'utf8').trim()).toBe(ca.root.pem.trim());
  } finally {
    await service.close();
  }
});

it('hold what is trusted last, although an act that looked before waits longer', async () => {
  const home = folder('turns');
  const opened = await openHomeDirectory(home);
  const roots = [new Uint8Array([0x30, 1, 1]), new Uint8Array([0x30, 1, 2])] as const;
  const first = Promise.withResolvers<readonly Uint8Array[]>();
  const answers = [first.promise, Promise.resolve([roots[1]])];
  const files = createTrustFiles({
    home: opened,
    inventory: {
      environments: async () => [],
      authorities: async () => [],
      generations: async () => [],
      certificateDer: async () => undefined,
    },
    log: keepingLog().log,
    trustBundle: () => answers.shift()!,
  });
  try {
    const acts = [files.update('dev'), files.update('dev')];
    await nextTurn();
    first.resolve([roots[0]]);
    await Promise.all(acts);
    expect(readFileSync(join(home, 'trust', 'dev.pem'), 'utf8')).toBe(encodePem('CERTIFICATE', roots[1]));
  } finally {
    await opened.release();
  }
});

it('are written anew with every root that system has had, as after a restore, which checkpoints of the audit log need', async () => {
  const roots = join(home, 'audit/system-roots.pem');
  expect(existsSync(roots)).toBe(false);
  const service = await firstRunService({ home });
  const first = (await service.directory.get('system')).certificateDer;
  await service.services.startRotation(admin, 'system', {});
  await service.housekeep();
  const reason = 'a drill, and nobody is there';
  for (const state of ['trusted', 'issuing', 'retiring', 'retired']) {
    expect((await service.services.advanceRotation(admin, 'system', { reason })).rotation.state).toBe(state);
  }
  await service.close();
  const before = readFileSync(roots, 'utf8');
  expect(before).toContain(encodePem('CERTIFICATE', first));
  rmSync(roots);
  await startOnce();
  expect(readFileSync(roots, 'utf8')).toBe(before);
});
