/** Opaque cursors that only this service can have made, each good for the one list and filters that it came from. */
import { createHmac, timingSafeEqual } from 'node:crypto';
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
  let key: Promise<Buffer> | undefined;
  const load = (): Promise<Buffer> =>
    loadCursorKey(deps).catch((error: unknown) => {
      // A failure is not kept: the inventory may be back at the next try.
      key = undefined;
      throw error;
    });
  return async (list, filters) => {
    key ??= load();
    const bound = JSON.stringify([list, Object.entries(filters).sort()]);
    const binding = createHmac('sha256', await key)
      .update(bound)
      .digest();
    return { seal: (position) => sealCursor(position, binding), open: (cursor) => openCursor(cursor, binding) };
  };
}

const macOctets = 16;
const macOf = (body: Uint8Array, binding: Buffer): Buffer =>
  createHmac('sha256', binding).update(body).digest().subarray(0, macOctets);

function sealCursor(position: unknown, binding: Buffer): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([macOf(body, binding), body]).toString('base64url');
}

function openCursor(cursor: string, binding: Buffer): unknown {
  const raw = Buffer.from(cursor, 'base64url');
  const body = raw.subarray(macOctets);
  if (raw.length <= macOctets || !timingSafeEqual(raw.subarray(0, macOctets), macOf(body, binding))) {
    throw new CaError('malformed', 'The cursor is not one of this list. Start again without a cursor.', {
      reasons: [{ code: 'invalidField', field: 'cursor', message: 'is not a cursor of this list with these filters' }],
    });
  }
  return JSON.parse(body.toString());
}

/** Made once and kept in the inventory, so that cursors outlive a restart and hold on every replica. */
async function loadCursorKey(deps: PageCursorsDeps): Promise<Buffer> {
  const kept = await deps.inventory.setting('cursorKey');
  if (kept) return Buffer.from(kept, 'hex');
  const made = Buffer.from(deps.randomness.bytes(32));
  await deps.inventory.setSetting('cursorKey', made.toString('hex'));
  return made;
}
