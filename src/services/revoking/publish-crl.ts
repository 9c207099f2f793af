/** Builds, guards, publishes and serves the CRL of each generation of an authority (RFC 5280 §5): kept bytes, numbers that only grow. */
import { CaError } from '../../domain/errors.ts';
import { authorityOfGeneration } from '../../domain/records/generation.ts';
import { encodeCrlEntry, encodeTbsCertList, parseCrl } from '../../domain/x509/crl.ts';
import { assembleSigned } from '../../domain/x509/signed.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { CrlRecord, RevokedEntry } from '../../ports/revocation-store.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import { isLost } from '../authorities/stand-in-signers.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { type PublishedCrl, publishedOf } from './published-crl.ts';
import type { RevocationNews } from './revocation-news.ts';

export interface PublishCrlDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
  readonly news: RevocationNews;
  readonly log: Log;
  /** nextUpdate - thisUpdate of each list. */
  readonly crlLifetimeSeconds: number;
}

export interface CrlPublisher {
  /** The list to serve now, of a generation by its id; builds one when there is none or the last is past half its life. */
  current(generation: string): Promise<PublishedCrl>;
  /** Signs the last list of a generation: good until `nextUpdate` (Unix seconds), and never replaced once it is retired. */
  publishLast(generation: string, nextUpdate: number): Promise<void>;
  /** Rebuilds what revocations made stale and what its schedule makes due; failures are logged and tried again. */
  refreshDue(): Promise<void>;
  /** Generations whose list is past half its life or could not be built, with the reason. */
  problems(): readonly string[];
  /** Generations whose list is past half its life. */
  lateAuthorities(): readonly string[];
}

interface Shelf {
  published?: PublishedCrl;
  /** Serials on the published list with their notAfter, to notice one that vanishes. */
  listed: Map<string, number>;
  /** Set by a revocation, cleared when a build that began later succeeds. */
  stale: boolean;
  building: Promise<PublishedCrl> | undefined;
  failure: string | undefined;
  readonly encoded: Map<string, Uint8Array>;
  /** Serials whose revocation changed while a list was being built from what was read before. */
  readonly changed: Set<string>;
  /** End of the issuer's certificate, Unix seconds: no list is good after it. */
  issuerEnds: number;
  /** Nobody signs another one. */
  isLast: boolean;
  /** The last one was signed, which the generation does not show before its key ends. */
  hasLast: boolean;
}

