/** The members of a campaign, one by one, for the search thread: a filter that few meet passes by all others. */
import type { CampaignMember, MemberFailure } from '../../../domain/records/campaign.ts';
import { listedName } from '../../../domain/records/certificate.ts';
import type { MemberQuery } from '../../../ports/campaign-store.ts';
import type { Connection } from '../connection.ts';
import { splitNames } from '../rows/certificate-row.ts';

/** By position along the table's key; each row that counts is one look-up more. */
const members = `SELECT m.position, lower(hex(m.serial)) AS serial, m.product, m.state, m.failure,
    coalesce(c.names, a.names) AS names, coalesce(c.subject, a.subject) AS subject,
    coalesce(c.not_after, a.not_after) AS notAfter, lower(hex(coalesce(c.successor, a.successor))) AS successor
  FROM campaign_members AS m LEFT JOIN certificates AS c ON c.serial = m.serial
    LEFT JOIN archived_certificates AS a ON c.serial IS NULL AND a.serial = m.serial
  WHERE m.campaign = :campaign AND m.position > :after
    AND (:states IS NULL OR m.state IN (SELECT value FROM json_each(:states)))
    AND (:products IS NULL OR m.product IN (SELECT value FROM json_each(:products)))
  ORDER BY m.position LIMIT :limit`;

interface MemberRow extends Omit<CampaignMember, 'failure' | 'name'> {
  readonly failure: MemberFailure | '';
  readonly names: string;
  readonly subject: string;
}

export function memberSearch(connection: Connection): (query: MemberQuery) => readonly CampaignMember[] {
  const select = connection.prepare<[Readonly<Record<string, unknown>>], MemberRow>(members);
  return ({ campaign, states, products, after = 0, limit }) =>
    select.all({ campaign, after, limit, states: listOrNull(states), products: listOrNull(products) }).map(memberOf);
}

const listOrNull = (values: readonly string[] | undefined): string | null =>
  values === undefined ? null : JSON.stringify(values);

const memberOf = ({ names, subject, failure, successor, ...row }: MemberRow): CampaignMember => ({
  ...row,
  name: listedName({ names: splitNames(names), subject }),
  failure: failure || null,
  successor: successor || null,
});
