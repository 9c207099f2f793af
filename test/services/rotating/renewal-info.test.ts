/** Renewal information is kept ready for a fleet, for a minute at most, and never over what has changed. */
import { describe, expect, it } from 'vitest';
import type { CertificateRecord } from '../../../src/domain/records/certificate.ts';
import { createRevocationNews } from '../../../src/services/revoking/revocation-news.ts';
import { createRenewalInfos } from '../../../src/services/rotating/renewal-info.ts';
import { makeRecord } from '../../support/services-double.ts';

function opened() {
  const time = { ms: 0 };
  const news = createRevocationNews();
  const rows = new Map<string, Partial<CertificateRecord>>();
  let reads = 0;
  let gate: Promise<void> = Promise.resolve();
  const inventory = {
    async certificate(serial: string) {
      reads += 1;
      const row = makeRecord({ serial, ...rows.get(serial) });
      await gate;
      return row;
    },
    campaignTurns: async () => [],
  };
  const infos = createRenewalInfos({ inventory, clock: { monotonic: () => time.ms }, news });
  return {
    ...{ infos, news, rows, time, reads: () => reads },
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

  it('does not keep what was read while something changed', async () => {
    const { infos, news, rows, hold } = opened();
    const serial = serialOf(1);
    let letGo = (): void => {};
    hold(
      new Promise((resolve) => {
        letGo = resolve;
      }),
    );
    const reading = infos.find(serial);
    rows.set(serial, { revocation: { at: 1, reason: 'keyCompromise' } });
    news.announce({ serial, authority: 'dev-issuing', revoked: true });
    letGo();
    expect((await reading).reason).toBe('lifetime');
    expect((await infos.find(serial)).reason).toBe('revoked');
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
