/** The service that is walked over, what its clients were told, and the ways to stop, restart, copy and restore it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { auditGenesisHash } from '../../../src/domain/records/audit-event.ts';
import { chooseNewestLists, type GivenList } from '../../../src/services/backup/newest-lists.ts';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import type { Caller } from '../../../src/services/caller.ts';
import type { CertificateView, Services, Submitted } from '../../../src/services/services.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import type { CorporateCa } from '../../support/external-chain.ts';
import { rawProfile } from '../../support/policy-builders.ts';
import { admin, openService, type TestService } from '../../support/service-builder.ts';
import { type Chance, chanceOf } from './chance.ts';
import { importChain, makeCorporations } from './corporate.ts';
import { type Power, powerOf } from './power.ts';

export interface KnownCertificate {
  readonly serial: string;
  readonly product: string;
  /** Id of the generation that signed it. */
  readonly issuer: string;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly der: Uint8Array;
  /** As it was found last. */
  state: 'good' | 'held' | 'revoked';
}

/** What clients and auditors remember; a restore takes them back to the time of the copy. */
export interface Memory {
  readonly certificates: Map<string, KnownCertificate>;
  readonly tokens: { readonly secret: string; readonly product: string }[];
  readonly requests: { readonly id: string; readonly caller: Caller }[];
  readonly campaigns: string[];
  /** Where the audit chain was verified to. */
  chain: { seq: number; hash: string };
}

export interface World {
  readonly chance: Chance;
  readonly power: Power;
  readonly corporations: readonly CorporateCa[];
  readonly memory: Memory;
  /** Numbers of the lists that were seen, by generation: they go back in no restore. */
  readonly listNumbers: Map<string, bigint>;
  /** Generations that were seen retired: what was revoked of them since is on no list. */
  readonly retired: Set<string>;
  /** Errors that were logged since they were last looked at. */
  readonly logged: string[];
  service(): TestService;
  services(): Services;
  /** Unix seconds. */
  now(): number;
  pass(seconds: number): void;
  remember(submitted: Submitted, caller: Caller): void;
  restart(): Promise<void>;
  copyHome(): Promise<void>;
  /** The copy in place of the home, with all lists that are served; nothing without a copy. */
  restoreCopy(): Promise<void>;
  dispose(): Promise<void>;
}

/** Beside the profiles that each environment begins with. */
export const guardedProfile = (approvals: number) =>
  rawProfile({ name: 'guarded', approvals, extendedKeyUsage: ['serverAuth', 'clientAuth'] });

/** By its id. Of `dev` the issuing authority is below a root, of `solo` the root issues itself, of `corp` the root is elsewhere. */
export function productOf(id: string) {
  const [environment, name] = id.split('/') as [string, string];
  return { environment, name, nameRules: [`.${name}.${environment}`], profiles };
}

export const profiles = ['server', 'client', 'peer', 'guarded'] as const;
export const environments = ['dev', 'solo', 'corp'] as const;

