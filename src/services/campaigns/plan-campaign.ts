/** What a campaign would come to: how many certificates of which products, and how many rotations an hour. */
import { renewalWindow } from '../../domain/policy/renewal-window.ts';
import type { CampaignFilter, CampaignOrder, CampaignTurn } from '../../domain/records/campaign.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { CertificateQuery } from '../../ports/inventory-questions.ts';
import { productCounts } from '../inventory/product-counts.ts';
import { everyCertificate } from '../inventory/read-all.ts';
import type { CampaignPlan } from './campaign-views.ts';

/** More are several campaigns: each of them can be paused. */
const mostMembers = 500_000;

/**
 * The certificates that a campaign is about: those of products that are good, or on hold, and that nothing has followed yet. One
 * on hold is good again once it is released, which may be after all others were revoked. `now` in Unix seconds.
 */
export const memberQuery = (filter: CampaignFilter, now: number): Omit<CertificateQuery, 'limit' | 'after'> => ({
  ...filter,
  purpose: 'product',
  isRevocable: true,
  successor: 'none',
  sort: 'requestedAt',
  now,
});

/** Reads all that match, a page at a time. Refuses a filter that nothing matches, and one that too many do. */
export async function planCampaign(
  inventory: Pick<Inventory, 'searchCertificates'>,
  order: CampaignOrder,
  now: number,
): Promise<CampaignPlan> {
  const products = new Map<string, number>();
  const hours = new Map<number, number>();
  let position = 0;
  for await (const record of everyCertificate(inventory, memberQuery(order.filter, now))) {
    position += 1;
    if (position > mostMembers) refuseSize();
    products.set(record.owner, (products.get(record.owner) ?? 0) + 1);
    const hour = hourOf(record, { status: 'running', position, spreadFrom: now, rotateBy: order.rotateBy }, now);
    hours.set(hour, (hours.get(hour) ?? 0) + 1);
  }
  if (position === 0) refuseNothing();
  return {
    ...order,
    at: now,
    certificates: position,
    products: productCounts(products),
    load: loadOf(hours, now, order.rotateBy),
    mostPerHour: [...hours.values()].reduce((most, count) => Math.max(most, count), 0),
  };
}

const hourSeconds = 3600;

/** Hours from now in which it is rotated: in the middle of its window, or at once. */
function hourOf(record: CertificateRecord, turn: CampaignTurn, now: number): number {
  const { start, end } = renewalWindow(record, [turn]);
  return Math.floor(Math.max((start + end) / 2 - now, 0) / hourSeconds);
}

/** Bars enough to see the shape, few enough to be read. */
const mostBars = 24;

function loadOf(hours: ReadonlyMap<number, number>, now: number, rotateBy: number): CampaignPlan['load'] {
  const total = Math.ceil((rotateBy - now) / hourSeconds);
  const width = Math.ceil(total / mostBars);
  const load = Array.from({ length: Math.ceil(total / width) }, (_, index) => ({
    from: now + index * width * hourSeconds,
    until: Math.min(now + (index + 1) * width * hourSeconds, rotateBy),
    rotations: 0,
  }));
  // Over the hours in which something rotates: of those until a far deadline there is no end.
  for (const [hour, count] of hours) {
    const bar = load[Math.floor(hour / width)];
    if (bar) bar.rotations += count;
  }
  return load;
}

function refuseNothing(): never {
  const message = 'No certificate matches that is good or on hold, a product’s, and not followed by another.';
  return refuse([{ code: 'campaignWithoutMembers', field: 'filter', message }]);
}

function refuseSize(): never {
  const message = `More than ${mostMembers} certificates match. Narrow the filter, and start several campaigns.`;
  return refuse([{ code: 'campaignTooLarge', field: 'filter', message }]);
}
