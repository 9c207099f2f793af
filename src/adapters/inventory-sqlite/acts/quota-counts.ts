/** How many certificates each product has had of its quota: counted once from the inventory, then kept in step in memory. */
import type { CertificateDetails } from '../../../domain/records/certificate.ts';
import type { IntentOutcome, IssuanceIntent } from '../../../ports/inventory.ts';
import type { Statements } from '../lazy-statements.ts';

/** Through the index by owner and time of request; what was never signed is no certificate. */
export const countOfOwner = `SELECT count(*) FROM certificates WHERE owner = ? AND requested_at >= ?
  AND +purpose = 'product' AND NOT (state = 'revoked' AND issued_at IS NULL)`;

/** Products counted at a time; one more, and all are counted anew when they come. */
const maximumKept = 10_000;

type Owned = Pick<CertificateDetails, 'owner' | 'purpose' | 'requestedAt'>;

export interface QuotaCounts {
  refusal(intent: Pick<IssuanceIntent, 'certificate' | 'quota'>): IntentOutcome | undefined;
  add(certificate: Owned): void;
  giveBack(certificate: Owned): void;
  /** The transaction that was counted in was rolled back, or another connection has written. */
  forget(): void;
}

export function quotaCounts(connection: Statements): QuotaCounts {
  const count = connection.prepare<[string, number], number>(countOfOwner).pluck();
  const kept = new Map<string, { readonly since: number; certificates: number }>();

  const countedOf = (owner: string, since: number) => {
    const known = kept.get(owner);
    if (known?.since === since) return known;
    if (kept.size >= maximumKept) kept.clear();
    const counted = { since, certificates: count.get(owner, since)! };
    kept.set(owner, counted);
    return counted;
  };
  const change = ({ owner, purpose, requestedAt }: Owned, by: 1 | -1): void => {
    const known = purpose === 'product' ? kept.get(owner) : undefined;
    if (known && requestedAt >= known.since) known.certificates += by;
  };

  return {
    refusal({ certificate, quota }) {
      if (!quota) return undefined;
      const { certificates } = countedOf(certificate.owner, quota.since);
      return certificates >= quota.certificates ? { kind: 'quotaUsedUp' } : undefined;
    },
    add: (certificate) => change(certificate, 1),
    giveBack: (certificate) => change(certificate, -1),
    forget: () => kept.clear(),
  };
}