export async function openWorld(seed: number): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-test-'));
  const [home, copy] = [join(folder, 'data'), join(folder, 'copy')];
  mkdirSync(home, { mode: 0o700 });
  const chance = chanceOf(seed);
  const power = powerOf(chance);
  const memory = emptyMemory();
  const logged: string[] = [];
  let copied: Memory | undefined;
  let now = Date.UTC(2026, 5, 1, 12);
  let service = await opened();

  async function opened(): Promise<TestService> {
    power.return();
    power.unseal();
    const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) });
    const { wrapInventory, wrapVault } = power;
    const settings = { archiveAfterDays: 40 };
    const one = await openService({ home, wrapInventory, wrapVault, startAt: now, log, settings });
    await one.recoverUnfinished();
    await one.ensureFirstRun();
    await one.issueServerCertificate();
    return one;
  }

  /** DER of the newest list of each generation that is served. */
  async function allLists(): Promise<GivenList[]> {
    for (let round = 0; round < 2; round++) await service.housekeep().catch(() => undefined);
    const lists: GivenList[] = [];
    for (const { id } of await service.services.listAuthorities()) {
      const list = await service.services.latestCrl(id);
      if (list) lists.push({ file: `mirror/${id}.crl`, content: list.der });
    }
    return lists;
  }

  const world: World = {
    corporations: makeCorporations(Math.floor(now / 1000)),
    ...{ chance, power, memory, logged, listNumbers: new Map(), retired: new Set() },
    service: () => service,
    services: () => service.services,
    now: () => Math.floor(service.clock.now() / 1000),
    pass(seconds) {
      now += seconds * 1000;
      service.pass(seconds);
    },
    remember(submitted, caller) {
      if (submitted.kind === 'certificate') rememberCertificate(memory, submitted.view);
      else if (memory.requests.every(({ id }) => id !== submitted.request.id))
        memory.requests.push({ id: submitted.request.id, caller });
    },
    async restart() {
      power.return();
      await service.close();
      service = await opened();
    },
    async copyHome() {
      power.return();
      await service.close();
      rmSync(copy, { recursive: true, force: true });
      execFileSync('cp', ['-a', home, copy]);
      copied = structuredClone(memory);
      service = await opened();
    },
    async restoreCopy() {
      if (!copied) return;
      power.return();
      power.unseal();
      const given = await allLists();
      await service.close();
      rmSync(home, { recursive: true });
      execFileSync('cp', ['-a', copy, home]);
      await restoreLists(home, given, now);
      takeBack(world, copied);
      service = await opened();
    },
    async dispose() {
      await service.close();
      rmSync(folder, { recursive: true });
    },
  };
  await furnish(world);
  return world;
}

const emptyMemory = (): Memory => ({
  ...{ certificates: new Map(), tokens: [], requests: [], campaigns: [] },
  chain: { seq: 0, hash: auditGenesisHash },
});

function rememberCertificate(memory: Memory, { record, issuer, der }: CertificateView): void {
  const { serial, owner: product, notAfter } = record;
  if (!memory.certificates.has(serial))
    memory.certificates.set(serial, { serial, product, issuer, notAfter, der, state: 'good' });
}

/** As `privyseal restore` does with a backup whose manifest asks for nothing. */
async function restoreLists(home: string, given: readonly GivenList[], now: number): Promise<void> {
  const service = await openService({ home, startAt: now });
  const manifest = backupManifest({ authorities: [] });
  const lists = chooseNewestLists(manifest, { given, withoutCrl: [] });
  const plan = { manifest, lists, withoutCrl: [], keepTokens: true };
  await restoreInventory({ inventory: service.inventory, now, version: '0.1.0' }, plan);
  await service.close();
}

/** To what the copy knew; what lists told besides stays revoked. */
function takeBack({ memory, retired, now }: World, copied: Memory): void {
  for (const [serial, certificate] of memory.certificates) {
    if (!copied.certificates.has(serial)) memory.certificates.delete(serial);
    // No list tells of it: docs/backup.md.
    else if (certificate.notAfter <= now() || retired.has(certificate.issuer)) certificate.state = 'good';
  }
  for (const part of ['tokens', 'requests', 'campaigns'] as const)
    memory[part].splice(0, memory[part].length, ...(copied[part] as never[]));
  memory.chain = copied.chain;
}

async function furnish(world: World): Promise<void> {
  const services = world.services();
  await services.createEnvironment(admin, { name: 'solo', hierarchy: 'root' });
  await services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
  await importChain(world, world.corporations[0]!);
  for (const environment of environments) await services.createProfile(admin, { environment, ...guardedProfile(1) });
  for (const id of ['dev/p0', 'dev/p1', 'solo/p0', 'corp/p0']) {
    const { id: product } = await services.createProduct(admin, productOf(id));
    const { secret } = await services.createToken(admin, { product, uses: null, lifetimeSeconds: 90 * 86_400 });
    world.memory.tokens.push({ secret, product });
  }
}
