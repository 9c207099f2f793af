/** The vaults in use, and the check of one: a probe signed with the key of each generation of its authorities, verified and timed. */
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Vault } from '../../ports/vault.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { noSuch } from '../no-such.ts';
import { findVaultFault, vaultFaultOf } from './find-vault-fault.ts';
import { type OpenKey, openKeyOf, signProbe } from './probed-key.ts';
import type { KeyCheck, VaultCheck, VaultServices, VaultView } from './vault-services.ts';

export interface CheckVaultDeps {
  readonly inventory: Inventory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly clock: GuardedClock;
  /** Where the keys of new authorities are made. */
  readonly authorityKeys: { readonly vault: string };
}

export const createVaultServices = (deps: CheckVaultDeps): VaultServices => ({
  listVaults: () => list(deps),
  checkVault: (caller, name) => check(deps, caller, name),
});

/** Also those that authorities name and nobody configured: what they hold cannot be used. */
async function list(deps: CheckVaultDeps): Promise<readonly VaultView[]> {
  const generations = await living(deps);
  const names = new Set([...deps.vaults.keys(), ...generations.map(({ vault }) => vault)]);
  return Promise.all(
    [...names].sort().map(async (name) => {
      const held = generations.filter(({ vault }) => vault === name);
      return {
        name,
        configured: deps.vaults.has(name),
        fault: await findVaultFault(deps.vaults, name, held),
        takesNewAuthorities: deps.authorityKeys.vault === name,
        authorities: [...new Set(held.map(({ authority }) => authority))],
      };
    }),
  );
}

/** Those whose keys may still sign something; by authority and number. */
async function living({ inventory }: CheckVaultDeps): Promise<readonly AuthorityGeneration[]> {
  const generations = (await inventory.generations()).filter(({ keyDestroyedAt }) => keyDestroyedAt === null);
  const order = ({ authority, number }: AuthorityGeneration): string =>
    `${authority} ${String(number).padStart(9, '0')}`;
  return generations.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

async function check(deps: CheckVaultDeps, caller: Caller, name: string): Promise<VaultCheck> {
  const generations = (await living(deps)).filter(({ vault }) => vault === name);
  if (generations.length === 0 && !deps.vaults.has(name)) throw noSuch('vault', name);
  const fault = await findVaultFault(deps.vaults, name, generations);
  const keys: KeyCheck[] = [];
  // One key after the other, so that none is measured in the crowd of another.
  for (const generation of generations) keys.push(await checkKey(deps, generation));
  const at = deps.clock.now();
  const failed = keys.filter(({ fault }) => fault !== null).length;
  const details = { keys: keys.length, failed };
  await deps.inventory.appendAudit({
    ...{ at, kind: 'vault.checked', actor: actorOf(caller), object: `vault:${name}`, details },
    ...((failed > 0 || fault) && { code: 'signerUnavailable' as const }),
  });
  return { name, checkedAt: at, fault, keys };
}

/** Signatures one by one for the latency, then so many side by side for the rate; each loop ends after its second. */
const alone = { width: 1, atMost: 8, ms: 1000 };
const crowd = { width: 16, atMost: 64, ms: 1000 };

async function checkKey(deps: CheckVaultDeps, generation: AuthorityGeneration): Promise<KeyCheck> {
  const { authority, number, vaultKey, keyType, signatureAlgorithm } = generation;
  const facts = { authority, generation: number, key: vaultKey, keyType, signatureAlgorithm };
  try {
    const key = await openKeyOf(deps, generation);
    const probes = { made: 0 };
    const single = await signMany(deps, key, { ...alone, probes });
    const many = await signMany(deps, key, { ...crowd, probes });
    return {
      ...facts,
      fault: null,
      ...latencies(single.latenciesMs),
      signaturesPerSecond: many.perSecond === null ? null : toThousandth(many.perSecond),
    };
  } catch (error) {
    return { ...facts, fault: vaultFaultOf(error), latencyMs: null, slowestMs: null, signaturesPerSecond: null };
  }
}

interface Load {
  readonly width: number;
  readonly atMost: number;
  readonly ms: number;
  readonly probes: { made: number };
}

async function signMany({ clock }: CheckVaultDeps, key: OpenKey, { width, atMost, ms, probes }: Load) {
  const latenciesMs: number[] = [];
  const startedAt = clock.monotonic();
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < atMost && clock.monotonic() - startedAt < ms) {
      begun++;
      const begunAt = clock.monotonic();
      await signProbe(key, probes.made++);
      latenciesMs.push(clock.monotonic() - begunAt);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  const seconds = (clock.monotonic() - startedAt) / 1000;
  return { latenciesMs, perSecond: seconds > 0 ? latenciesMs.length / seconds : null };
}

function latencies(ms: readonly number[]): { latencyMs: number; slowestMs: number } {
  const sorted = ms.toSorted((a, b) => a - b);
  return {
    latencyMs: toThousandth(sorted[Math.floor(sorted.length / 2)] ?? 0),
    slowestMs: toThousandth(sorted.at(-1) ?? 0),
  };
}

const toThousandth = (value: number): number => Math.round(value * 1000) / 1000;
