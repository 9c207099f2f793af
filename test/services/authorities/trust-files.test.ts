/** The trust files of the home: written when a root is there, and anew by a start where a crash, or somebody, left them other than they must be. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import type { Home } from '../../../src/ports/home.ts';
import { makeCorporateCa, pemOf } from '../../support/external-chain.ts';
import { admin, firstRunService, type ServiceOptions } from '../../support/service-builder.ts';
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
    const detail = await service.services.describeAuthority('corp-issuing');
    if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
    const ca = makeCorporateCa(Math.floor(service.clock.now() / 1000));
    const chainPem = pemOf(ca.sign(detail.csrDer), ca.intermediate);
    await service.services.importAuthority(admin, 'corp-issuing', { chainPem, rootPem: ca.root.pem });
    expect(readFileSync(file('corp'), 'utf8').trim()).toBe(ca.root.pem.trim());
  } finally {
    await service.close();
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
