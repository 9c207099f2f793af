/** Ends a restore: the inventory of the backup learns what was revoked after it, and its audit log says so. It takes no revocation back. */
import type { BackupManifest } from '../../domain/backup/manifest.ts';
import type { LaterKeys, RestoredList, RestoreReport } from '../../domain/backup/report.ts';
import { clockLimits } from '../../domain/diagnosis/clock-limits.ts';
import { StartError } from '../../domain/errors.ts';
import { outranks } from '../../domain/policy/revocation-reason.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import { type AuthorityGeneration, authorityOfGeneration, generationId } from '../../domain/records/generation.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import type { CrlEntry } from '../../domain/x509/crl.ts';
import { type SubjectPublicKey, verifySignature } from '../../domain/x509/public-key.ts';
import type { Inventory, Restoration, RestoredRevocation } from '../../ports/inventory.ts';
import type { CrlRecord } from '../../ports/revocation-store.ts';
import { skipGenerations } from '../authorities/generation-numbers.ts';
import { collectAll } from '../campaigns/run-campaigns.ts';
import { forgetBegunKeys } from '../vaults/fresh-key.ts';
import { judgeOtherLists, waitingKey } from './judge-other-lists.ts';
import type { ChosenLists, NewestList } from './newest-lists.ts';
import { unlistedIn, waitingIn } from './untold-revocations.ts';

export interface RestoreDeps {
  /** Of the backup, opened by nobody else. */
  readonly inventory: Inventory;
  /** Unix milliseconds. */
  readonly now: number;
  readonly version: string;
}

export interface RestorePlan {
  readonly manifest: BackupManifest;
  readonly lists: ChosenLists;
  readonly withoutCrl: readonly string[];
  readonly keepTokens: boolean;
}

/** StartError `crlUnusable` for a list that its authority did not sign, `clockUnsafe` for a clock behind the backup: nothing was written. */
export async function restoreInventory(
  deps: RestoreDeps,
  plan: RestorePlan,
): Promise<Omit<RestoreReport, 'home' | 'manifest'>> {
  await refuseClockBehind(deps);
  const generations = await deps.inventory.generations();
  const read: ReadList[] = [];
  const { taken, later, aside } = await judgeOtherLists(deps.inventory, plan.lists.others, generations);
  for (const list of [...plan.lists.newest, ...taken]) read.push(await readAgainst(deps, list, generations));
  const givenUp = givenUpSince(read, generations);
  const compromised = givenUp.map((one) => compromisedOf(deps, one));
  await deps.inventory.recordRestoration(restorationOf(deps, plan, { read, later, compromised }));
  for (const { authority, upTo } of later) await skipGenerations(deps.inventory, authority, upTo);
  await forgetBegunKeys(deps.inventory, deps.now);
  const paused = await pauseCampaigns(deps);
  const lists = read.map(({ summary }) => summary);
  const unlisted = await unlistedIn(deps, generations);
  const waiting = await waitingIn(deps, lists, generations);
  const [coming, used] = parted(givenUp);
  const { withoutCrl, keepTokens } = plan;
  return {
    ...{ lists, later, aside, waiting, withoutCrl, unlisted, paused },
    ...{ compromised: used, compromisedComing: coming, tokensEnded: !keepTokens },
  };
}

/** Ids of those that were to come, and of the others. */
function parted(givenUp: readonly GivenUp[]): readonly [string[], string[]] {
  const ids = (isComing: boolean) =>
    givenUp.flatMap(({ generation }) =>
      (generation.phase === 'coming') === isComing ? [generationId(generation)] : [],
    );
  return [ids(true), ids(false)];
}

async function refuseClockBehind({ inventory, now }: RestoreDeps): Promise<void> {
  const latest = await inventory.latestTime();
  if (now >= latest - clockLimits.behindMs) return;
  const [clock, newest] = [new Date(now).toISOString(), new Date(latest).toISOString()];
  throw new StartError(
    'clockUnsafe',
    `The clock says ${clock}, but the backup has an event of ${newest}. Correct the clock.`,
  );
}

