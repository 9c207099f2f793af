/** Pages through the inventory, or streams it: what the caller may see, in an order that stays while certificates are issued. */
import { printable } from '../../domain/policy/printable.ts';
import { searchedName, searchedNameRule } from '../../domain/policy/searched-name.ts';
import { refuse } from '../../domain/refusal.ts';
import { parseSerial } from '../../domain/x509/serial.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { CertificateFilter, CertificateQuery } from '../../ports/inventory-questions.ts';
import type { Caller } from '../caller.ts';
import type { ListInput, Services } from '../services.ts';
import { refuseContradictions } from './contradictory-filters.ts';
import { createGiveWay } from './give-way.ts';
import type { CursorsFor } from './page-cursors.ts';
import { refuseUnknown } from './unknown-filters.ts';

/** Where a page ended, and the Unix second at which all pages are judged. */
type Cursor = readonly [sortValue: number | string, serial: string, now: number];

export interface ListDeps {
  readonly cursorsFor: CursorsFor;
  readonly inventory: Inventory;
  readonly clock: Clock;
}

type ListServices = Pick<Services, 'listCertificates' | 'exportCertificates' | 'summarizeInventory' | 'countExpiring'>;

export function createListServices(deps: ListDeps): ListServices {
  const { inventory } = deps;
  const clockSeconds = (): number => Math.floor(deps.clock.now() / 1000);

  return {
    async listCertificates(caller, { cursor, count, limit, sort, ...asked }, form) {
      const filter = visibleTo(caller, asked);
      const cursors = await deps.cursorsFor('certificates', { ...filter, sort });
      const opened = cursor === undefined ? undefined : (cursors.open(cursor) as Cursor);
      const now = opened?.[2] ?? clockSeconds();
      refuseContradictions(filter, now);
      await refuseUnknown(inventory, filter);
      const after = opened && { sortValue: opened[0], serial: opened[1] };
      const [{ text, more, last }, counted] = await Promise.all([
        inventory.renderCertificates({ ...filter, sort, limit, now, ...(after && { after }) }, form),
        count ? inventory.countMatches(filter, now) : undefined,
      ]);
      const end: Cursor | null = more && last ? [last.sortValue, last.serial, now] : null;
      return { text, nextCursor: end && cursors.seal(end), ...(counted && { count: counted }) };
    },

    async exportCertificates(caller, { limit, sort, ...asked }, form) {
      const now = clockSeconds();
      const filter = visibleTo(caller, asked);
      refuseContradictions(filter, now);
      await refuseUnknown(inventory, filter);
      const query = { ...filter, sort, now };
      // Refusals come with the first page, while there is still a status to give.
      const first = await inventory.renderCertificates({ ...query, limit: Math.min(limit, exportedPage) }, form);
      return renderedText({ inventory, giveWay: createGiveWay(deps), query, form, first, limit });
    },

    async countExpiring({ days, ...only }) {
      await refuseUnknown(inventory, { environment: only.environment, owner: only.product });
      const now = clockSeconds();
      const until = now - (now % daySeconds) + (days + 1) * daySeconds;
      return { now, until, ...(await inventory.expiring({ ...only, now, until })) };
    },

    async summarizeInventory(environment) {
      await refuseUnknown(inventory, { environment });
      return inventory.summary(clockSeconds(), environment);
    },
  };
}

/** Products see their own, and are told so when they ask for another's. */
function visibleTo(caller: Caller, asked: Omit<ListInput, 'cursor' | 'limit' | 'sort' | 'count'>): CertificateFilter {
  const filter = {
    ...asked,
    ...(asked.serial !== undefined && { serial: serialOf(asked.serial, 'serial') }),
    ...(asked.issuerSerial !== undefined && { issuerSerial: serialOf(asked.issuerSerial, 'issuer') }),
    ...(asked.name !== undefined && { name: nameOf(asked.name) }),
  };
  if (caller.kind === 'operator') return filter;
  const asksForOwn = filter.owner === undefined || [filter.owner].flat().every((owner) => owner === caller.product);
  if (!asksForOwn) {
    const message = `This credential is of ${caller.product} and sees no other product’s certificates.`;
    refuse([{ code: 'certificateOfAnother', field: 'product', message }]);
  }
  return { ...filter, purpose: 'product', owner: caller.product };
}

function serialOf(text: string, field: string): string {
  const serial = parseSerial(text);
  if (serial === undefined) refuse([{ code: 'invalidField', field, message: 'is no serial number in hexadecimal' }]);
  return serial;
}

function nameOf(text: string): string {
  const name = searchedName(text);
  if (name === undefined) refuse([{ code: 'invalidField', field: 'name', message: noName, value: printable(text) }]);
  return name;
}

const noName = `name ${searchedNameRule}: a certificate has no other.`;

const daySeconds = 86_400;

/** Large enough to keep the searching thread busy, small enough to let others in between. */
const exportedPage = 500;

interface Export {
  readonly inventory: Inventory;
  readonly giveWay: ReturnType<typeof createGiveWay>;
  readonly query: Omit<CertificateQuery, 'limit' | 'after'>;
  readonly form: string;
  readonly first: Awaited<ReturnType<Inventory['renderCertificates']>>;
  readonly limit: number;
}

/**
 * The next page is made while this one is sent, and no further ahead. Its memory is that of the page before the last, which has
 * left: pages are larger than what a stream buffers, so it asks for one only when the last but one is gone. With memory of their
 * own, a million certificates would be a gigabyte for the garbage collector, which lets a tenth of that gather.
 */
async function* renderedText({ inventory, giveWay, query, form, first, limit }: Export): AsyncGenerator<Uint8Array> {
  const asked: ArrayBuffer[] = [];
  let left = limit;
  const pageAfter = ({ last, more }: Export['first']): Promise<Export['first']> | undefined => {
    if (last === null || left === 0 || !more) return undefined;
    const rest = { ...query, after: last, limit: Math.min(left, exportedPage) };
    const memory = asked.length > 1 ? asked.shift() : undefined;
    const page = giveWay(() => inventory.renderCertificates(rest, form, memory));
    // It is awaited below, unless the reader goes away first.
    page.catch(() => undefined);
    return page;
  };
  for (let page: Export['first'] | undefined = first; page; ) {
    left -= page.count;
    const next = pageAfter(page);
    if (page.count > 0) yield page.text;
    asked.push(page.text.buffer);
    page = await next;
  }
}
