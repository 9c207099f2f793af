/** Renewal information is kept ready for a fleet, for a minute at most, and never over what has changed. */
import { describe, expect, it } from 'vitest';
import type { CampaignTurn } from '../../../src/domain/records/campaign.ts';
import type { CertificateRecord } from '../../../src/domain/records/certificate.ts';
import { createRevocationNews, type RevocationNews } from '../../../src/services/revoking/revocation-news.ts';
import { createRenewalInfos, type RenewalInfos } from '../../../src/services/rotating/renewal-info.ts';
import { codeOf } from '../../support/rejection.ts';
import { makeRecord } from '../../support/services-double.ts';

function opened() {
  const time = { ms: 0 };
  const news = createRevocationNews();
  const rows = new Map<string, Partial<CertificateRecord> | undefined>();
  const turns: CampaignTurn[] = [];
  let reads = 0;
  let gate: Promise<void> = Promise.resolve();
  const inventory = {
    async certificate(serial: string) {
      reads += 1;
      const row = rows.has(serial) && !rows.get(serial) ? undefined : makeRecord({ serial, ...rows.get(serial) });
      await gate;
      return row;
    },
    campaignTurns: async () => turns,
  };
  const infos = createRenewalInfos({ inventory, clock: { monotonic: () => time.ms }, news });
  return {
    ...{ infos, news, rows, turns, time, reads: () => reads },
    hold(until: Promise<void>) {
      gate = until;
    },
  };
}

const serialOf = (index: number): string => `01${index.toString(16).padStart(38, '0')}`;

describe('renewal information', () => {
  it('is read once, and the same object, for a minute', async () => {
    const { infos, time, reads } = opened();
    const first = await infos.find(serialOf(1));
    time.ms = 59_999;
    expect(await infos.find(serialOf(1))).toBe(first);
    expect(reads()).toBe(1);
    time.ms = 60_000;
    expect(await infos.find(serialOf(1))).toEqual(first);
    expect(reads()).toBe(2);
  });

  it('is read anew after a revocation, a rotation and a change of campaigns', async () => {
    const { infos, news, rows } = opened();
    const serial = serialOf(1);
    const reason = async () => (await infos.find(serial)).reason;
    expect(await reason()).toBe('lifetime');
    rows.set(serial, { successor: serialOf(2) });
    expect(await reason()).toBe('lifetime');
    infos.forget(serial);
    expect(await reason()).toBe('superseded');
    rows.set(serial, { revocation: { at: 1, reason: 'superseded' } });
    news.announce({ serial, authority: 'dev-issuing', revoked: true });
    expect(await reason()).toBe('revoked');
    rows.set(serial, {});
    infos.forgetAll();
    expect(await reason()).toBe('lifetime');
  });

  it('is asked again sooner while a certificate is on hold, for it may be released', async () => {
    const { infos, rows } = opened();
    rows.set(serialOf(2), { revocation: { at: 1, reason: 'certificateHold' } });
    const [good, held] = [await infos.find(serialOf(1)), await infos.find(serialOf(2))];
    expect(held.reason).toBe('held');
    expect(held.retryAfterSeconds).toBeLessThan(good.retryAfterSeconds);
  });

  it.each<[string, (infos: RenewalInfos, news: RevocationNews) => void]>([
    ['was revoked', (_infos, news) => news.announce({ serial: serialOf(1), authority: 'dev-issuing', revoked: true })],
    ['was rotated', (infos) => infos.forget(serialOf(1))],
    ['changed for all', (infos) => infos.forgetAll()],
  ])('does not keep what was read while something %s', async (_, change) => {
    const { infos, news, rows, hold } = opened();
    const serial = serialOf(1);
    const { promise, resolve: letGo } = Promise.withResolvers<void>();
    hold(promise);
    const reading = infos.find(serial);
    rows.set(serial, { revocation: { at: 1, reason: 'keyCompromise' } });
    change(infos, news);
    letGo();
    expect((await reading).reason).toBe('lifetime');
    expect((await infos.find(serial)).reason).toBe('revoked');
  });

  it('is of certificates of products that were issued, and of nothing else', async () => {
    const { infos, rows, reads } = opened();
    rows.set(serialOf(1), { purpose: 'operator' });
    rows.set(serialOf(2), { issuedAt: null });
    rows.set(serialOf(3), undefined);
    for (const index of [1, 2, 3])
      expect([index, await codeOf(infos.find(serialOf(index)))]).toEqual([index, 'notFound']);
    const before = reads();
    expect(await codeOf(infos.find('no serial'))).toBe('notFound');
    expect(reads()).toBe(before);
  });

  it('is asked again each hour, and every five minutes while a campaign may change it', async () => {
    const { infos, rows, turns } = opened();
    const again = async () => {
      infos.forgetAll();
      return (await infos.find(serialOf(1))).retryAfterSeconds;
    };
    expect(await again()).toBe(3600);
    const now = makeRecord().notBefore;
    for (const status of ['running', 'paused'] as const) {
      turns.splice(0, 1, { position: 1, status, spreadFrom: now, rotateBy: now + 60 });
      expect([status, await again()]).toEqual([status, 300]);
    }
    rows.set(serialOf(1), { successor: serialOf(2) });
    expect(await again()).toBe(3600);
  });

  it('is kept for a bounded number, the newest', async () => {
    const { infos, reads } = opened();
    const bound = 25_000;
    for (let index = 0; index <= bound; index++) await infos.find(serialOf(index));
    expect(reads()).toBe(bound + 1);
    await infos.find(serialOf(bound));
    await infos.find(serialOf(1));
    expect(reads()).toBe(bound + 1);
    await infos.find(serialOf(0));
    expect(reads()).toBe(bound + 2);
  });
});