/** What one list changes. */
interface ReadList {
  readonly record: CrlRecord;
  readonly revoked: readonly RestoredRevocation[];
  readonly quarantined: Restoration['quarantined'];
  readonly summary: RestoredList;
}

async function readAgainst(
  deps: RestoreDeps,
  list: NewestList,
  generations: readonly AuthorityGeneration[],
): Promise<ReadList> {
  const { authority, crl } = list;
  const { publicKey, subjectDer, notAfter } = await issuerOf(deps, authority, generations);
  const { tbs, signature, signatureAlgorithm: algorithm, crlNumber, thisUpdate, nextUpdate, der } = crl;
  const isOurs = subjectDer === undefined || Buffer.compare(crl.issuer.der, subjectDer) === 0;
  if (!isOurs || !(await verifySignature({ tbs, signature, algorithm, publicKey }))) {
    throw new StartError(
      'crlUnusable',
      `${list.file} was not signed by ${authority}: it was altered, or forged. Use another copy.`,
    );
  }
  const revoked: RestoredRevocation[] = [];
  const quarantined: Restoration['quarantined'][number][] = [];
  for (const entry of crl.entries) {
    const record = await deps.inventory.certificate(entry.serial);
    if (record?.authority !== authorityOfGeneration(authority)) {
      quarantined.push({ ...restored(deps, list, entry, 'certificate.quarantined'), listedUntil: notAfter });
    } else if (saysMore(entry, record)) {
      revoked.push(restored(deps, list, entry, 'certificate.revoked'));
    }
  }
  const counts = { revoked: revoked.length, quarantined: quarantined.length };
  const summary = { authority, crlNumber, thisUpdate, isOver: nextUpdate * 1000 <= deps.now, ...counts };
  return { record: { authority, crlNumber, thisUpdate, nextUpdate, der }, revoked, quarantined, summary };
}

interface GivenUp {
  readonly generation: AuthorityGeneration;
  /** Name of the authority on whose list its certificate is. */
  readonly listedBy: string;
}

/**
 * Generations whose own certificate a list revokes: they were compromised after the backup, and would go on to sign what nobody
 * believes. Of one that is coming, lists tell besides that it was abandoned, which only means that it lacks a certificate; or
 * it had come into force by then, and its key must not come into use.
 */
function givenUpSince(read: readonly ReadList[], generations: readonly AuthorityGeneration[]): readonly GivenUp[] {
  const revoked = new Map(read.flatMap((list) => list.revoked.map((one) => [one.serial, one] as const)));
  return generations.flatMap((generation) => {
    const { phase, isCompromised, certificateSerial } = generation;
    const found = revoked.get(certificateSerial ?? '');
    if (!found || isCompromised || phase === 'abandoned') return [];
    const { reason } = found.revocation;
    const isGivenUp = phase === 'coming' ? reason === 'cACompromise' : reason !== 'certificateHold';
    return isGivenUp ? [{ generation, listedBy: found.authority }] : [];
  });
}

const compromisedOf = (
  { now: at }: RestoreDeps,
  { generation, listedBy }: GivenUp,
): Restoration['compromised'][number] => {
  const id = generationId(generation);
  const details = { generation: id, reason: `its certificate is on the list of ${listedBy}` };
  const object = `authority:${generation.authority}`;
  return { generation: id, audit: { at, kind: 'authority.compromised', actor: 'service', object, details } };
};

/**
 * Operators may have paused them, put them off or given them up after the backup; their time may be over, and what they revoke at the
 * first start nobody brings back. One that the backup caught while its members were recorded gets the others first, for only one
 * that is whole can be paused and resumed. Answers the ids.
 */
