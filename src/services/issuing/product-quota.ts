/** How many certificates a product may have on one day (UTC), whoever asks for them. */
import { CaError } from '../../domain/errors.ts';
import type { IssuanceIntent } from '../../ports/inventory.ts';

const dayMs = 86_400_000;

/** What an intent at Unix millisecond `now` is held against; nothing for 0, which means that there is no quota. */
export const quotaOf = (certificates: number, now: number): Pick<IssuanceIntent, 'quota'> =>
  certificates === 0 ? {} : { quota: { certificates, since: now - (now % dayMs) } };

export const quotaUsedUp = (now: number): CaError =>
  new CaError(
    'rateLimited',
    'The product has had all of today’s certificates (UTC). It may still rotate those it has; ask an operator for more.',
    { retryAfterSeconds: Math.ceil((dayMs - (now % dayMs)) / 1000) },
  );
