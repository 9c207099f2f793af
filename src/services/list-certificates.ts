/** Pages through the inventory with opaque cursors that only this service can have made. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CaError } from '../domain/errors.ts';
import type { CertificateRecord } from '../domain/records/certificate.ts';
import type { Clock } from '../ports/clock.ts';
import type { CertificateQuery, Inventory } from '../ports/inventory.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Caller } from './caller.ts';
import type { CertificatePage, ListInput } from './services.ts';

export interface ListDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

type Position = NonNullable<CertificateQuery['after']>;

export function createListCertificates(deps: ListDeps): (caller: Caller, input: ListInput) => Promise<CertificatePage> {
  let key: Promise<Buffer> | undefined;
  const cursorKey = (): Promise<Buffer> => (key ??= loadCursorKey(deps));

  return async (caller, input) => {
    const { cursor, ...filters } = input;
    const own = caller.kind === 'operator' ? {} : ({ purpose: 'product', owner: caller.product } as const);
    const query = { ...filters, ...own };
    const binding = await cursorBinding(query, cursorKey());
    const after = cursor === undefined ? undefined : openCursor(cursor, binding);
    const now = Math.floor(deps.clock.now() / 1000);
    // One more than asked for tells whether there is a next page.
    const rows = await deps.inventory.searchCertificates({
      ...query,
      ...(after && { after }),
      limit: query.limit + 1,
      now,
    });
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > items.length && last ? sealCursor(positionOf(last, query.sort), binding) : null,
    };
  };
}

const positionOf = (record: CertificateRecord, sort: CertificateQuery['sort']): Position => ({
  sortValue: sort.endsWith('notAfter') ? record.notAfter : record.requestedAt,
  serial: record.serial,
});

/** The key that authenticates a cursor of this very query: one cannot be used with other filters. */
async function cursorBinding(query: Omit<ListInput, 'cursor'>, key: Promise<Buffer>): Promise<Buffer> {
  const { limit: _limit, ...filters } = query;
  return createHmac('sha256', await key)
    .update(JSON.stringify(Object.entries(filters).sort()))
    .digest();
}

function sealCursor(position: Position, binding: Buffer): string {
  const body = Buffer.from(JSON.stringify([position.sortValue, position.serial]));
  return Buffer.concat([macOf(body, binding), body]).toString('base64url');
}

const macOctets = 16;
const macOf = (body: Uint8Array, binding: Buffer): Buffer =>
  createHmac('sha256', binding).update(body).digest().subarray(0, macOctets);

function openCursor(cursor: string, binding: Buffer): Position {
  const raw = Buffer.from(cursor, 'base64url');
  const body = raw.subarray(macOctets);
  if (raw.length <= macOctets || !timingSafeEqual(raw.subarray(0, macOctets), macOf(body, binding))) {
    throw new CaError('malformed', 'The cursor is not one of this list. Start again without a cursor.', {
      reasons: [{ code: 'invalidField', field: 'cursor', message: 'is not a cursor of this list with these filters' }],
    });
  }
  const [sortValue, serial] = JSON.parse(body.toString()) as [number, string];
  return { sortValue, serial };
}

/** Made once and kept in the inventory, so that cursors outlive a restart and hold on every replica. */
async function loadCursorKey(deps: ListDeps): Promise<Buffer> {
  const kept = await deps.inventory.setting('cursorKey');
  if (kept) return Buffer.from(kept, 'hex');
  const made = Buffer.from(deps.randomness.bytes(32));
  await deps.inventory.setSetting('cursorKey', made.toString('hex'));
  return made;
}