async function pauseCampaigns({ inventory, now: at }: RestoreDeps): Promise<readonly string[]> {
  const revoking = (await inventory.campaignsUnderWay()).filter(({ revokeAt }) => revokeAt !== null);
  const clock = { now: () => at };
  for (const campaign of revoking)
    if (campaign.status === 'collecting') await collectAll({ inventory, clock }, campaign);
  const ids = revoking.map(({ id }) => id);
  for (const id of ids) {
    const audit = { at, kind: 'campaign.paused', actor: 'service', object: `campaign:${id}` } as const;
    await inventory.changeCampaign({ id, from: ['running'], to: 'paused', at, audit });
  }
  return ids;
}

interface Issuer {
  readonly publicKey: SubjectPublicKey;
  /** Undefined while nobody has certified the key: that may be under another name than was asked for. */
  readonly subjectDer: Uint8Array | undefined;
  /** Unix seconds. */
  readonly notAfter: number;
}

/** RFC 5280 §4.1.2.5: the last second that a certificate can name. */
const neverEnds = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

async function issuerOf(
  { inventory }: RestoreDeps,
  id: string,
  generations: readonly AuthorityGeneration[],
): Promise<Issuer> {
  const generation = generations.find((one) => generationId(one) === id);
  const publicKey = generation && (await waitingKey(inventory, generation));
  if (publicKey) return { publicKey, subjectDer: undefined, notAfter: neverEnds };
  const serial = generation?.certificateSerial;
  const der = serial ? await inventory.certificateDer(serial) : undefined;
  if (!der) throw new StartError('backupDamaged', `The backup has no certificate of ${id}. Use another backup.`);
  const certificate = parseCertificate(der);
  return {
    publicKey: certificate.publicKey(),
    subjectDer: certificate.subject.der,
    notAfter: certificate.notAfter,
  };
}

/** A list adds to what the backup knows, but takes nothing back. */
const saysMore = (entry: CrlEntry, { revocation }: CertificateRecord): boolean =>
  revocation === null || outranks(entry.reason, revocation.reason);

function restored(
  { now: at }: RestoreDeps,
  { authority, crl }: NewestList,
  entry: CrlEntry,
  kind: 'certificate.revoked' | 'certificate.quarantined',
): RestoredRevocation {
  const { serial, at: revokedAt, reason, invalidityDate } = entry;
  const details = { reason, authority, crlNumber: crl.crlNumber };
  return {
    authority,
    serial,
    revocation: { at: revokedAt, reason, ...(invalidityDate !== undefined && { invalidityDate }) },
    audit: { at, kind, actor: 'service', object: `certificate:${serial}`, details },
  };
}

interface Outcome {
  readonly read: readonly ReadList[];
  readonly later: readonly LaterKeys[];
  readonly compromised: Restoration['compromised'];
}

function restorationOf(deps: RestoreDeps, plan: RestorePlan, { read, later, compromised }: Outcome): Restoration {
  const { manifest } = plan;
  const revoked = read.flatMap((list) => list.revoked);
  const quarantined = read.flatMap((list) => list.quarantined);
  const details = {
    version: deps.version,
    backupCreatedAt: manifest.createdAt,
    backupSeq: manifest.audit.seq,
    backupHash: manifest.audit.hash,
    revoked: revoked.length,
    quarantined: quarantined.length,
    crls: read.map(({ record }) => `${record.authority}:${record.crlNumber}`).join(' '),
    withoutCrl: plan.withoutCrl.join(' '),
    ...(later.length > 0 && { laterKeys: later.map(({ authority, upTo }) => `${authority}:${upTo}`).join(' ') }),
    tokensEnded: !plan.keepTokens,
  };
  return {
    audit: { at: deps.now, kind: 'service.restored', actor: 'service', object: 'service', details },
    revoked,
    quarantined,
    compromised,
    crls: read.map(({ record }) => record),
    tokensEndAt: plan.keepTokens ? null : deps.now,
  };
}
