/** Publishes and serves the CRL of each generation of an authority (RFC 5280 §5): kept bytes, numbers that only grow. */
import { CaError, type CaErrorCode } from '../../domain/errors.ts';
import { authorityOfGeneration } from '../../domain/records/generation.ts';
import type { Log } from '../../ports/log.ts';
import type { ActiveAuthority } from '../authorities/authority-directory.ts';
import { isDestroyed, isLost } from '../authorities/stand-in-signers.ts';
import { type BuildCrlDeps, buildCrl, openShelf, type Shelf } from './build-crl.ts';
import type { PublishedCrl } from './published-crl.ts';
import type { RevocationNews } from './revocation-news.ts';

export interface PublishCrlDeps extends BuildCrlDeps {
  readonly news: RevocationNews;
  readonly log: Log;
}

export interface CrlPublisher {
  /** The list to serve now, of a generation by its id; builds one when there is none or the last is past half its life. */
  current(generation: string): Promise<PublishedCrl>;
  /** The last list, even one that has ended while nothing could sign the next; undefined where there never was one. */
  latest(generation: string): Promise<PublishedCrl | undefined>;
  /** Signs the last list of a generation: good until `nextUpdate` (Unix seconds), and never replaced once it is retired. */
  publishLast(generation: string, nextUpdate: number): Promise<void>;
  /** Rebuilds what revocations made stale and what its schedule makes due; failures are tried again, and logged when their reason is new. */
  refreshDue(): Promise<void>;
  /** Generations whose list is past half its life or could not be built, with the reason. */
  problems(): readonly string[];
  /** Generations whose list is past half its life. */
  lateAuthorities(): readonly string[];
}

const cannotSign: ReadonlySet<CaErrorCode> = new Set(['signerUnavailable', 'clockUnsafe']);

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

  const build = async (name: string, shelf: Shelf, nextUpdate?: number): Promise<PublishedCrl> => {
    const { failure } = shelf;
    const published = await buildCrl(deps, name, shelf, nextUpdate);
    if (failure !== undefined) deps.log.info({ authority: name }, 'the CRL is published again');
    return published;
  };

  const rebuild = (name: string, shelf: Shelf, nextUpdate?: number): Promise<PublishedCrl> => {
    shelf.building ??= build(name, shelf, nextUpdate)
      .catch((error: unknown) => {
        const failure = error instanceof Error ? error.message : 'unknown failure';
        // Each second it is tried again: a key that is lost would fill the log with one sentence. Readiness goes on saying it.
        if (shelf.failure !== failure)
          deps.log.error({ err: error, authority: name }, 'the CRL could not be published; trying again each second');
        shelf.failure = failure;
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

  const shelfFor = async (issuer: ActiveAuthority): Promise<Shelf> => {
    const shelf = await shelfOf(issuer.id);
    shelf.issuerEnds = issuer.certificate.notAfter;
    shelf.isLast = shelf.hasLast || isOver(issuer);
    return shelf;
  };

  const current = async (generation: string): Promise<PublishedCrl> => {
    const shelf = await shelfFor(await deps.directory.generation(generation));
    const { published } = shelf;
    if (published && (shelf.isLast || !isPast(1 / 2, shelf, published))) return published;
    try {
      return await rebuild(generation, shelf);
    } catch (error) {
      // A list that is still valid beats none while the signer is away; readiness names it.
      if (shelf.published && nowSeconds() < shelf.published.nextUpdate) return shelf.published;
      throw error;
    }
  };

  return {
    current,
    async latest(generation) {
      try {
        return await current(generation);
      } catch (error) {
        // Readiness tells what keeps the next list from being made; who looks at all lists wants to see the others.
        const last = shelves.get(generation)?.published;
        if (last || (error instanceof CaError && cannotSign.has(error.code))) return last;
        throw error;
      }
    },
    async publishLast(generation, nextUpdate) {
      const shelf = await shelfOf(generation);
      while (shelf.building) await shelf.building.catch(() => undefined);
      // Once more for what was revoked while it was made: no later list has it.
      do await rebuild(generation, shelf, nextUpdate);
      while (shelf.stale);
      shelf.hasLast = true;
    },
    async refreshDue() {
      const live = await deps.directory.generations();
      // Of one that was abandoned nobody waits for a list.
      const ids = new Set(live.map(({ id }) => id));
      for (const [id, shelf] of shelves) if (!ids.has(id)) shelf.isLast = true;
      for (const issuer of live) {
        const shelf = await shelfFor(issuer);
        if (!shelf.isLast && isDue(shelf)) await rebuild(issuer.id, shelf).catch(() => undefined);
      }
    },
    lateAuthorities: () => [...shelves].filter(([, shelf]) => isLate(shelf)).map(([name]) => name),
    problems() {
      const late = [...shelves].filter(([, shelf]) => isLate(shelf) || (!shelf.isLast && shelf.failure));
      return late.map(([name, { failure }]) => `${name}: ${failure ?? 'past half its life'}`);
    },
  };
}

/**
 * Nothing signs for it any more: it is abandoned, retired to the end, or compromised and without its key. One whose retirement was
 * cut short before its last list goes on with lists of the usual life.
 */
const isOver = ({ generation, signer }: ActiveAuthority): boolean =>
  generation.phase === 'abandoned' ||
  (generation.phase === 'retired' && (generation.responder !== null || isDestroyed(signer))) ||
  (generation.isCompromised && isLost(signer));
