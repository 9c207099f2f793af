/** What must hold after any acts in any order: a sentence for each thing that does not. */
import { X509Certificate } from 'node:crypto';
import { parseOcspResponse } from '../../../src/domain/ocsp/read-response.ts';
import { auditChainHash, canonicalAuditEvent } from '../../../src/domain/records/audit-event.ts';
import { type CertificateRecord, certificateStatus } from '../../../src/domain/records/certificate.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { parseCrl } from '../../../src/domain/x509/read-crl.ts';
import type { AuthorityView } from '../../../src/services/authorities/authority-services.ts';
import { encodeCertId, encodeOcspRequest } from '../../support/ocsp-request.ts';
import { admin } from '../../support/service-builder.ts';
import { environments, type KnownCertificate, type World } from './world.ts';

type Complain = (sentence: string) => void;

/** An authority that is compromised signs nothing, and is not believed; of one that was made to retire only the last list is there. */
interface Issuers {
  readonly views: ReadonlyMap<string, AuthorityView>;
  /** Serials on the list of each generation. */
  readonly listed: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function findingsOf(world: World): Promise<readonly string[]> {
  const found: string[] = [];
  const complain: Complain = (sentence) => void found.push(sentence);
  world.power.unseal();
  world.logged.splice(0);
  await keepHouse(world, complain);
  await judgeReadiness(world, complain);
  const issuers = await judgeLists(world, complain);
  await judgeCertificates(world, issuers, complain);
  await judgeCounts(world, complain);
  await judgeCampaigns(world, complain);
  await judgeAuditLog(world, complain);
  await world.services().collectMetrics();
  for (const line of world.logged) complain(`logged: ${line}`);
  return found;
}

/** Whatever is tried again is tried within half a minute (services/audit/audit-key.ts). */
async function keepHouse(world: World, complain: Complain): Promise<void> {
  const rounds = 4;
  for (let round = 1; round <= rounds; round++) {
    await world
      .service()
      .housekeep()
      .catch((error: Error) => round === rounds && complain(`the housekeeping fails: ${error.stack}`));
    world.pass(10);
  }
}

async function judgeReadiness(world: World, complain: Complain): Promise<void> {
  for (const { name, ready, reason } of await world.services().readiness())
    if (!ready) complain(`${name} is not ready: ${reason}`);
  const { inventory, clock } = world.service();
  for (const { serial } of await inventory.unfinishedIntents(clock.now() - 120_000))
    complain(`the intent ${serial} is open for two minutes`);
}

async function judgeLists(world: World, complain: Complain): Promise<Issuers> {
  const views = new Map<string, AuthorityView>();
  const listed = new Map<string, ReadonlySet<string>>();
  for (const view of await world.services().listAuthorities()) {
    const { id, generation } = view;
    views.set(id, view);
    if (generation.phase === 'retired') world.retired.add(id);
    if (generation.phase === 'coming') continue;
    const list = await world.services().crl(id);
    if (list.nextUpdate <= world.now() && generation.phase !== 'retired') complain(`the list of ${id} is over`);
    if ((world.listNumbers.get(id) ?? 0n) > list.crlNumber!)
      complain(`the list of ${id} went back to number ${list.crlNumber}`);
    world.listNumbers.set(id, list.crlNumber!);
    listed.set(id, new Set(parseCrl(list.der).entries.map(({ serial }) => serial)));
  }
  return { views, listed };
}

const states = { valid: 'good', expired: 'good', held: 'held', revoked: 'revoked', pending: 'revoked' } as const;

async function judgeCertificates(world: World, issuers: Issuers, complain: Complain): Promise<void> {
  const roots = new Map<string, readonly X509Certificate[]>();
  for (const environment of environments) roots.set(environment, await rootsOf(world, environment));
  for (const known of world.memory.certificates.values()) {
    const record = await world.service().inventory.certificate(known.serial);
    if (!record) {
      complain(`${known.serial} is lost`);
      continue;
    }
    const state = states[certificateStatus(record, world.now())];
    if (known.state === 'revoked' && state !== 'revoked') complain(`${known.serial} came back to life`);
    known.state = state;
    if (known.notAfter <= world.now()) continue;
    judgeListed(known, issuers, complain);
    await judgeOcsp(world, known, issuers, complain);
    await judgeChain(world, { known, roots: roots.get(known.product.split('/')[0]!)!, issuers }, complain);
  }
}

/** None where a root is compromised and not replaced yet. */
const rootsOf = async (world: World, environment: string): Promise<readonly X509Certificate[]> =>
  (
    await world
      .services()
      .trustBundle(environment)
      .catch(() => [])
  ).map((der) => new X509Certificate(der));

function judgeListed(
  { serial, issuer, state }: KnownCertificate,
  { views, listed }: Issuers,
  complain: Complain,
): void {
  if (views.get(issuer)?.generation.phase === 'retired') return;
  const list = listed.get(issuer);
  if (!list) complain(`nobody serves a list of ${issuer}, which issued ${serial}`);
  else if (list.has(serial) !== (state !== 'good'))
    complain(`${serial} is ${state}, and the list of ${issuer} says otherwise`);
}

async function judgeOcsp(world: World, known: KnownCertificate, { views }: Issuers, complain: Complain): Promise<void> {
  const { serial, issuer, state } = known;
  const view = views.get(issuer);
  if (!view || !world.chance.happens(0.2)) return;
  const { subject, spkiDer } = parseCertificate(view.certificateDer);
  const asked = encodeOcspRequest([encodeCertId({ subjectDer: subject.der, key: { spkiDer } }, serial)]);
  const answer = parseOcspResponse((await world.services().answerOcsp(issuer, asked)).der);
  const said = typeof answer === 'string' ? answer : answer.statuses[0]!.status;
  if (said !== (state === 'good' ? 'good' : 'revoked')) complain(`OCSP says ${said} of ${serial}, which is ${state}`);
}

interface Chained {
  readonly known: KnownCertificate;
  readonly roots: readonly X509Certificate[];
  readonly issuers: Issuers;
}

async function judgeChain(world: World, { known, roots, issuers }: Chained, complain: Complain): Promise<void> {
  const generation = issuers.views.get(known.issuer)?.generation;
  const isBelieved = known.state === 'good' && generation?.phase !== 'retired' && !generation?.isCompromised;
  if (!isBelieved || !world.chance.happens(0.3)) return;
  const { chainDer } = await world.services().readCertificate(admin, known.serial);
  const path = [known.der, ...chainDer].map((der) => new X509Certificate(der));
  const signed = (child: X509Certificate, by: X509Certificate): boolean =>
    child.checkIssued(by) && child.verify(by.publicKey);
  const end = path.findIndex((child) => roots.some((root) => signed(child, root)));
  const isWhole = path.slice(0, Math.max(end, 0)).every((child, index) => signed(child, path[index + 1]!));
  if (end === -1 || !isWhole)
    complain(`${known.serial} of ${known.issuer} is good, and has no chain to one of ${roots.length} roots`);
}

const most = 1000;

async function judgeCounts(world: World, complain: Complain): Promise<void> {
  const { inventory } = world.service();
  while (await inventory.catchUp(world.now()));
  const { total } = await world.services().summarizeInventory();
  const all = await inventory.searchCertificates({ sort: 'requestedAt', limit: most, now: world.now() });
  for (const record of all) await judgeFollowing(world, record, complain);
  if (all.length === most) return;
  for (const [status, count] of Object.entries(total)) {
    const found = all.filter((record) => certificateStatus(record, world.now()) === status).length;
    if (found !== count) complain(`the summary counts ${count} ${status}, and there are ${found}`);
  }
}

async function judgeFollowing(
  world: World,
  { serial, successor }: CertificateRecord,
  complain: Complain,
): Promise<void> {
  const next = successor === null ? undefined : await world.service().inventory.certificate(successor);
  if (successor !== null && next?.predecessor !== serial)
    complain(`${successor} is the successor of ${serial}, and follows ${next?.predecessor}`);
}

async function judgeCampaigns(world: World, complain: Complain): Promise<void> {
  for (const id of world.memory.campaigns) {
    const { campaign, progress } = await world.services().readCampaign(id);
    const { items } = await world.services().listCampaignMembers(id, { limit: most });
    if (items.length !== campaign.members)
      complain(`campaign ${id} has ${campaign.members}, and lists ${items.length}`);
    for (const state of ['waiting', 'overdue', 'rotated', 'proved', 'failed'] as const) {
      const found = items.filter((item) => item.state === state).length;
      if (found !== progress[state]) complain(`campaign ${id} counts ${progress[state]} ${state}, and lists ${found}`);
    }
  }
}

async function judgeAuditLog({ memory, service }: World, complain: Complain): Promise<void> {
  for (;;) {
    const events = await service().inventory.auditEvents(memory.chain.seq, most);
    for (const { seq, previousHash, hash, ...entry } of events) {
      const { seq: last, hash: lastHash } = memory.chain;
      const expected = auditChainHash(lastHash, canonicalAuditEvent(seq, entry));
      if (seq !== last + 1 || previousHash !== lastHash || hash !== expected)
        complain(`audit event ${seq} breaks the chain`);
      memory.chain = { seq, hash };
    }
    if (events.length < most) return;
  }
}