export function createCrlPublisher(deps: PublishCrlDeps): CrlPublisher {
  const shelves = new Map<string, Shelf>();

  const shelfOf = async (name: string): Promise<Shelf> => {
    const kept = shelves.get(name);
    if (kept) return kept;
    const record = await deps.inventory.latestCrl(name);
    // Another caller may have made the shelf while this one was reading.
    const shelf = shelves.get(name) ?? openShelf(record);
    shelves.set(name, shelf);
    return shelf;
  };

  deps.news.onChange(({ authority, serial }) => {
    for (const [generation, shelf] of shelves) {
      if (authorityOfGeneration(generation) !== authority) continue;
      shelf.stale = true;
      shelf.encoded.delete(serial);
      if (shelf.building) shelf.changed.add(serial);
    }
  });

  const nowSeconds = (): number => Math.floor(deps.clock.now() / 1000);
  /** Past this share of its life, while another list would be good for longer. */
  const isPast = (share: number, { issuerEnds }: Shelf, { thisUpdate, nextUpdate }: PublishedCrl): boolean => {
    const now = nowSeconds();
    if (nextUpdate === issuerEnds && now < issuerEnds) return false;
    return now > thisUpdate + (nextUpdate - thisUpdate) * share;
  };
  /** On schedule well before half of its life, so that a signer has time to come back. */
  const isDue = (shelf: Shelf): boolean => shelf.stale || !shelf.published || isPast(1 / 3, shelf, shelf.published);

  const isLate = (shelf: Shelf): boolean =>
    !shelf.isLast && shelf.published !== undefined && isPast(1 / 2, shelf, shelf.published);

  const rebuild = (name: string, shelf: Shelf, nextUpdate?: number): Promise<PublishedCrl> => {
    shelf.building ??= build(deps, name, shelf, nextUpdate)
      .catch((error: unknown) => {
        shelf.failure = error instanceof Error ? error.message : 'unknown failure';
        deps.log.error({ err: error, authority: name }, 'the CRL could not be published; trying again');
        throw error;
      })
      .finally(() => {
        shelf.building = undefined;
        // This build may have encoded them as they were.
        for (const serial of shelf.changed) shelf.encoded.delete(serial);
        shelf.changed.clear();
      });
    return shelf.building;
  };

  return {
    async current(generation) {
      const issuer = await deps.directory.generation(generation);
      const shelf = await shelfOf(generation);
      shelf.issuerEnds = issuer.certificate.notAfter;
      const { published } = shelf;
      if (published && (shelf.hasLast || isOver(issuer) || !isPast(1 / 2, shelf, published))) return published;
      try {
        return await rebuild(generation, shelf);
      } catch (error) {
        // A list that is still valid beats none while the signer is away; readiness names it.
        if (shelf.published && nowSeconds() < shelf.published.nextUpdate) return shelf.published;
        throw error;
      }
    },
    async publishLast(generation, nextUpdate) {
      const shelf = await shelfOf(generation);
      while (shelf.building) await shelf.building.catch(() => undefined);
      await rebuild(generation, shelf, nextUpdate);
      shelf.hasLast = true;
    },
    async refreshDue() {
      for (const issuer of await deps.directory.generations()) {
        const { id } = issuer;
        const shelf = await shelfOf(id);
        shelf.issuerEnds = issuer.certificate.notAfter;
        shelf.isLast = shelf.hasLast || isOver(issuer);
        if (!shelf.isLast && isDue(shelf)) await rebuild(id, shelf).catch(() => undefined);
      }
    },
    lateAuthorities: () => [...shelves].filter(([, shelf]) => isLate(shelf)).map(([name]) => name),
    problems() {
      const late = [...shelves].filter(([, shelf]) => isLate(shelf) || (!shelf.isLast && shelf.failure));
      return late.map(([name, { failure }]) => `${name}: ${failure ?? 'past half its life'}`);
    },
  };
}

function openShelf(record: CrlRecord | undefined): Shelf {
  const listed = new Map<string, number>();
  for (const { serial } of record ? parseCrl(record.der).entries : []) listed.set(serial, Number.POSITIVE_INFINITY);
  return {
    ...(record && { published: publishedOf(record) }),
    listed,
    // A revocation may have been recorded after the last list and before the stop.
    stale: true,
    building: undefined,
    failure: undefined,
    encoded: new Map(),
    changed: new Set(),
    issuerEnds: Number.POSITIVE_INFINITY,
    isLast: false,
    hasLast: false,
  };
}

/**
 * Nothing signs for it any more: it is retired to the end, or compromised and without its key. One whose retirement was cut short
 * before its last list goes on with lists of the usual life.
 */
const isOver = ({ generation, signer }: ActiveAuthority): boolean =>
  (generation.phase === 'retired' && (generation.responder !== null || generation.keyDestroyedAt !== null)) ||
  (generation.isCompromised && isLost(signer));

