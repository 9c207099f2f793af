/** Ends a generation: a last list and a last OCSP responder to the end of its last certificate, then its key is destroyed. */
import { CaError, reworded } from '../../domain/errors.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import { generationId } from '../../domain/records/generation.ts';
import { hasTimeLeft } from '../../domain/rotation/authority-steps.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Vault, VaultKey } from '../../ports/vault.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueServiceCertificate } from '../issuing/issue-service-certificate.ts';
import type { CrlPublisher } from '../revoking/publish-crl.ts';
import { createFreshKey } from '../vaults/fresh-key.ts';
import { homeVault, vaultNamed } from '../vaults/named-vault.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';

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
  const found = await find(deps, before);
  // What others put in its place is theirs.
  if (found === 'another') return recordDestroyed(deps, before, actor);
  // Destroyed, but not recorded as that: everything before it was done. One that cannot be used signs no last list.
  if (found !== 'ours') return destroyKey(deps, before, actor);
  const until = await lastEnd(deps, before);
  // The list first: what cannot sign it is to leave no key of a responder behind.
  await deps.crls.publishLast(id, until);
  // After the end of its own certificate nobody asks for what it signed.
  const isAsked = hasTimeLeft(before.certificate.notAfter, deps.clock.now() / 1000);
  if (before.generation.responder === null && isAsked) await makeResponder(deps, before, { until, actor });
  await destroyKey(deps, before, actor);
}

type Found = 'ours' | 'unusable' | 'another' | 'none';

/** Asked for by its name: the settings may keep it off the list of its vault. */
async function find(
  { vaults }: Pick<RetireDeps, 'vaults'>,
  { authority, parsed }: Pick<ActiveAuthority, 'authority' | 'parsed'>,
): Promise<Found> {
  try {
    const { publicKeyDer } = await vaultNamed(vaults, authority.vault).key(authority.vaultKey);
    return Buffer.compare(publicKeyDer, parsed.spkiDer) === 0 ? 'ours' : 'another';
  } catch (error) {
    if (error instanceof CaError && error.code === 'notFound') return 'none';
    if (error instanceof CaError && error.code === 'policyRefused') return 'unusable';
    throw error;
  }
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
  const { vault, key } = await responderKey(deps, before);
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
  const responder = { vault, vaultKey: key.name, certificateSerial: record.serial };
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
  // Asked again, the retirement goes on with this one.
  deps.directory.forget();
}

/** Beside the key of the generation; where that vault makes no keys, in the one of the home, for it signs nothing but answers. */
async function responderKey(
  deps: RetireDeps,
  { authority }: ActiveAuthority,
): Promise<{ readonly vault: string; readonly key: VaultKey }> {
  const wanted = { purpose: `${authority.name}.ocsp`, keyType: 'ec-p256' } as const;
  const madeIn = async (vault: string) => ({ vault, key: await createFreshKey(deps, { ...wanted, vault }) });
  try {
    return await madeIn(authority.vault);
  } catch (error) {
    const isRefused =
      error instanceof CaError && (error.code === 'signerUnavailable' || error.code === 'policyRefused');
    if (!isRefused || authority.vault === homeVault) throw error;
    return madeIn(homeVault);
  }
}

/** Also takes the key of a generation that was abandoned. A key that is gone already is as good. */
export async function destroyKey(
  deps: Pick<RetireDeps, 'inventory' | 'vaults' | 'clock' | 'directory'>,
  { authority, generation }: Pick<ActiveAuthority, 'authority' | 'generation'>,
  actor: string,
): Promise<void> {
  await vaultNamed(deps.vaults, authority.vault).destroyKey(authority.vaultKey).catch(toleratedLoss(authority));
  await recordDestroyed(deps, { authority, generation }, actor);
}

async function recordDestroyed(
  deps: Pick<RetireDeps, 'inventory' | 'clock' | 'directory'>,
  { authority, generation }: Pick<ActiveAuthority, 'authority' | 'generation'>,
  actor: string,
): Promise<void> {
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

/** A vault that lets nobody but its own operators remove keys: they do it, and the act is completed by asking again. */
const toleratedLoss =
  ({ vault, vaultKey }: ActiveAuthority['authority']) =>
  (error: unknown): void => {
    if (!(error instanceof CaError)) throw error;
    if (error.code === 'notFound') return;
    if (error.code !== 'signerUnavailable' && error.code !== 'policyRefused') throw error;
    const says = `The key ${vaultKey} in the vault ${vault} is not used any more, and could not be destroyed: ${error.message}`;
    throw reworded(error, `${says} Remove it there, or let the service do it, and ask again.`);
  };
