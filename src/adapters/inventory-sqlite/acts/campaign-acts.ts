/** Acts on campaigns: their members are recorded in steps, and are revoked in steps when their time has come. */
import type { Campaign } from '../../../domain/records/campaign.ts';
import type { CampaignStore } from '../../../ports/campaign-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { type CampaignRow, campaignLookUps, campaignOf } from '../reads/campaign-reads.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { certificateStates } from './certificate-states.ts';

type CampaignActs = Pick<Acts, Extract<keyof CampaignStore, keyof Acts>>;

/** See the port; what becomes of members when certificates change is written by the schema's triggers. */
export function campaignActs(connection: Statements, audit: AuditChain): CampaignActs {
  const select = connection.prepare<[string], CampaignRow>(campaignLookUps.campaign);
  const find = (id: string): Campaign | undefined => {
    const row = select.get(id);
    return row && campaignOf(row);
  };
  return {
    ...collecting(connection, audit, find),
    ...changing(connection, audit, find),
    ...revoking(connection, audit),
  };
}

type Find = (id: string) => Campaign | undefined;

function collecting(
  connection: Statements,
  audit: AuditChain,
  find: Find,
): Pick<CampaignActs, 'createCampaign' | 'recordMembers'> {
  const insert = connection.prepare(
    `INSERT INTO campaigns (id, status, filter, description, rotate_by, revoke_at, spread_from, started_at, started_by,
       expected, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
  );
  // One that was rotated or revoked since it was found is no member any more.
  const addMember = connection.prepare(
    `INSERT OR IGNORE INTO campaign_members SELECT ?, ?, serial, ?, 'waiting', '', 0 FROM certificates
     WHERE serial = ? AND (state = 'issued' OR revocation_reason = 'certificateHold') AND successor IS NULL`,
  );
  const advance = connection.prepare(
    'UPDATE campaigns SET members = ?, collected_at = ?, collected_serial = ? WHERE id = ?',
  );
  const run = connection.prepare(
    `UPDATE campaigns SET status = 'running', members = ?, spread_from = max(spread_from, ?) WHERE id = ?`,
  );

  return {
    createCampaign(campaign, entry) {
      const { id, status, description, rotateBy, revokeAt, spreadFrom, startedAt, startedBy, expected } = campaign;
      const filter = JSON.stringify(campaign.filter);
      insert.run(id, status, filter, description, rotateBy, revokeAt, spreadFrom, startedAt, startedBy, expected);
      audit.append(entry);
    },

    recordMembers({ campaign: id, members, upTo, at, audit: entry }) {
      const campaign = find(id);
      if (campaign?.status !== 'collecting') return false;
      let last = campaign.members;
      for (const { serial, product } of members) {
        last += addMember.run(id, last + 1, product, serialOctets(serial)).changes;
      }
      if (upTo) {
        advance.run(last, upTo.sortValue, serialOctets(upTo.serial), id);
      } else {
        run.run(last, Math.floor(at / 1000), id);
        audit.append(entry);
      }
      return true;
    },
  };
}

function changing(
  connection: Statements,
  audit: AuditChain,
  find: Find,
): Pick<CampaignActs, 'changeCampaign' | 'endCampaign'> {
  const change = connection.prepare(
    `UPDATE campaigns SET status = ?, rotate_by = ?, revoke_at = ?, spread_from = ?, ended_at = ? WHERE id = ?`,
  );
  const isUndecided = connection
    .prepare<[string, string], number>(
      `SELECT EXISTS (SELECT 1 FROM campaign_counts WHERE campaign = ? AND state = 'waiting' AND certificates > 0) OR
         EXISTS (SELECT 1 FROM campaign_members JOIN campaigns AS c ON c.id = campaign
           WHERE campaign = ? AND is_done = 0 AND c.revoke_at IS NOT NULL)`,
    )
    .pluck();
  const end = connection.prepare(`UPDATE campaigns SET status = 'ended', ended_at = ? WHERE id = ?`);

  return {
    changeCampaign({ id, from, to, times, at, audit: entry }) {
      const campaign = find(id);
      if (!campaign) return { kind: 'notFound' };
      if (!from.includes(campaign.status)) return { kind: 'conflict', campaign };
      const { rotateBy, revokeAt, spreadFrom } = { ...campaign, ...times };
      change.run(to, rotateBy, revokeAt, spreadFrom, to === 'abandoned' ? at : null, id);
      audit.append(entry);
      return { kind: 'done', campaign: find(id)! };
    },

    endCampaign({ id, at, audit: entry }) {
      if (find(id)?.status !== 'running' || isUndecided.get(id, id) === 1) return false;
      end.run(at, id);
      audit.append(entry);
      return true;
    },
  };
}

function revoking(connection: Statements, audit: AuditChain): Pick<CampaignActs, 'revokeMember' | 'expireMembers'> {
  const states = certificateStates(connection);
  const isDue = connection
    .prepare<[string, Buffer, number], number>(
      `SELECT 1 FROM campaigns JOIN campaign_members ON campaign = id
       WHERE id = ? AND serial = ? AND is_done = 0 AND status = 'running' AND revoke_at <= ?`,
    )
    .pluck();
  const isKept = connection.prepare<[Buffer], number>('SELECT 1 FROM certificates WHERE serial = ?').pluck();
  const finish = connection.prepare(
    `UPDATE campaign_members SET is_done = 1, state = iif(state = 'waiting', 'failed', state),
       failure = iif(state = 'waiting', ?, failure) WHERE campaign = ? AND serial = ?`,
  );

  // One that is in the archive has expired.
  const expire = connection.prepare(
    `UPDATE campaign_members SET state = 'failed', failure = 'expired', is_done = 1
     WHERE campaign = ? AND position > ? AND position <= ? AND state = 'waiting' AND
       coalesce((SELECT not_after FROM certificates AS c WHERE c.serial = campaign_members.serial), 0) < ?`,
  );

  return {
    expireMembers({ campaign, after, count, at }) {
      expire.run(campaign, after, after + count, at);
    },

    revokeMember({ campaign, serial, at, audit: entry }) {
      if (isDue.get(campaign, serialOctets(serial), at) === undefined) return undefined;
      const record = isKept.get(serialOctets(serial)) === undefined ? undefined : states.find(serial);
      const isRevoked = record?.state === 'revoked' && record.revocation?.reason !== 'certificateHold';
      if (!record || isRevoked || record.notAfter < at) {
        finish.run(isRevoked ? 'revoked' : 'expired', campaign, serialOctets(serial));
        return undefined;
      }
      const revocation = { at, reason: 'superseded' } as const;
      states.revoke(serial, revocation);
      audit.append(entry);
      return { ...record, state: 'revoked', revocation };
    },
  };
}
