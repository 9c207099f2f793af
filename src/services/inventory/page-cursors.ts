/** Opaque cursors that only this service can have made, each good for the one list and filters that it came from. */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { CaError } from '../../domain/errors.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';

/** Positions are small JSON values. */
export interface PageCursors {
  seal(position: unknown): string;
  /** CaError `malformed` for text that `seal` did not make with the same filters. */
  open(cursor: string): unknown;
}

export interface PageCursorsDeps {
  readonly inventory: Pick<Inventory, 'setting' | 'setSetting'>;
  readonly randomness: Randomness;
}

/** Resolves to the cursors of one query; `list` and everything in `filters` decide what they are good for. */
export type CursorsFor = (list: string, filters: Readonly<Record<string, unknown>>) => Promise<PageCursors>;

export function createCursorsFor(deps: PageCursorsDeps): CursorsFor {
  let key: Promise<KeyObject> | undefined;
  const load = (): Promise<KeyObject> =>
    loadCursorKey(deps).catch((error: unknown) => {
      // A failure is not kept: the inventory may be back at the next try.
      key = undefined;
      throw error;
    });
  return async (list, filters) => {
    key ??= load();
    const loaded = await key;
    // 32 octets before those of the position, so that nobody can move the border between the two.
    const binding = hash('sha256', JSON.stringify([list, Object.entries(filters).sort()]), 'buffer');
    const macOf: Mac = (body) =>
      createHmac('sha256', loaded).update(binding).update(body).digest().subarray(0, macOctets);
    return { seal: (position) => sealCursor(position, macOf), open: (cursor) => openCursor(cursor, macOf) };
  };
}

const macOctets = 16;
type Mac = (body: Uint8Array) => Buffer;

function sealCursor(position: unknown, macOf: Mac): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([macOf(body), body]).toString('base64url');
}

function openCursor(cursor: string, macOf: Mac): unknown {
  const raw = Buffer.from(cursor, 'base64url');
  const body = raw.subarray(macOctets);
  if (raw.length <= macOctets || !timingSafeEqual(raw.subarray(0, macOctets), macOf(body))) {
    throw new CaError('malformed', 'The cursor is not one of this list. Start again without a cursor.', {
      reasons: [{ code: 'invalidField', field: 'cursor', message: 'is not a cursor of this list with these filters' }],
    });
  }
  return JSON.parse(body.toString());
}

/** Made once and kept in the inventory, so that cursors outlive a restart and hold on every replica. */
async function loadCursorKey(deps: PageCursorsDeps): Promise<KeyObject> {
  const kept = await deps.inventory.setting('cursorKey');
  const made = Buffer.from(deps.randomness.bytes(32));
  if (!kept) await deps.inventory.setSetting('cursorKey', made.toString('hex'));
  // As a KeyObject: for a Buffer, createHmac of Node 24 makes an exception each time, which takes 30 us.
  return createSecretKey(kept ? Buffer.from(kept, 'hex') : made);
}