async function build(deps: PublishCrlDeps, name: string, shelf: Shelf, nextUpdate?: number): Promise<PublishedCrl> {
  deps.clock.assertSafe();
  const issuer = await deps.directory.generation(name);
  shelf.stale = false;
  try {
    const thisUpdate = Math.floor(deps.clock.now() / 1000);
    // RFC 5280 §3.3: an entry stays until it was on one scheduled list after its certificate expired.
    const entries = await deps.inventory.revokedEntries(name, thisUpdate - deps.crlLifetimeSeconds);
    await refuseVanished(deps, shelf, entries, thisUpdate);
    const until = nextUpdate ?? endOfList(thisUpdate, deps.crlLifetimeSeconds, issuer.certificate.notAfter);
    const record = await signList(issuer, { shelf, entries, thisUpdate, nextUpdate: until });
    const at = deps.clock.now();
    const details = { crlNumber: record.crlNumber, entries: entries.length };
    await deps.inventory.recordCrl(record, {
      at,
      kind: 'crl.published',
      actor: 'service',
      object: `authority:${name}`,
      details,
    });
    shelf.listed = new Map(entries.map(({ serial, notAfter }) => [serial, notAfter]));
    for (const serial of shelf.encoded.keys()) if (!shelf.listed.has(serial)) shelf.encoded.delete(serial);
    shelf.published = publishedOf(record);
    shelf.failure = undefined;
    return shelf.published;
  } catch (error) {
    shelf.stale = true;
    throw error;
  }
}

/** Nobody believes a list when its issuer's certificate is over; those made then only show that entries may go. */
const endOfList = (thisUpdate: number, lifetimeSeconds: number, issuerEnds: number): number =>
  thisUpdate < issuerEnds ? Math.min(thisUpdate + lifetimeSeconds, issuerEnds) : thisUpdate + lifetimeSeconds;

interface ListContent {
  readonly shelf: Shelf;
  readonly entries: readonly RevokedEntry[];
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

async function signList(issuer: ActiveAuthority, content: ListContent): Promise<CrlRecord> {
  const { shelf, entries, thisUpdate, nextUpdate } = content;
  // Numbers follow the clock, so that they grow even past a restored backup (RFC 5280 §5.2.3).
  const crlNumber = Math.max(Number(shelf.published?.crlNumber ?? 0) + 1, thisUpdate);
  const tbs = encodeTbsCertList({
    signatureAlgorithm: issuer.signer.algorithm,
    issuerDer: issuer.facts.subjectDer,
    thisUpdate,
    nextUpdate,
    entries: await encodeEntries(shelf, entries),
    crlNumber,
    authorityKeyIdentifier: issuer.facts.subjectKeyIdentifier,
  });
  const der = assembleSigned(tbs, issuer.signer.algorithm, await issuer.signer.sign(tbs));
  return { authority: issuer.id, crlNumber, thisUpdate, nextUpdate, der };
}

const entriesPerTurn = 2000;

/** Entries are encoded once and kept; a long list is encoded in turns, so that the event loop stays free. */
async function encodeEntries(shelf: Shelf, entries: readonly RevokedEntry[]): Promise<readonly Uint8Array[]> {
  const encoded: Uint8Array[] = [];
  for (const [index, entry] of entries.entries()) {
    let der = shelf.encoded.get(entry.serial);
    if (!der) {
      der = encodeCrlEntry(entry);
      shelf.encoded.set(entry.serial, der);
    }
    encoded.push(der);
    if (index % entriesPerTurn === entriesPerTurn - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return encoded;
}

/** Never publish a list from which an unexpired entry vanished, unless its hold was released. */
async function refuseVanished(
  deps: PublishCrlDeps,
  shelf: Shelf,
  entries: readonly RevokedEntry[],
  thisUpdate: number,
): Promise<void> {
  const present = new Set(entries.map(({ serial }) => serial));
  for (const [serial, notAfter] of shelf.listed) {
    if (present.has(serial) || notAfter < thisUpdate) continue;
    const record = await deps.inventory.certificate(serial);
    const released = record?.state === 'issued' && record.revocation === null;
    if (released || (record && record.notAfter < thisUpdate)) continue;
    throw new CaError(
      'conflict',
      `The revoked certificate ${serial} vanished from the inventory; the list is not published.`,
    );
  }
}
