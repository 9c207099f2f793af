/** Builds the CRL of one generation of an authority (RFC 5280 §5), guards it against what may not vanish, and records it. */
import { CaError } from '../../domain/errors.ts';
import { encodeCrlEntry, encodeTbsCertList } from '../../domain/x509/crl.ts';
import { parseCrl } from '../../domain/x509/read-crl.ts';
import { assembleSigned } from '../../domain/x509/signed.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { CrlRecord, RevokedEntry } from '../../ports/revocation-store.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { type PublishedCrl, publishedOf } from './published-crl.ts';

export interface BuildCrlDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
  /** nextUpdate - thisUpdate of each list. */
  readonly crlLifetimeSeconds: number;
}

/** What is kept of one generation's list between builds. */
export interface Shelf {
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

/** `record`: the newest list, undefined before the first. */
export function openShelf(record: CrlRecord | undefined): Shelf {
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

/** `nextUpdate` in Unix seconds, of a last list. Rejects, and the shelf stays stale, when one cannot be made. */
export async function buildCrl(
  deps: BuildCrlDeps,
  name: string,
  shelf: Shelf,
  nextUpdate?: number,
): Promise<PublishedCrl> {
  deps.clock.assertSafe();
  const issuer = await deps.directory.generation(name);
  shelf.stale = false;
  try {
    const thisUpdate = Math.floor(deps.clock.now() / 1000);
    const entries = await entriesNow(deps, name, shelf, thisUpdate);
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

/** What is to be on the list. Never publish one from which an unexpired entry vanished, unless its hold was released. */
async function entriesNow(
  deps: BuildCrlDeps,
  name: string,
  shelf: Shelf,
  thisUpdate: number,
): Promise<readonly RevokedEntry[]> {
  // RFC 5280 §3.3: an entry stays until it was on one scheduled list after its certificate expired, however long no list was made.
  const unexpiredAt = Math.min(thisUpdate - deps.crlLifetimeSeconds, shelf.published?.thisUpdate ?? thisUpdate);
  const read = () => deps.inventory.revokedEntries(name, unexpiredAt);
  const entries = await read();
  if ((await vanishedFrom(deps, shelf, entries, thisUpdate)) === undefined) return entries;
  // One that was released when they were read, and was held again before it was looked for, is there now.
  const again = await read();
  const serial = await vanishedFrom(deps, shelf, again, thisUpdate);
  if (serial === undefined) return again;
  throw new CaError(
    'conflict',
    `The revoked certificate ${serial} vanished from the inventory; the list is not published.`,
  );
}

async function vanishedFrom(
  { inventory }: BuildCrlDeps,
  { listed }: Shelf,
  entries: readonly RevokedEntry[],
  thisUpdate: number,
): Promise<string | undefined> {
  const present = new Set(entries.map(({ serial }) => serial));
  for (const [serial, notAfter] of listed) {
    if (present.has(serial) || notAfter < thisUpdate) continue;
    const record = await inventory.certificate(serial);
    const isReleased = record?.state === 'issued';
    if (!isReleased && (!record || record.notAfter >= thisUpdate)) return serial;
  }
  return undefined;
}
