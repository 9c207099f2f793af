/** Campaigns in the words of the contract: what was asked for, so that it can be asked for again. */
import { describe, expect, it } from 'vitest';
import type { CampaignFilter } from '../../../../src/domain/records/campaign.ts';
import { campaignJson } from '../../../../src/faces/http/json/campaign-json.ts';
import { testCampaign } from '../../../support/campaigns-double.ts';

const progress = { waiting: 4, overdue: 0, rotated: 3, proved: 2, failed: 1 };
const shown = (override: Parameters<typeof testCampaign>[0]) =>
  campaignJson({ campaign: testCampaign(override), progress });
const second = Date.UTC(2026, 11, 1) / 1000;

describe('a campaign', () => {
  it('says each filter as the query of certificates does, one value alone and several as a list', () => {
    const filter: Required<CampaignFilter> = {
      environment: ['dev'],
      owner: ['dev/a', 'dev/b'],
      profile: ['server'],
      authority: ['dev-issuing', 'dev-root'],
      issuerSerial: '01ab',
      name: '*.dev.internal',
      keySha256: 'ab'.repeat(32),
      notAfterBefore: second,
      notAfterAfter: second + 1,
      issuedBefore: second + 2,
      issuedAfter: second + 3,
      requestedBy: 'token:t1',
      text: 'demo',
    };
    expect(shown({ filter }).filter).toEqual({
      environment: 'dev',
      product: ['dev/a', 'dev/b'],
      profile: 'server',
      authority: ['dev-issuing', 'dev-root'],
      issuer: '01ab',
      name: '*.dev.internal',
      key: 'ab'.repeat(32),
      'notAfter.before': '2026-12-01T00:00:00Z',
      'notAfter.after': '2026-12-01T00:00:01Z',
      'issued.before': '2026-12-01T00:00:02Z',
      'issued.after': '2026-12-01T00:00:03Z',
      requestedBy: 'token:t1',
      q: 'demo',
    });
  });

  it('has no filter that was not given', () => {
    expect(Object.keys(shown({ filter: { environment: ['dev'] } }).filter)).toEqual(['environment']);
  });

  it('says when it ended and when it revokes, where it did and does', () => {
    expect(shown({ revokeAt: null, endedAt: null })).toMatchObject({ revokeAt: null, endedAt: null });
    expect(shown({ revokeAt: second, endedAt: second * 1000 + 7 })).toMatchObject({
      revokeAt: '2026-12-01T00:00:00Z',
      endedAt: '2026-12-01T00:00:00.007Z',
    });
  });
});
