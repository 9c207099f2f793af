/** Ends a generation: a last list and a last OCSP responder to the end of its last certificate, then its key is destroyed. */
import { CaError } from '../domain/errors.ts';
import { recipes } from '../domain/policy/service-profiles.ts';
import { generationId } from '../domain/records/generation.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Vault } from '../ports/vault.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import type { GuardedClock } from './guard-clock.ts';
import type { IssueServiceCertificate } from './issue-service-certificate.ts';
import { vaultNamed } from './named-vault.ts';
import type { CrlPublisher } from './publish-crl.ts';

export interface RetireDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issueServiceCertificate: IssueServiceCertificate;
  readonly crls: Pick<CrlPublisher, 'publishLast'>;
}

/** Of a generation whose phase is `retired` already: nothing else signs with its key any more. Repeated, it goes on where it was. */
export async function finishRetiring(deps: RetireDeps, id: string, actor: string): Promise<void> {
  const before = await deps.directory.generation(id);
  if (before.generation.keyDestroyedAt !== null) return;
  // Destroyed, but not recorded as that: everything before it was done.
  if (!(await isHeld(deps, before))) return destroyKey(deps, before, actor);
  const until = await lastEnd(deps, before);
  if (before.generation.responder === null) await makeResponder(deps, before, { until, actor });
  await deps.crls.publishLast(id, until);
  await destroyKey(deps, before, actor);
}

async function isHeld(deps: RetireDeps, before: ActiveAuthority): Promise<boolean> {
  const keys = await vaultNamed(deps.vaults, before.authority.vault).listKeys();
  return keys.some(({ name }) => name === before.authority.vaultKey);
}

/** Unix seconds: when the last certificate that it signed for somebody else ends, and a list's life later at the earliest. */
async function lastEnd({ inventory, clock }: RetireDeps, { certificate }: ActiveAuthority): Promise<number> {
  const now = Math.floor(clock.now() / 1000);
  const query = { issuerSerial: certificate.serial, sort: '-notAfter', limit: 2, now } as const;
  const newest = (await inventory.searchCertificates(query)).find(({ serial }) => serial !== certificate.serial);
  return Math.max(newest?.notAfter ?? 0, now + day);
}

const day = 86_400;

/** RFC 6960 §4.2.2.2: only the generation itself can certify who answers for it, so that is done while it can. */
async function makeResponder(
  deps: RetireDeps,
  before: ActiveAuthority,
  { until, actor }: { readonly until: number; readonly actor: string },
): Promise<void> {
  const { authority, generation, id, certificate } = before;
  const suffix = Buffer.from(deps.randomness.bytes(4)).toString('hex');
  const key = await vaultNamed(deps.vaults, before.authority.vault).createKey(
    `${authority.name}.ocsp.${suffix}`,
    'ec-p256',
  );
  const now = Math.floor(deps.clock.now() / 1000);
  const { record } = await deps.issueServiceCertificate({
    recipe: recipes.lastOcspResponder,
    issuer: before,
    owner: authority.name,
    publicKeyDer: key.publicKeyDer,
    commonName: `${id} OCSP responder`,
    names: [],
    lifetimeSeconds: Math.min(until, certificate.notAfter) - now,
    requestedBy: actor,
  });
  const responder = { vaultKey: key.name, certificateSerial: record.serial };
  await deps.inventory.markGeneration({
    authority: authority.name,
    number: generation.number,
    responder,
    audit: {
      at: deps.clock.now(),
      kind: 'authority.certified',
      actor,
      object: `authority:${authority.name}`,
      details: { generation: id, kind: 'lastOcspResponder', serial: record.serial },
    },
  });
}

/** Also takes the key of a generation that was abandoned. A key that is gone already is as good. */
export async function destroyKey(
  deps: Pick<RetireDeps, 'inventory' | 'vaults' | 'clock' | 'directory'>,
  { authority, generation }: Pick<ActiveAuthority, 'authority' | 'generation'>,
  actor: string,
): Promise<void> {
  await vaultNamed(deps.vaults, authority.vault)
    .destroyKey(authority.vaultKey)
    .catch((error: unknown) => {
      if (!(error instanceof CaError && error.code === 'notFound')) throw error;
    });
  const at = deps.clock.now();
  const details = { generation: generationId(generation), vault: authority.vault, vaultKey: authority.vaultKey };
  await deps.inventory.markGeneration({
    authority: authority.name,
    number: generation.number,
    keyDestroyedAt: at,
    audit: { at, kind: 'authority.keyDestroyed', actor, object: `authority:${authority.name}`, details },
  });
  deps.directory.forget();
}
