/** Says whether the service can do its work, part by part, and what it holds. */

import { reminderDays } from '../domain/alerts/imported-lists.ts';
import { CaError } from '../domain/errors.ts';
import { externalParent } from '../domain/records/external-authority.ts';
import { type Home, leastFreeOctets } from '../ports/home.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Vault } from '../ports/vault.ts';
import type { AuditCheckpoints } from './audit/audit-checkpoints.ts';
import type { AuthorityDirectory } from './authorities/authority-directory.ts';
import type { ExternalDirectory } from './authorities/external-authorities.ts';
import { externalInUse } from './authorities/external-in-use.ts';
import { keyLeftReminder, keysLeft } from './authorities/keys-left.ts';
import { isLost } from './authorities/stand-in-signers.ts';
import type { GuardedClock } from './guard-clock.ts';
import type { SigningMeter } from './metrics/meter-signing.ts';
import type { CrlPublisher } from './revoking/publish-crl.ts';
import type { PublishedCrl } from './revoking/published-crl.ts';
import type { ReadinessPart, Services, StatusView } from './services.ts';
import { homeVault } from './vaults/named-vault.ts';

export interface ReportStatusDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly clock: GuardedClock;
  readonly external: ExternalDirectory;
  readonly crls: CrlPublisher;
  readonly signing: SigningMeter;
  readonly home: Home;
  readonly checkpoints: Pick<AuditCheckpoints, 'problem'>;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** True from the moment the service stops taking new work. */
  readonly stopping: () => boolean;
}

const keptMs = 1000;

/** Anybody may ask and each look costs a durable write, so one answer serves everybody for a second. */
export function createReadiness(deps: ReportStatusDeps): () => Promise<readonly ReadinessPart[]> {
  let kept: { readonly answer: Promise<readonly ReadinessPart[]>; readonly since: number } | undefined;
  return () => {
    const now = deps.clock.monotonic();
    if (!kept || deps.stopping() || now - kept.since >= keptMs) kept = { answer: judge(deps), since: now };
    return kept.answer;
  };
}

async function judge(deps: ReportStatusDeps): Promise<readonly ReadinessPart[]> {
  const crlProblems = deps.crls.problems();
  const failing = deps.signing.failing();
  return [
    await probe('inventory', () => deps.inventory.check()),
    await probe('vault', () => refuseLostKeys(deps.directory)),
    ...furtherVaults(deps),
    part('signer', failing.length > 0 ? `the last signature failed: ${failing.join(', ')}` : undefined),
    await probe('disk', () => refuseFullDisk(deps.home)),
    part('clock', deps.clock.problem()),
    part('crls', crlProblems.length > 0 ? crlProblems.join('; ') : undefined),
    part('audit', deps.checkpoints.problem()),
    part('service', deps.stopping() ? 'the service is stopping' : undefined),
  ];
}

async function refuseLostKeys(directory: AuthorityDirectory): Promise<void> {
  for (const { signer } of await directory.all()) {
    const refusal = isLost(signer) ? signer.refusal?.() : undefined;
    if (refusal) throw refusal;
  }
}

/** The vault of the home is part of the home; the others have lives of their own. */
const furtherVaults = ({ vaults }: ReportStatusDeps): ReadinessPart[] =>
  [...vaults.values()]
    .filter(({ name }) => name !== homeVault)
    .map((vault) => part(`vault ${vault.name}`, vault.problem?.()));

/** Better to be taken out of service while answers still come. */
async function refuseFullDisk(home: Home): Promise<void> {
  const free = await home.freeOctets();
  if (free < leastFreeOctets) {
    throw new CaError('inventoryUnavailable', `only ${Math.floor(free / 1024)} KiB are free under ${home.path}`);
  }
}

export const createStatus =
  (deps: ReportStatusDeps, readiness: Services['readiness']) => async (): Promise<StatusView> => {
    const authorities = [];
    for (const { id, generation, certificate } of await deps.directory.generations()) {
      if (generation.phase === 'retired') continue;
      const crl = await deps.crls.current(id).catch(() => null);
      authorities.push({ name: id, notAfter: certificate.notAfter, crl });
    }
    for (const { external, parsed, crl } of await deps.external.all()) {
      authorities.push({ name: external.name, notAfter: parsed.notAfter, crl });
    }
    return {
      startedAt: deps.startedAt,
      readiness: await readiness(),
      counts: await deps.inventory.counts(),
      authorities,
      reminders: await remindersOf(deps),
    };
  };

const part = (name: string, reason: string | undefined): ReadinessPart =>
  reason === undefined ? { name, ready: true } : { name, ready: false, reason };

/** The reason is a CaError's own safe sentence; anything else only says that it failed. */
async function probe(name: string, act: () => Promise<void>): Promise<ReadinessPart> {
  try {
    await act();
    return part(name, undefined);
  } catch (error) {
    return part(name, error instanceof CaError ? error.message : 'not available');
  }
}

/** What only a person can do: nothing here signs it. */
async function remindersOf({
  inventory,
  directory,
  external,
  clock,
  vaults,
}: ReportStatusDeps): Promise<readonly string[]> {
  const now = Math.floor(clock.now() / 1000);
  const waiting = (await inventory.authorities()).filter(
    ({ parent, certificateSerial }) => parent === externalParent && certificateSerial === null,
  );
  const coming = (await inventory.generations()).filter(
    ({ phase, certificateSerial }) => phase === 'coming' && certificateSerial === null,
  );
  const next = await Promise.all(
    coming.map(async ({ authority, number }) => (await inventory.authorityRequest(authority, number)) && authority),
  );
  const revoked = (await directory.all()).filter(({ revokedBy }) => revokedBy !== null);
  return [
    ...waiting.map(({ name }) => `${name} waits for its certificate: have its CSR signed, and import the chain.`),
    ...next
      .filter((name) => name !== undefined)
      .map((name) => `The next key of ${name} waits for its certificate: have its CSR signed, and import the chain.`),
    ...(await directory.all())
      .filter(({ generation: { isCompromised } }) => isCompromised)
      .map(
        ({ authority: { name } }) =>
          `${name} is compromised and issues nothing until it is replaced: \`authority show ${name}\` says what that waits for.`,
      ),
    ...(await keysLeft({ inventory, vaults })).map(keyLeftReminder),
    ...revoked.map(({ authority, revokedBy }) => `${authority.name} issues nothing: ${revokedBy} revoked it.`),
    ...(await externalInUse({ inventory, external }, now)).flatMap(
      ({ external: { name }, crl }) => listReminder(name, crl, now) ?? [],
    ),
  ];
}

function listReminder(name: string, crl: PublishedCrl | null, now: number): string | undefined {
  if (!crl) return `${name} has no list here: who checks revocation wants one. Import its newest CRL.`;
  const days = reminderDays(crl, now);
  if (days === 0) return `The list of ${name} is over: import its newest CRL now.`;
  return days === null
    ? undefined
    : `The list of ${name} ends within ${days === 1 ? 'a day' : `${days} days`}: import the next CRL.`;
}
